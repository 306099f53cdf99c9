/* SPDX-License-Identifier: MIT */
#include "store/sqlite/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "store/fs.h"

#define LOCK_FILE    "secrets.lock"
#define BALLAST_FILE "secrets.ballast"

/* Add "PATH what: the text of errno" to ${reason}. */
static void
explain_errno(struct buf *reason, const char *path, const char *what) {
    (void)!buf_printf(reason, "%.200s %s: %s", path, what, strerrordesc_np(errno));
}

/* Returns a descriptor, or -1 with a line added to ${reason}. */
static int
open_private_dir(const char *path, struct buf *reason) {
    struct stat st;
    if (fs_make_dir(path) != 0) {
        explain_errno(reason, path, "cannot be made");
        return -1;
    }

    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fstat(dir, &st) != 0) {
        explain_errno(reason, path, "cannot be opened");
    } else if ((st.st_mode & 077) != 0) {
        (void)!buf_printf(reason, "%.200s is open to other users: chmod 700 %.200s", path, path);
    } else {
        return dir;
    }

    if (dir >= 0) (void)close(dir);
    return -1;
}

/* Returns a descriptor, or -1 with a line added to ${reason}. */
static int
open_lock(const char *path, int dir, struct buf *reason) {
    int lock = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        explain_errno(reason, path, "has no lock file " LOCK_FILE);
        return -1;
    }

    if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
    (void)!buf_printf(reason, "%.200s is in use by another process", path);
    (void)close(lock);
    return -1;
}

/*
 * Make the database file.  SQLite gives its other files the same mode.  A file that is made here is
 * durable on return, or removed again if it cannot be.
 */
static int
make_database(const char *path, const char *file, int dir, struct buf *reason) {
    int fd = openat(dir, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool made = fd >= 0;
    if (!made && errno == EEXIST) fd = openat(dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    bool ok = fd >= 0 && fchmod(fd, 0600) == 0 && fsync(dir) == 0;
    if (!ok)
        (void)!buf_printf(reason, "%.200s/%s cannot be made: %s", path, file,
                          strerrordesc_np(errno));
    if (!ok && made) (void)unlinkat(dir, file, 0);

    if (fd >= 0) (void)close(fd);
    return ok ? 0 : ERR_STORE;
}

int
sqlite_directory_open(const char *path, const char *file, int *dir, int *lock, struct buf *reason) {
    *lock = -1;
    *dir = open_private_dir(path, reason);
    if (*dir >= 0) *lock = open_lock(path, *dir, reason);
    if (*lock >= 0 && make_database(path, file, *dir, reason) == 0) return 0;

    sqlite_directory_close(*dir, *lock);
    *dir = *lock = -1;
    return ERR_STORE;
}

void
sqlite_directory_close(int dir, int lock) {
    if (lock >= 0) (void)close(lock);
    if (dir >= 0) (void)close(dir);
}

bool
sqlite_directory_make_ballast(int dir) {
    /* Where the file system cannot allocate, the C library reads each block that is there. */
    int fd = openat(dir, BALLAST_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;

    bool made = posix_fallocate(fd, 0, SQLITE_DIRECTORY_BALLAST) == 0;
    (void)close(fd);
    if (!made) sqlite_directory_drop_ballast(dir);
    return made;
}

void
sqlite_directory_drop_ballast(int dir) {
    (void)unlinkat(dir, BALLAST_FILE, 0);
}
