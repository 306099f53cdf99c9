/* SPDX-License-Identifier: MIT */
#include "store/sqlite/ballast.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/compiler.h"

#define BALLAST_FILE "secrets.ballast"

bool
sqlite_ballast_take(int dir) {
    /* To read as well: where the file system has no call for it, the C library looks at each block
     * of a file that is there already. */
    int fd = openat(dir, BALLAST_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    bool taken = posix_fallocate(fd, 0, SQLITE_BALLAST_SIZE) == 0;
    (void)close(fd);
    if (!taken) sqlite_ballast_give(dir);
    return taken;
}

void
sqlite_ballast_give(int dir) {
    (void)unlinkat(dir, BALLAST_FILE, 0);
}
