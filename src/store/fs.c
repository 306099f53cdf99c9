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

/* Of several at once it may be another's file that one removes; that is a change as well. */
static int
touch(int dir) {
    int fd = openat(dir, TOUCH, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    (void)close(fd);
    return unlinkat(dir, TOUCH, 0) == 0 || errno == ENOENT ? 0 : -1;
}

int
fs_sync_names(int dir, bool changed) {
    return changed || touch(dir) == 0 ? fsync(dir) : -1;
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
    int result = fd < 0 ? -1 : fsync(fd);
    int why = errno;
    if (fd >= 0) (void)close(fd);
    errno = why;
    return result;
}

int
fs_make_dir(const char *path) {
    bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST) return -1;
    /* A parent in which others made it need not be ours to open. */
    if (sync_parent(path) == 0 || !made) return 0;
    int why = errno;
    (void)rmdir(path);
    errno = why;
    return -1;
}
