/* SPDX-License-Identifier: MIT */
#include "cli/terminal/passphrase.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/local/nfc.h"
#include "cli/terminal/signals.h"
#include "cli/terminal/terminal.h"

enum { RAW_MAX = 4 * PASSPHRASE_MAX };

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
    int err = nfc_normalise(text);
    if (err == 0 && text->len == 0) err = ERR_INVALID;
    if (err == 0 && text->len > PASSPHRASE_MAX) err = ERR_TOO_LARGE;
    return err;
}
