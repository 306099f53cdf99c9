/* SPDX-License-Identifier: MIT */
#include "cli/terminal/say.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include "crypto/token.h"

enum {
    MESSAGE_MAX = 8192,
    KEY_PART_MIN = 8, /* of a key that was cut on its way */
};

static bool say_quiet, say_terminal;
static atomic_bool said_error;

void
say_setup(bool quiet, bool terminal) {
    say_quiet = quiet;
    say_terminal = terminal;
}

bool
say_had_error(void) {
    return atomic_load(&said_error);
}

static size_t
alnum_run(const char *s) {
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) != 0)
        n++;
    return n;
}

/* After '%': the length of "23", which stood for '#', also where the link was encoded again. */
static size_t
encoded_hash(const char *s) {
    size_t n = 0;
    while (strncmp(s + n, "25", 2) == 0)
        n += 2;
    return strncmp(s + n, "23", 2) == 0 ? n + 2 : 0;
}

void
say_hide_keys(char *text) {
    for (char *at = text; *at != '\0';) {
        size_t hash = at > text && at[-1] == '%' ? encoded_hash(at) : 0;
        bool link = hash > 0 || (at > text && at[-1] == '#');
        at += hash;
        size_t id = alnum_run(at);
        char *key = at + id + (at[id] != '\0');
        if (strncasecmp(at + id, "%2e", 3) == 0) key = at + id + 3;
        bool sealed = id == TOKEN_SEALED_ID_LEN && (at[id] == '.' || at[id] == '%');
        size_t len = sealed ? alnum_run(key) : 0;
        /* Without a link around it, what is shorter than a key is of a file's name. */
        if (len >= (link ? (size_t)KEY_PART_MIN : (size_t)TOKEN_LINK_KEY_LEN)) {
            memset(key, '.', 3);
            memmove(key + 3, key + len, strlen(key + len) + 1);
            key += 3;
        }
        at = key;
    }
}

/* Write a message, from its ${prefix} to the end of its line, where a progress bar may stand. */
static void write_line(const char *prefix, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static void
write_line(const char *prefix, const char *fmt, va_list args) {
    char text[MESSAGE_MAX];
    (void)vsnprintf(text, sizeof(text), fmt, args);
    say_hide_keys(text);
    (void)fprintf(stderr, "%s%s%s\n", say_terminal ? "\r\033[K" : "", prefix, text);
    explicit_bzero(text, sizeof(text));
}

void
say_error(const char *next, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_line("secrets: ", fmt, args);
    va_end(args);
    if (next[0] != '\0') (void)fprintf(stderr, "  %s\n", next);
    atomic_store(&said_error, true);
}

void
say_no_memory(void) {
    say_error("Free some memory, then run the same command again.", "out of memory");
}

void
say_interrupted(const char *next) {
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&said)) say_error(next, "interrupted");
}

void
say_note(const char *fmt, ...) {
    va_list args;
    if (say_quiet) return;
    va_start(args, fmt);
    write_line("", fmt, args);
    va_end(args);
}
