/* SPDX-License-Identifier: MIT */
#include "store/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/compiler.h"

#define TOUCH ".touch"

uint64_t
fs_free_space(int dir) {
    struct statvfs fs;
    if (fstatvfs(dir, &fs) != 0) return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* Change the names in ${dir}.  Another thread may remove our file first, which is a change as
 * well. */
static int
touch_dir(int dir) {
    int fd = openat(dir, TOUCH, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    (void)close(fd);
    return unlinkat(dir, TOUCH, 0) == 0 || errno == ENOENT ? 0 : -1;
}

int
fs_sync_names(int dir, bool changed) {
    if (!changed && touch_dir(dir) != 0) return -1;
    return fsync(dir);
}

static int
sync_parent(const char *path) {
    char copy[PATH_MAX];
    int len = snprintf(copy, sizeof(copy), "%s", path);
    if (len < 0 || (size_t)len >= sizeof(copy)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = fsync(fd);
    int saved_errno = errno;
    (void)close(fd);
    errno = saved_errno;
    return result;
}

int
fs_make_dir(const char *path) {
    bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST) return -1;

    /* If another program made it, its parent need not be ours to open. */
    if (sync_parent(path) == 0 || !made) return 0;

    int saved_errno = errno;
    (void)rmdir(path);
    errno = saved_errno;
    return -1;
}
