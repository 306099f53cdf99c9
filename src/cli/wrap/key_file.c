/* SPDX-License-Identifier: MIT */
#include "cli/wrap/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/terminal/say.h"

/* Read all of ${fd}, and end it with a NUL.  Returns 0 or a code. */
static int
read_key_file(int fd, struct buf *out) {
    for (;;) {
        uint8_t *to = buf_space(out, 4096);
        if (to == NULL) return ERR_TOO_LARGE;
        ssize_t n = read(fd, to, 4096);
        if (n == 0) return buf_add_byte(out, '\0');
        if (n < 0 && errno != EINTR) return ERR_IO;
        if (n > 0) out->len += (size_t)n;
    }
}

enum cli_exit
key_file_read(const char *path, struct key_file *out) {
    *out = (struct key_file){.text = BUF_INIT(KEY_FILE_MAX)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = ERR_IO, why = errno;
    if (fd >= 0) {
        err = read_key_file(fd, &out->text);
        why = errno;
        (void)close(fd);
    }
    if (err == 0) return CLI_DONE;

    if (err == ERR_TOO_LARGE) say_error("%s is too large for a file of keys", path);
    else say_error("cannot read %s: %s", path, strerror(why));
    say_hint("Name a file with one key a line, such as age-keygen makes.");
    return CLI_USAGE;
}

const char *
key_file_next(struct key_file *f, size_t *len, int *line) {
    const char *text = (const char *)f->text.data;
    while (f->at + 1 < f->text.len) {
        const char *begin = text + f->at;
        *len = strcspn(begin, "\n");
        f->at += *len + 1;
        ++*line;

        /* The line ends at the last character that is no blank. */
        while (*len > 0 && (begin[*len - 1] == '\r' || begin[*len - 1] == ' '))
            --*len;
        if (*len > 0 && begin[0] != '#') return begin;
    }
    return NULL;
}

void
key_file_rewind(struct key_file *f) {
    f->at = 0;
}

void
key_file_clear(struct key_file *f) {
    buf_free(&f->text);
    f->at = 0;
}
