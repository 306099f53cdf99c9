/* SPDX-License-Identifier: MIT */
/*
 * System calls that hang or are slow, for a process that loads this by LD_PRELOAD.  Each variable
 * names a file and takes effect while that file exists:
 *
 *   HANG        writes and syncs hang
 *   HANG_SLOW   each sync is a little later
 *   HANG_READ   each part is opened a little later
 *   HANG_INPUT  reads from connections hang; the first one prints "hang: input" on stderr
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/compiler.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int fsync(int fd);
EXPORT int fdatasync(int fd);
EXPORT int openat(int dir, const char *name, int flags, ...);
EXPORT ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset);
EXPORT ssize_t recv(int fd, void *data, size_t len, int flags);

enum { SLOW_US = 50 * 1000 };

/* Whether the file is there that the variable ${name} names. */
static bool
is_on(const char *name) {
    const char *file = getenv(name);
    return file != NULL && access(file, F_OK) == 0;
}

static void
hang(const char *name) {
    while (is_on(name))
        (void)usleep(5000);
}

static void
sync_late(void) {
    hang("HANG");
    if (is_on("HANG_SLOW")) (void)usleep(SLOW_US);
}

int
fsync(int fd) {
    sync_late();
    return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd) {
    sync_late();
    return (int)syscall(SYS_fdatasync, fd);
}

int
openat(int dir, const char *name, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = (flags & O_CREAT) ? va_arg(args, int) : 0;
    va_end(args);

    /* store/blobs/part_file.c opens a part that it reads with this flag. */
    if ((flags & O_NONBLOCK) && is_on("HANG_READ")) (void)usleep(SLOW_US);
    return (int)syscall(SYS_openat, dir, name, flags, mode);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset) {
    hang("HANG");
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t
recv(int fd, void *data, size_t len, int flags) {
    static const char said[] = "hang: input\n";
    static atomic_flag once = ATOMIC_FLAG_INIT;
    if (is_on("HANG_INPUT") && !atomic_flag_test_and_set(&once))
        (void)!write(STDERR_FILENO, said, sizeof(said) - 1);
    hang("HANG_INPUT");
    return syscall(SYS_recvfrom, fd, data, len, flags, NULL, NULL);
}
