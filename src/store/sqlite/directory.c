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

#define LOCK_FILE "secrets.lock"

static int
open_dir(const char *path, char *error, size_t error_len) {
    struct stat st;
    if (fs_make_dir(path) != 0) {
        (void)snprintf(error, error_len, "%s cannot be made: %s", path, strerror(errno));
        return -1;
    }
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fstat(dir, &st) != 0) {
        (void)snprintf(error, error_len, "%s cannot be opened: %s", path, strerror(errno));
    } else if ((st.st_mode & 077) != 0) {
        (void)snprintf(error, error_len, "%s is open to other users: chmod 700 %s", path, path);
    } else {
        return dir;
    }
    if (dir >= 0) (void)close(dir);
    return -1;
}

static int
open_lock(const char *path, int dir, char *error, size_t error_len) {
    int lock = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        (void)snprintf(error, error_len, "%s/" LOCK_FILE " cannot be opened: %s", path,
                       strerror(errno));
    else if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        (void)snprintf(error, error_len, "%s is in use by another process", path);
    else return lock;
    if (lock >= 0) (void)close(lock);
    return -1;
}

/* SQLite gives its own files the mode of the main one.  One that is made is on the disk then, and
 * not there if it cannot be; one that is there opens on a full disk, too. */
static int
make_file(const char *path, const char *file, int dir, char *error, size_t error_len) {
    int fd = openat(dir, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool made = fd >= 0;
    if (!made && errno == EEXIST) fd = openat(dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 && fchmod(fd, 0600) == 0 && fsync(dir) == 0;
    if (!ok)
        (void)snprintf(error, error_len, "%s/%s cannot be made: %s", path, file, strerror(errno));
    if (!ok && made) (void)unlinkat(dir, file, 0);
    if (fd >= 0) (void)close(fd);
    return ok ? 0 : ERR_STORE;
}

int
sqlite_directory_open(const char *path, const char *file, int *dir, int *lock, char *error,
                      size_t error_len) {
    *lock = -1;
    *dir = open_dir(path, error, error_len);
    if (*dir >= 0) *lock = open_lock(path, *dir, error, error_len);
    if (*lock >= 0 && make_file(path, file, *dir, error, error_len) == 0) return 0;
    sqlite_directory_close(*dir, *lock);
    *dir = *lock = -1;
    return ERR_STORE;
}

void
sqlite_directory_close(int dir, int lock) {
    if (lock >= 0) (void)close(lock);
    if (dir >= 0) (void)close(dir);
}
