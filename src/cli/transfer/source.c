/* SPDX-License-Identifier: MIT */
#include "cli/transfer/source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/text/utf8.h"
#include "cli/local/name.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "crypto/envelope/sealer.h"

enum { READ_LEN = 64 * 1024 };

ssize_t
source_read(struct source *s, void *out, size_t len) {
    ssize_t n = signals_read(s->fd, out, len);
    if (n >= 0 || signals_stop_asked()) return n;
    say_error("cannot read %s: %s", s->path, strerror(errno));
    say_hint("Nothing was shared. Fix that, then run the same command again.");
    return -1;
}

static enum cli_exit
open_source_file(struct source *s, const char *path) {
    s->path = path;
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->fd < 0 || fstat(s->fd, &s->before) != 0) {
        say_error("cannot open %s: %s", path, strerror(errno));
        say_hint("Check the path. A text is not an argument; give it on standard input.");
        return CLI_USAGE;
    }
    if (S_ISDIR(s->before.st_mode)) {
        say_error("%s is a directory", path);
        say_hint("Pack it first: tar -c DIR | secrets put --name DIR.tar");
        return CLI_USAGE;
    }
    s->regular = S_ISREG(s->before.st_mode);
    return CLI_DONE;
}

static enum cli_exit
read_source_head(struct source *s) {
    buf_init(&s->head, SOURCE_HEAD_MAX);
    while (s->head.len < SOURCE_HEAD_MAX) {
        size_t room = SOURCE_HEAD_MAX - s->head.len;
        if (room > READ_LEN) room = READ_LEN;
        uint8_t *to = buf_space(&s->head, room);
        if (to == NULL) return CLI_FAILED;

        ssize_t n = source_read(s, to, room);
        if (n < 0) return signals_stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
        if (n == 0) {
            s->ended = true;
            break;
        }
        s->head.len += (size_t)n;
    }
    return CLI_DONE;
}

/* Return whether the source is a text: all of it is in the head, UTF-8, and without NUL. */
static bool
is_text_source(const struct source *s) {
    const char *text = (const char *)s->head.data;
    return s->ended && utf8_valid(text, s->head.len) &&
           (s->head.len == 0 || memchr(text, '\0', s->head.len) == NULL);
}

/* Return whether ${path} names an open file and not one of a directory: /dev/stdin, or what a shell
 * puts in the place of <(...). */
static bool
is_descriptor(const char *path) {
    static const char *const prefixes[] = {"/dev/fd/", "/dev/stdin", "/proc/self/fd/"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

/* Refuse an empty stream: most often the command before it failed. */
static enum cli_exit
check_not_empty(const struct cli *cli, const struct source *s) {
    if (s->regular || s->head.len > 0 || cli->opt.allow_empty) return CLI_DONE;
    say_error("%s is empty", s->path);
    say_hint("Nothing was shared. Share an empty text with --allow-empty.");
    return CLI_USAGE;
}

/* Set the name for the recipient: that of --name, else that of ${file}, which may be NULL.  A pipe
 * or a device is a stream without a name. */
static enum cli_exit
choose_source_name(const struct cli *cli, struct source *s, const char *file) {
    const char *name = "";
    if (cli->opt.name != NULL) name = cli->opt.name;
    else if (file != NULL && s->regular && !is_descriptor(file)) name = name_of_path(file);
    else if (!is_text_source(s)) name = "secret";

    size_t len = strlen(name);
    if (len > ENVELOPE_NAME_MAX) {
        say_error("the name is longer than 255 bytes");
        say_hint("Give a shorter one with --name.");
        return CLI_USAGE;
    }
    if (utf8_valid(name, len)) memcpy(s->name, name, len + 1);
    else name_sanitise(name, len, s->name);
    return CLI_DONE;
}

enum cli_exit
source_open(struct cli *cli, struct source *s) {
    const char *file = cli->opt.file != NULL ? cli->opt.file : cli->opt.operand;
    *s = (struct source){.fd = STDIN_FILENO, .path = "standard input"};
    enum cli_exit status = CLI_DONE;
    if (file != NULL && strcmp(file, "-") == 0) file = NULL;

    if (file != NULL) status = open_source_file(s, file);
    else if (isatty(STDIN_FILENO))
        say_note("Type or paste the secret, then press Enter and Ctrl-D:");
    if (status == CLI_DONE) status = read_source_head(s);
    if (status == CLI_DONE) status = check_not_empty(cli, s);
    if (status == CLI_DONE) status = choose_source_name(cli, s, file);
    return status;
}

uint64_t
source_size(const struct source *s) {
    if (s->ended) return s->head.len;
    if (s->regular) return (uint64_t)s->before.st_size;
    return ENVELOPE_SIZE_UNKNOWN;
}

bool
source_unchanged(const struct source *s) {
    struct stat now;
    if (!s->regular) return true;
    if (fstat(s->fd, &now) == 0 && now.st_size == s->before.st_size &&
        now.st_mtim.tv_sec == s->before.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == s->before.st_mtim.tv_nsec)
        return true;

    say_error("%s changed while it was read", s->path);
    say_hint("Share it again once nothing writes to it.");
    return false;
}

void
source_close(struct source *s) {
    if (s->fd > STDERR_FILENO) (void)close(s->fd);
    s->fd = -1;
    buf_free(&s->head);
}
