/* SPDX-License-Identifier: MIT */
/*
 * A disk that hangs, for a process that loads this by LD_PRELOAD: as long as the file is there that
 * the variable HANG names, nothing that is written gets any further.
 */
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/compiler.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int fsync(int fd);
EXPORT int fdatasync(int fd);
EXPORT ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset);

static void
hang(void) {
    const char *file = getenv("HANG");
    while (file != NULL && access(file, F_OK) == 0)
        (void)usleep(5000);
}

int
fsync(int fd) {
    hang();
    return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd) {
    hang();
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset) {
    hang();
    return syscall(SYS_pwrite64, fd, data, len, offset);
}
