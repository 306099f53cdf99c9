/* SPDX-License-Identifier: MIT */
#include "store/sqlite/ballast.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/compiler.h"

#define BALLAST_FILE "secrets.ballast"

bool
sqlite_ballast_make(int dir) {
    /* Where the file system cannot allocate, the C library reads each block that is there. */
    int fd = openat(dir, BALLAST_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;

    bool made = posix_fallocate(fd, 0, SQLITE_BALLAST_SIZE) == 0;
    (void)close(fd);
    if (!made) sqlite_ballast_remove(dir);
    return made;
}

void
sqlite_ballast_remove(int dir) {
    (void)unlinkat(dir, BALLAST_FILE, 0);
}
