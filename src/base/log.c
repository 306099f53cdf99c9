/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

enum {
    LINE_MAX = 1000,
    CLOSING_LEN = 4,    /* kept free for the end of a text and of a line */
    NUMBER_LEN_MAX = 32 /* a number or a flag, with the punctuation of its field */
};

static atomic_int log_lowest = LOG_LEVEL_INFO;
static atomic_int log_format = LOG_FORMAT_LOGFMT;

struct line {
    size_t len;
    bool json;
    char text[LINE_MAX + 1];
};

void
log_set_level(enum log_level level) {
    atomic_store(&log_lowest, (int)level);
}

void
log_set_format(enum log_format format) {
    atomic_store(&log_format, (int)format);
}

/* Return how many bytes can be added, without those that are kept free for the end. */
static size_t
line_room(const struct line *l) {
    if (l->len >= LINE_MAX - CLOSING_LEN) return 0;
    return LINE_MAX - CLOSING_LEN - l->len;
}

/* Append as much of ${text} as fits. */
static void
line_put(struct line *l, const char *text) {
    size_t len = strlen(text);
    if (len > line_room(l)) len = line_room(l);
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

/* Append ${c}.  The caller knows that there is room for it. */
static void
line_put_char(struct line *l, char c) {
    l->text[l->len++] = c;
}

static void
line_put_number(struct line *l, int64_t number) {
    char digits[24];
    char *at = digits + sizeof(digits) - 1;
    uint64_t rest = (uint64_t)number;
    if (number < 0) rest = -rest;

    *at = '\0';
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0) *--at = '-';
    line_put(l, at);
}

/* Return whether ${text} needs no quotes in logfmt. */
static bool
is_unquoted(const char *text) {
    if (text[0] == '\0') return false;
    for (; *text != '\0'; text++)
        if (*text == ' ' || *text == '"' || *text == '\\' || *text == '=') return false;
    return true;
}

static void
line_put_text(struct line *l, const char *text) {
    bool quoted = l->json || !is_unquoted(text);
    if (quoted) line_put(l, "\"");

    for (; *text != '\0' && line_room(l) >= 2; text++) {
        bool escaped = *text == '"' || *text == '\\';
        if (escaped) line_put_char(l, '\\');
        bool printable = *text >= 0x20 && *text < 0x7F;
        if (printable) line_put_char(l, *text);
        else line_put_char(l, '?');
    }

    if (quoted) line_put_char(l, '"');
}

/* Append ${name} and the punctuation around it. */
static void
line_put_name(struct line *l, const char *name) {
    bool first = l->len == 0;
    if (l->json) {
        line_put(l, first ? "{\"" : ",\"");
        line_put(l, name);
        line_put(l, "\":");
    } else {
        if (!first) line_put(l, " ");
        line_put(l, name);
        line_put(l, "=");
    }
}

/* Append ${f}.  A field is left out if there may be no room for its name and value. */
static void
line_put_field(struct line *l, const struct log_field *f) {
    if (f->kind == LOG_KIND_NONE || (f->kind == LOG_KIND_TEXT && f->text == NULL)) return;
    if (line_room(l) < strlen(f->name) + NUMBER_LEN_MAX) return;

    line_put_name(l, f->name);
    if (f->kind == LOG_KIND_TEXT) line_put_text(l, f->text);
    else if (f->kind == LOG_KIND_FLAG) line_put(l, f->number != 0 ? "true" : "false");
    else line_put_number(l, f->number);
}

/*
 * Return the time as RFC 3339 in UTC, with milliseconds.  The text is valid until the next call on
 * this thread.  Within a second only the milliseconds are printed again.
 */
static const char *
line_time(void) {
    enum { MS = sizeof("2000-01-01T00:00:00.") - 1 };
    static _Thread_local char stamp[40];
    static _Thread_local time_t stamp_second;
    struct timespec ts;
    struct tm tm;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0) return "";

    if (ts.tv_sec != stamp_second || stamp[0] == '\0') {
        if (gmtime_r(&ts.tv_sec, &tm) == NULL) return "";
        (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        stamp_second = ts.tv_sec;
    }

    long ms = ts.tv_nsec / 1000000;
    stamp[MS] = (char)('0' + ms / 100);
    stamp[MS + 1] = (char)('0' + ms / 10 % 10);
    stamp[MS + 2] = (char)('0' + ms % 10);
    return stamp;
}

void
log_line(enum log_level level, const char *event, const struct log_field *fields) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct line l;
    if ((int)level < atomic_load(&log_lowest)) return;

    l.len = 0;
    l.json = atomic_load(&log_format) == LOG_FORMAT_JSON;
    line_put_field(&l, &LOG_TEXT("time", line_time()));
    line_put_field(&l, &LOG_TEXT("level", names[level]));
    line_put_field(&l, &LOG_TEXT("event", event));
    for (; fields->kind != LOG_KIND_END; fields++)
        line_put_field(&l, fields);
    if (l.json) line_put_char(&l, '}');
    line_put_char(&l, '\n');

    /* A failed write does not stop the service.  A blocked one delays it (log.h). */
    ssize_t ignored = write(STDERR_FILENO, l.text, l.len);
    (void)ignored;
}
