/* SPDX-License-Identifier: MIT */
#include "store/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statfs.h>
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

bool
fs_is_volume(const char *path) {
    struct stat st;
    if (geteuid() == 0 || stat(path, &st) != 0) return false;
    return S_ISDIR(st.st_mode) && st.st_uid == 0 && (st.st_mode & 077) != 0;
}

const char *
fs_remote_kind(const char *path) {
    /* The magic numbers of statfs(2). */
    static const struct {
        uint32_t magic;
        const char *name;
    } kinds[] = {
        {0x6969, "NFS"},     {0xff534d42, "SMB"},    {0xfe534d42, "SMB"},    {0x517b, "SMB"},
        {0x01021997, "9p"},  {0x65735546, "FUSE"},   {0x786f4256, "vboxsf"}, {0x00c36400, "Ceph"},
        {0x5346414f, "AFS"}, {0xbacbacbc, "vmhgfs"},
    };
    struct statfs fs;

    if (statfs(path, &fs) != 0) return NULL;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if ((uint32_t)fs.f_type == kinds[i].magic) return kinds[i].name;
    return NULL;
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
