/* SPDX-License-Identifier: MIT */
#include "cli/say.h"

#include <stdarg.h>
#include <unistd.h>

static bool say_quiet;

void
say_set_quiet(bool quiet) {
    say_quiet = quiet;
}

/* Begin a message where a progress bar may stand. */
static void
clear_line(void) {
    if (isatty(STDERR_FILENO)) (void)fputs("\r\033[K", stderr);
}

void
say_error(const char *next, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    clear_line();
    (void)fputs("secrets: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    if (next[0] != '\0') (void)fprintf(stderr, "  %s\n", next);
}

void
say_note(const char *fmt, ...) {
    va_list args;
    if (say_quiet) return;
    clear_line();
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
}
