/* SPDX-License-Identifier: MIT */
#include "cli/terminal/passphrase.h"

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/local/nfc.h"
#include "cli/terminal/signals.h"
#include "cli/terminal/terminal.h"

enum {
    RAW_MAX = 4 * PASSPHRASE_MAX,
    KEY_LEN_MIN = 20, /* letters and digits in a row that may be a key */
};

static bool
method_has_prefix(const char *s, const char *prefix) {
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
passphrase_method_ok(const char *method) {
    return strcmp(method, "tty") == 0 || strcmp(method, "stdin") == 0 ||
           (method_has_prefix(method, "env:") && method[4] != '\0') ||
           (method_has_prefix(method, "file:") && method[5] != '\0');
}

bool
passphrase_is_key(const char *text) {
    size_t run = 0;
    for (; *text != '\0'; text++) {
        bool letter = isalnum((unsigned char)*text) || *text == '-' || *text == '_';
        run = letter ? run + 1 : 0;
        if (run >= KEY_LEN_MIN || *text == '#') return true;
    }
    return false;
}

bool
passphrase_from_stdin(const char *method) {
    return method != NULL && strcmp(method, "stdin") == 0;
}

/* Read ${fd} to its end into ${out}. */
static int
read_to_end(int fd, struct buf *out) {
    for (;;) {
        uint8_t *room = buf_space(out, 512);
        if (room == NULL) return ERR_TOO_LARGE;
        ssize_t n = signals_read(fd, room, 512);
        if (n < 0) return ERR_IO;
        if (n == 0) return 0;
        out->len += (size_t)n;
    }
}

/* Remove one newline, or CR and newline, from the end of ${b}. */
static void
remove_newline(struct buf *b) {
    if (b->len == 0 || b->data[b->len - 1] != '\n') return;
    b->len--;
    if (b->len > 0 && b->data[b->len - 1] == '\r') b->len--;
}

static int
read_from_tty(const struct passphrase_source *source, struct buf *out) {
    struct buf second = BUF_INIT(RAW_MAX);
    int err = terminal_ask(source->question, out);
    if (err == 0 && source->again != NULL && out->len > 0) {
        err = terminal_ask(source->again, &second);
        if (err == 0 && !buf_equals(out, second.data, second.len)) err = ERR_CONFLICT;
    }
    buf_free(&second);
    return err;
}

static int
read_from_env(const struct passphrase_source *source, const char *name, struct buf *out) {
    char *value = source->env(name);
    if (value == NULL) return ERR_CONFIG;
    int err = buf_add_text(out, value);
    /* /proc/PID/environ shows this memory. */
    explicit_bzero(value, strlen(value));
    remove_newline(out);
    return err;
}

static int
read_from_file(const char *path, struct buf *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ERR_CONFIG;
    int err = read_to_end(fd, out);
    (void)close(fd);
    remove_newline(out);
    return err;
}

int
passphrase_read(const struct passphrase_source *source, struct buf *out) {
    const char *method = source->method == NULL ? "tty" : source->method;
    int err = ERR_CONFIG;

    if (strcmp(method, "tty") == 0) err = read_from_tty(source, out);
    else if (strcmp(method, "stdin") == 0) {
        err = read_to_end(STDIN_FILENO, out);
        remove_newline(out);
    } else if (method_has_prefix(method, "env:")) err = read_from_env(source, method + 4, out);
    else if (method_has_prefix(method, "file:")) err = read_from_file(method + 5, out);

    if (err == 0 && out->len == 0) err = ERR_INVALID;
    if (err != 0) buf_reset(out);
    return err;
}

int
passphrase_normalise(struct buf *text) {
    bool zero = text->len > 0 && memchr(text->data, 0, text->len) != NULL;
    int err = zero ? ERR_INVALID : nfc_normalise(text);
    if (err == 0 && text->len == 0) err = ERR_INVALID;
    if (err == 0 && text->len > PASSPHRASE_MAX) err = ERR_TOO_LARGE;
    return err;
}

/* What copying may add to the ends of a text. */
static const char *const blanks[] = {
    " ", "\t", "\r", "\n", "\v", "\f", "\xc2\xa0", "\xe2\x80\xaf", "\xe3\x80\x80", "\xef\xbb\xbf",
};

/* Return the length of the blank that ${s}, of ${len} bytes, begins with, or, if ${at_end}, ends
 * with; 0 for none. */
static size_t
blank_at(const uint8_t *s, size_t len, bool at_end) {
    for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
        size_t n = strlen(blanks[i]);
        if (n > len) continue;
        const uint8_t *where = at_end ? s + len - n : s;
        if (memcmp(where, blanks[i], n) == 0) return n;
    }
    return 0;
}

bool
passphrase_has_blanks(const struct buf *text) {
    return blank_at(text->data, text->len, false) > 0 || blank_at(text->data, text->len, true) > 0;
}

/* Return whether ${s} consists of five groups of four, as a page generates them. */
static bool
is_page_passphrase(const uint8_t *s, size_t len) {
    if (len != 24) return false;
    for (size_t i = 0; i < len; i++) {
        bool hyphen = i % 5 == 4;
        bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '2' && s[i] <= '9');
        if (hyphen ? s[i] != '-' : !letter) return false;
    }
    return true;
}

/* Return whether ${s} is a passphrase that a server generates for a classic link. */
static bool
is_classic_passphrase(const uint8_t *s, size_t len) {
    static const char signs[] = "!#$%&*+=?@_~-";
    if (len != 32) return false;
    for (size_t i = 0; i < len; i++) {
        bool alnum = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
                     (s[i] >= '0' && s[i] <= '9');
        if (!alnum && memchr(signs, s[i], sizeof(signs) - 1) == NULL) return false;
    }
    return true;
}

void
passphrase_trim_generated(struct buf *text) {
    size_t begin = 0, len = text->len;
    for (size_t n; (n = blank_at(text->data + begin, len, false)) > 0; len -= n)
        begin += n;
    for (size_t n; (n = blank_at(text->data + begin, len, true)) > 0;)
        len -= n;

    const uint8_t *inner = text->data + begin;
    if (len == 0 || (!is_page_passphrase(inner, len) && !is_classic_passphrase(inner, len))) return;
    memmove(text->data, inner, len);
    explicit_bzero(text->data + len, text->len - len);
    text->len = len;
}
