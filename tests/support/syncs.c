/* SPDX-License-Identifier: MIT */
#include "syncs.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

static int to_come;
static void (*watcher)(int fd, bool well);

void
syncs_fail_at(int n) {
    to_come = n;
}

int
syncs_to_come(void) {
    return to_come;
}

void
syncs_watch(void (*after)(int fd, bool well)) {
    watcher = after;
}

/* In the place of the C library's. */
int
fsync(int fd) {
    bool fails = to_come > 0 && --to_come == 0;
    int result = fails ? -1 : (int)syscall(SYS_fsync, fd);
    if (watcher != NULL) watcher(fd, result == 0);
    if (fails) errno = EIO;
    return result;
}
