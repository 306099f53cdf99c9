/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/local/memory.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { JSON_OUT_MAX = 8 * 1024 * 1024 };

/* Read standard input up to its first line end into ${out}. */
static int
read_line(struct buf *out) {
    for (;;) {
        uint8_t c = 0;
        ssize_t n = signals_read(STDIN_FILENO, &c, 1);
        if (n < 0) return ERR_IO;
        if (n == 0 || (c == '\n' && out->len > 0)) return 0;
        int err = buf_add_byte(out, c);
        if (err != 0) return err;
    }
}

enum cli_exit
cli_take_link(struct cli *cli, struct link *out) {
    struct buf text = BUF_INIT(LINK_TEXT_MAX);
    const char *operand = cli->opt.operand;
    int err = ERR_INVALID;
    if (operand == NULL) {
        say_error("which link?");
        say_hint("Give it as an argument, or - to read it from standard input.");
        return CLI_USAGE;
    }
    if (strcmp(operand, "-") == 0) {
        if (isatty(STDIN_FILENO)) say_note("Paste the link, then Enter:");
        err = read_line(&text);
    } else err = buf_add_text(&text, operand);
    if (err == 0) err = link_parse((const char *)text.data, text.len, out);
    /* The list of processes shows arguments to everybody. */
    explicit_bzero((char *)(uintptr_t)operand, strlen(operand));
    cli->opt.operand = NULL;
    buf_free(&text);
    if (err == 0) return CLI_DONE;
    if (signals_stop_asked()) return CLI_INTERRUPTED;
    say_error("that is not a link of this service, or a part of it is missing");
    say_hint("It looks like https://HOST/#ID.KEY; copy the whole of it, in quotes.");
    return CLI_USAGE;
}

static void
warn_if_exposed(const char *address) {
    if (link_is_exposed(address)) say_note("Note: %s is not encrypted on its way (http).", address);
}

enum cli_exit
cli_choose_server(struct cli *cli, const struct link *link) {
    const char *named = cli->opt.server;
    enum cli_exit status = CLI_DONE;
    if (named == NULL && link != NULL && link->page[0] != '\0') {
        status = remote_find(&cli->remote, link->page);
    } else {
        if (named == NULL) named = cli->env("SECRETS_SERVER");
        if (named == NULL || named[0] == '\0') named = cli->config.server;
        if (named[0] == '\0') {
            say_error("which server?");
            say_hint("Give --server URL, set SECRETS_SERVER, or put \"server = URL\" into "
                     "~/.config/secrets/config.");
            return CLI_USAGE;
        }
        if (link_address(named, strlen(named), cli->remote.base) != 0) {
            say_error("\"%s\" is not the address of a server", named);
            say_hint("It looks like https://HOST/.");
            return CLI_USAGE;
        }
    }
    if (status == CLI_DONE) warn_if_exposed(cli->remote.base);
    return status;
}

/* There is nothing where ${what} should come from. */
static void
complain_source(const char *from, const char *what) {
    static const char next[] = "Name where it comes from: " PASSPHRASE_METHODS ".";
    if (strncmp(from, "env:", 4) == 0) {
        say_error("no %s: the variable %s is not set", what, from + 4);
        say_hint("%s", next);
    } else if (strncmp(from, "file:", 5) == 0) {
        say_error("no %s: cannot open %s: %s", what, from + 5, strerror(errno));
        say_hint("%s", next);
    } else {
        say_error("no %s: there is no terminal to ask at", what);
        say_hint("%s", next);
    }
}

static enum cli_exit
complain_ask(int err, const char *method, const char *what) {
    const char *from = method == NULL ? "tty" : method;
    if (signals_stop_asked()) return CLI_INTERRUPTED;
    switch (err) {
    case ERR_CONFIG: complain_source(from, what); return CLI_USAGE;
    case ERR_CONFLICT:
        say_error("the two were not the same");
        say_hint("Run the command again.");
        return CLI_USAGE;
    case ERR_INVALID:
        say_error("the %s from %s is empty or not UTF-8", what, from);
        say_hint("Give text in UTF-8, at least one character.");
        return CLI_USAGE;
    case ERR_TOO_LARGE:
        say_error("the %s from %s is longer than %d bytes", what, from, PASSPHRASE_MAX);
        say_hint("Give a shorter one.");
        return CLI_USAGE;
    default:
        say_error("cannot read the %s from %s", what, from);
        say_hint("Name another source: " PASSPHRASE_METHODS ".");
        return CLI_FAILED;
    }
}

enum cli_exit
cli_ask(struct cli *cli, const char *method, const char *what, struct buf *out) {
    char question[64];
    (void)snprintf(question, sizeof(question), "%c%s: ", what[0] - 'a' + 'A', what + 1);
    struct passphrase_source source = {.method = method, .question = question, .env = cli->env};
    int err = passphrase_read(&source, out);
    return err == 0 ? CLI_DONE : complain_ask(err, method, what);
}

enum cli_exit
cli_ask_passphrase(struct cli *cli, const char *method, bool again, struct buf *out) {
    struct passphrase_source source = {
        .method = method,
        .question = "Passphrase: ",
        .again = again ? "Passphrase again: " : NULL,
        .env = cli->env,
    };
    int err = passphrase_read(&source, out);
    if (err == 0) err = passphrase_normalise(out);
    return err == 0 ? CLI_DONE : complain_ask(err, method, "passphrase");
}

struct kdf_arena *
cli_arena(struct kdf_params cost) {
    memory_release_code();
    struct kdf_arena *arena = kdf_arena_new(cost);
    if (arena == NULL) say_no_memory();
    return arena;
}

enum cli_exit
cli_print(struct buf *out) {
    size_t at = 0;
    while (at < out->len) {
        ssize_t n = write(STDOUT_FILENO, out->data + at, out->len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            say_error("cannot write to standard output: %s", strerror(errno));
            say_hint("See where the output goes, then run the same command again.");
            return CLI_FAILED;
        }
        at += (size_t)n;
    }
    buf_reset(out);
    return CLI_DONE;
}

enum cli_exit
cli_print_json(json_t *json) {
    struct buf text = BUF_INIT(JSON_OUT_MAX);
    enum cli_exit status = CLI_FAILED;
    if (json != NULL && json_write(json, &text) == 0 && buf_add_byte(&text, '\n') == 0)
        status = cli_print(&text);
    else if (!say_had_error()) say_no_memory();
    json_decref(json);
    buf_free(&text);
    return status;
}

void
cli_time_text(int64_t when, char out[static 64]) {
    struct tm tm;
    time_t t = (time_t)when;
    if (localtime_r(&t, &tm) == NULL || strftime(out, 64, "%A %-d %B, %H:%M", &tm) == 0)
        (void)snprintf(out, 64, "%lld", (long long)when);
}

void
cli_secret_path(char out[static CLI_PATH_MAX], const char *id, const char *more) {
    (void)snprintf(out, CLI_PATH_MAX, "api/v1/secrets/%s%s", id, more);
}
