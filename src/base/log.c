/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#define LOG_LINE_MAX 1000

static atomic_int log_lowest = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level) {
    atomic_store(&log_lowest, (int)level);
}

/* Write the time as RFC 3339 in UTC, with milliseconds. */
static size_t
print_time(char *out, size_t size) {
    struct timespec ts;
    struct tm tm;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0 || gmtime_r(&ts.tv_sec, &tm) == NULL) return 0;
    size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
    int more = snprintf(out + n, size - n, ".%03ldZ", ts.tv_nsec / 1000000);
    return more < 0 ? n : n + (size_t)more;
}

/* Make every control character and byte outside ASCII a '?': a line stays one plain line. */
static void
tame(char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] >= 0x7F) text[i] = '?';
}

static size_t
clip(int printed, size_t room) {
    if (printed < 0) return 0;
    return (size_t)printed < room ? (size_t)printed : room - 1;
}

void
log_line(enum log_level level, const char *event, const char *fmt, ...) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[LOG_LINE_MAX + 1], when[40] = "";
    if ((int)level < atomic_load(&log_lowest)) return;
    (void)print_time(when, sizeof(when));
    size_t n =
        clip(snprintf(line, LOG_LINE_MAX, "time=%s level=%s event=%s ", when, names[level], event),
             LOG_LINE_MAX);
    va_list args;
    va_start(args, fmt);
    n += clip(vsnprintf(line + n, LOG_LINE_MAX - n, fmt, args), LOG_LINE_MAX - n);
    va_end(args);
    tame(line, n);
    while (n > 0 && line[n - 1] == ' ')
        n--;
    line[n++] = '\n';
    /* A log that cannot be written must not stop the service. */
    ssize_t ignored = write(STDERR_FILENO, line, n);
    (void)ignored;
}
