/* SPDX-License-Identifier: MIT */
#include "cli/terminal/say.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include "crypto/token.h"

enum {
    MESSAGE_MAX = 8192,
    KEY_PART_MIN = 8, /* shortest part of a key that is hidden after '#' */
};

static bool say_quiet, say_terminal;
static atomic_bool say_error_printed;

void
say_setup(bool quiet, bool terminal) {
    say_quiet = quiet;
    say_terminal = terminal;
}

bool
say_had_error(void) {
    return atomic_load(&say_error_printed);
}

/* Return how many letters and digits ${s} begins with. */
static size_t
alnum_run(const char *s) {
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) != 0)
        n++;
    return n;
}

/* Return the length of "23" at ${s}, which follows a '%'; "2523" is a '#' that was encoded twice.
 * 0 if it encodes another character. */
static size_t
encoded_hash_len(const char *s) {
    size_t n = 0;
    while (strncmp(s + n, "25", 2) == 0)
        n += 2;
    if (strncmp(s + n, "23", 2) == 0) return n + 2;
    return 0;
}

/* Return the length of the dot at ${s}, which may be encoded; 0 if there is none. */
static size_t
dot_len(const char *s) {
    if (s[0] == '.') return 1;
    return strncasecmp(s, "%2e", 3) == 0 ? 3 : 0;
}

/* Return the key part of "ID.KEY" at ${at}, which has an id of ${id_len}. */
static char *
key_after_id(char *at, size_t id_len) {
    size_t dot = dot_len(at + id_len);
    if (dot == 0 && at[id_len] != '\0') dot = 1; /* the id is followed by something else */
    return at + id_len + dot;
}

/* Return the length of "r." or "c." at ${at}, which the id of a request follows; 0 if there is
 * none. */
static size_t
request_mark_len(const char *at) {
    if (at[0] != 'r' && at[0] != 'c') return 0;
    size_t dot = dot_len(at + 1);
    return dot > 0 ? 1 + dot : 0;
}

void
say_hide_keys(char *text) {
    for (char *at = text; *at != '\0';) {
        size_t hash = at > text && at[-1] == '%' ? encoded_hash_len(at) : 0;
        bool in_link = hash > 0 || (at > text && at[-1] == '#');
        at += hash;
        if (in_link) at += request_mark_len(at);

        size_t id_len = alnum_run(at);
        char *key = key_after_id(at, id_len);
        bool sealed = id_len == TOKEN_SEALED_ID_LEN && (at[id_len] == '.' || at[id_len] == '%');
        size_t len = sealed ? alnum_run(key) : 0;

        /* Outside of a link, a run that is shorter than a key belongs to a file name. */
        size_t shortest = in_link ? (size_t)KEY_PART_MIN : (size_t)TOKEN_LINK_KEY_LEN;
        if (len >= shortest) {
            memset(key, '.', 3);
            memmove(key + 3, key + len, strlen(key + len) + 1);
            key += 3;

            /* A link to collect has two keys. */
            size_t dot = dot_len(key), second = dot > 0 ? alnum_run(key + dot) : 0;
            char *rest = key + dot + second;
            if (second >= shortest) memmove(key, rest, strlen(rest) + 1);
        }
        at = key;
    }
}

/* Print one message from ${prefix} to its newline.  A progress bar may be on the line. */
static void say_line(const char *prefix, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static void
say_line(const char *prefix, const char *fmt, va_list args) {
    char text[MESSAGE_MAX];
    (void)vsnprintf(text, sizeof(text), fmt, args);
    say_hide_keys(text);

    const char *clear = say_terminal ? "\r\033[K" : "";
    (void)fprintf(stderr, "%s%s%s\n", clear, prefix, text);
    explicit_bzero(text, sizeof(text));
}

void
say_error(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    say_line("secrets: ", fmt, args);
    va_end(args);
    atomic_store(&say_error_printed, true);
}

void
say_hint(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    say_line("  ", fmt, args);
    va_end(args);
}

void
say_no_memory(void) {
    say_error("out of memory");
    say_hint("Free some memory, then run the same command again.");
}

void
say_interrupted(const char *hint) {
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&said)) return;

    say_error("interrupted");
    if (hint != NULL) say_hint("%s", hint);
}

void
say_note(const char *fmt, ...) {
    va_list args;
    if (say_quiet) return;
    va_start(args, fmt);
    say_line("", fmt, args);
    va_end(args);
}
