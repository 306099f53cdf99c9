/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

enum {
    LINE_MAX = 1000,
    RESERVE = 4,     /* for what closes a line */
    NUMBER_ROOM = 32 /* more than any number or flag takes, with what stands around it */
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

static size_t
room(const struct line *l) {
    return l->len < LINE_MAX - RESERVE ? LINE_MAX - RESERVE - l->len : 0;
}

static void
put(struct line *l, const char *text) {
    size_t len = strlen(text);
    if (len > room(l)) len = room(l);
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

/* Close a text or a line; there is always room. */
static void
close_with(struct line *l, char c) {
    l->text[l->len++] = c;
}

static void
put_number(struct line *l, int64_t number) {
    char digits[24];
    char *at = digits + sizeof(digits) - 1;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    *at = '\0';
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0) *--at = '-';
    put(l, at);
}

/* Whether ${text} stands for itself in logfmt. */
static bool
is_plain(const char *text) {
    if (text[0] == '\0') return false;
    for (; *text != '\0'; text++)
        if (*text == ' ' || *text == '"' || *text == '\\' || *text == '=') return false;
    return true;
}

static void
put_text(struct line *l, const char *text) {
    bool quoted = l->json || !is_plain(text);
    if (quoted) put(l, "\"");
    for (; *text != '\0' && room(l) >= 2; text++) {
        bool escaped = *text == '"' || *text == '\\';
        if (escaped) close_with(l, '\\');
        bool tame = *text >= 0x20 && *text < 0x7F;
        if (tame) close_with(l, *text);
        else close_with(l, '?');
    }
    if (quoted) close_with(l, '"');
}

static void
put_field(struct line *l, const struct log_field *f) {
    if (f->kind == LOG_KIND_NONE || (f->kind == LOG_KIND_TEXT && f->text == NULL)) return;
    if (room(l) < strlen(f->name) + NUMBER_ROOM) return;
    put(l, l->len == 0 ? l->json ? "{\"" : "" : l->json ? ",\"" : " ");
    put(l, f->name);
    put(l, l->json ? "\":" : "=");
    if (f->kind == LOG_KIND_TEXT) put_text(l, f->text);
    else if (f->kind == LOG_KIND_FLAG) put(l, f->number != 0 ? "true" : "false");
    else put_number(l, f->number);
}

/* The time as RFC 3339 in UTC, with milliseconds; good until the thread's next call.  All but those
 * is the same for a second. */
static const char *
time_now(void) {
    enum { MS = sizeof("2000-01-01T00:00:00.") - 1 };
    static _Thread_local char stamp[40];
    static _Thread_local time_t of;
    struct timespec ts;
    struct tm tm;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0) return "";
    if (ts.tv_sec != of || stamp[0] == '\0') {
        if (gmtime_r(&ts.tv_sec, &tm) == NULL) return "";
        (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        of = ts.tv_sec;
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
    put_field(&l, &LOG_TEXT("time", time_now()));
    put_field(&l, &LOG_TEXT("level", names[level]));
    put_field(&l, &LOG_TEXT("event", event));
    for (; fields->kind != LOG_KIND_END; fields++)
        put_field(&l, fields);
    if (l.json) close_with(&l, '}');
    close_with(&l, '\n');
    /* A log that cannot be written must not stop the service. */
    ssize_t ignored = write(STDERR_FILENO, l.text, l.len);
    (void)ignored;
}
