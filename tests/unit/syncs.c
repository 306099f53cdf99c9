/* SPDX-License-Identifier: MIT */
#include "syncs.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

static int to_come;

void
syncs_fail_at(int n) {
    to_come = n;
}

int
syncs_to_come(void) {
    return to_come;
}

/* In the place of the C library's. */
int
fsync(int fd) {
    if (to_come > 0 && --to_come == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}
