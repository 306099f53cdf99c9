/* SPDX-License-Identifier: MIT */
#include "cli/local/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/terminal/signals.h"

enum {
    WAIT_MS = 10,
    TRIES_MAX = 2000, /* 20 s; the holder of the lock may wait for a slow disk */
};

/* As lockfile_lock(), with a lock of ${kind}: LOCK_EX or LOCK_SH. */
static int
lock_named_file(int fd, const char *path, int kind) {
    struct stat open_file, named;
    /* NFS may have no locks, and requires write access for an exclusive one. */
    if (flock(fd, kind | LOCK_NB) != 0) return errno == EWOULDBLOCK ? ERR_BUSY : ERR_NO_LOCK;

    /* Between open() and the lock the file may have been renamed or replaced. */
    if (fstat(fd, &open_file) != 0 || lstat(path, &named) != 0 ||
        open_file.st_dev != named.st_dev || open_file.st_ino != named.st_ino ||
        open_file.st_nlink != 1)
        return ERR_CONFLICT;
    return 0;
}

int
lockfile_lock(int fd, const char *path) {
    return lock_named_file(fd, path, LOCK_EX);
}

/* As lockfile_open(), with a lock of ${kind}. */
static int
open_named_lock(const char *path, int kind) {
    for (int i = 0; i < TRIES_MAX; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return -1;
        int err = lock_named_file(fd, path, kind);
        if (err == 0 || err == ERR_NO_LOCK) return fd;
        (void)close(fd);

        /* A blocking flock() would not end at a signal, so poll. */
        if (err != ERR_BUSY) continue;
        if (signals_stop_asked()) return -1;
        signals_wait_ms(WAIT_MS);
    }
    return -1;
}

int
lockfile_open(const char *path) {
    return open_named_lock(path, LOCK_EX);
}

int
lockfile_share(const char *path) {
    return open_named_lock(path, LOCK_SH);
}

bool
lockfile_take(int fd) {
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

int
lockfile_remove(const char *path, bool expired) {
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return 0;

    int err = lockfile_lock(fd, path);
    if (err == ERR_NO_LOCK && expired) err = 0;
    if (err == 0) (void)unlink(path);
    (void)close(fd);
    if (err == ERR_BUSY || err == ERR_NO_LOCK) return err;
    return 0;
}
