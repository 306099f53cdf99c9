/* SPDX-License-Identifier: MIT */
#include "store/sqlite/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

void
sqlite_futex_wait(atomic_uint *word, unsigned value, int ms) {
    struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, ms < 0 ? NULL : &timeout, NULL, 0);
}

void
sqlite_futex_wake(atomic_uint *word) {
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
