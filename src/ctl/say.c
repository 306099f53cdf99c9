/* SPDX-License-Identifier: MIT */
/* Messages to the operator, on standard error. */
#include <stdarg.h>
#include <stdio.h>

#include "ctl/ctl.h"

static bool error_printed;

void
ctl_error(const char *fmt, ...) {
    va_list args;
    error_printed = true;
    (void)fputs("secretsctl: ", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

void
ctl_hint(const char *fmt, ...) {
    va_list args;
    (void)fputs("  ", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

bool
ctl_had_error(void) {
    return error_printed;
}
