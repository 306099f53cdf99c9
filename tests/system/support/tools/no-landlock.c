/* SPDX-License-Identifier: MIT */
/* A kernel without Landlock, for a process that loads this by LD_PRELOAD. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "base/compiler.h"

__attribute__((visibility("default"))) long syscall(long number, ...);

long
syscall(long number, ...) {
    static long (*real)(long, ...);
    va_list args;
    long a[6];
    if (number == SYS_landlock_create_ruleset) {
        errno = ENOSYS;
        return -1;
    }
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
