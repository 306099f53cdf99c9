/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/address/locate.h"
#include "cli/local/memory.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/terminal/terminal.h"
#include "http/url.h"

enum {
    JSON_OUT_MAX = 8 * 1024 * 1024,
    YEAR_OMITTED = 300 * 86400, /* seconds from now within which a date has no year */
};

/* Read standard input up to the first newline after any text into ${out}. */
static int
read_stdin_line(struct buf *out) {
    for (;;) {
        uint8_t c = 0;
        ssize_t n = signals_read(STDIN_FILENO, &c, 1);
        if (n < 0) return ERR_IO;
        if (n == 0 || (c == '\n' && out->len > 0)) return 0;

        int err = buf_add_byte(out, c);
        if (err != 0) return err;
    }
}

/* Get the text of the operand, or of standard input for "-", into ${out}. */
static int
read_link_text(const char *operand, struct buf *out) {
    if (strcmp(operand, "-") != 0) return buf_add_text(out, operand);
    if (isatty(STDIN_FILENO)) say_note("Paste the link, then press Enter:");
    return read_stdin_line(out);
}

/* Say which command is for the link ${link} of a request. */
static enum cli_exit
refuse_request_link(const struct link *link) {
    if (link->kind == LINK_COLLECT) {
        say_error("that link collects the answers to a request");
        say_hint("Use secrets collect LINK.");
    } else {
        say_error("that link asks for a secret and holds none");
        say_hint("Answer it with secrets answer LINK FILE.");
    }
    return CLI_USAGE;
}

enum cli_exit
cli_take_link(struct cli *cli, struct link *out) {
    struct buf text = BUF_INIT(LINK_TEXT_MAX);
    const char *operand = cli->opt.operand;
    if (operand == NULL) {
        say_error("which link?");
        say_hint("Give it as an argument, or - to read it from standard input.");
        return CLI_USAGE;
    }

    int err = read_link_text(operand, &text);
    if (err == 0) err = link_parse((const char *)text.data, text.len, out);
    buf_free(&text);

    /* The process list shows arguments to every user. */
    explicit_bzero((char *)(uintptr_t)operand, strlen(operand));
    cli->opt.operand = NULL;

    bool of_request = out->kind == LINK_ANSWER || out->kind == LINK_COLLECT;
    if (err == 0 && of_request && !cli->opt.of_request) return refuse_request_link(out);
    if (err == 0) return CLI_DONE;
    if (signals_stop_asked()) return CLI_INTERRUPTED;
    say_error("that is not a link of this service, or a part of it is missing");
    say_hint("A link looks like https://HOST/#ID.KEY. Copy all of it, in quotes.");
    return CLI_USAGE;
}

enum cli_exit
cli_take_sealed_link(struct cli *cli, struct link *out) {
    enum cli_exit status = cli_take_link(cli, out);
    if (status != CLI_DONE || out->kind != LINK_CLASSIC) return status;
    say_error("classic links have no status");
    say_hint("All you can do with one is open it: secrets get LINK.");
    return CLI_USAGE;
}

/* Overwrite the user and the password in the address ${server}, an argument, which the process list
 * shows to every user. */
static void
hide_login(const char *server) {
    char *from = strstr(server, "://");
    if (from == NULL) return;

    char *end = from + 3 + strcspn(from + 3, "/?#");
    while (end > from + 3 && *end != '@')
        end--;
    if (end > from + 3) memset(from + 3, 'x', (size_t)(end - from - 3));
}

/* Set the server for new secrets: from the command line, the environment or the configuration. */
static enum cli_exit
choose_default_server(struct cli *cli) {
    const char *server = cli->opt.server;
    if (server == NULL) server = cli->env("SECRETS_SERVER");
    if (server == NULL || server[0] == '\0') server = cli->config.server;

    if (server[0] == '\0') {
        say_error("which server?");
        say_hint("Give --server URL, set SECRETS_SERVER, or put \"server = URL\" into "
                 "~/.config/secrets/config.");
        return CLI_USAGE;
    }
    if (remote_set_server(&cli->remote, server) != 0) {
        /* One with an @ may hold a password. */
        if (strchr(server, '@') != NULL) say_error("that is not the address of a server");
        else say_error("\"%s\" is not the address of a server", server);
        say_hint("An address looks like https://HOST/.");
        return CLI_USAGE;
    }
    if (server == cli->opt.server) hide_login(server);
    return CLI_DONE;
}

/* The address of the user's own server may hold a login that the server of a link asks for, too. */
static void
take_own_login(struct cli *cli) {
    const char *own = cli->env("SECRETS_SERVER");
    if (own != NULL && own[0] != '\0') (void)!remote_set_server(&cli->remote, own);
}

enum cli_exit
cli_choose_server(struct cli *cli, const struct link *link) {
    enum cli_exit status = CLI_DONE;
    bool from_link = cli->opt.server == NULL && link != NULL && link->page[0] != '\0';
    if (from_link) {
        take_own_login(cli);
        status = locate_server(&cli->remote, link->page);
    } else {
        status = choose_default_server(cli);
    }

    if (status == CLI_DONE && http_url_is_exposed(cli->remote.base))
        say_note("Note: the connection to %s is not encrypted (http).", cli->remote.base);
    return status;
}

enum cli_exit
cli_use_server(struct cli *cli, const char *server, const struct link *link) {
    if (cli->opt.server == NULL && server != NULL) {
        take_own_login(cli);
        if (link_address(server, strlen(server), cli->remote.base) == 0) return CLI_DONE;
    }
    return cli_choose_server(cli, link);
}

enum cli_exit
cli_check_token_server(const struct cli *cli, const char *server) {
    const char *given = cli->opt.server;
    if (given == NULL || server == NULL || http_url_same_origin(given, server)) return CLI_DONE;
    say_error("the owner token that is kept here belongs to %s", server);
    say_hint("Leave out --server.");
    return CLI_USAGE;
}

/* Say that the source ${method} of ${what} does not exist. */
static void
complain_no_source(const char *method, const char *what) {
    /* The user may have written the key itself after "file:". */
    if (passphrase_is_key(method)) say_error("no %s: its source does not exist", what);
    else if (strncmp(method, "env:", 4) == 0)
        say_error("no %s: the variable %s is not set", what, method + 4);
    else if (strncmp(method, "file:", 5) == 0)
        say_error("no %s: cannot open %s: %s", what, method + 5, strerror(errno));
    else say_error("no %s: there is no terminal to ask on", what);
    say_hint("Name another source: " PASSPHRASE_METHODS ".");
}

/* Say why ${what} could not be read from ${method}.  Returns the status to end with. */
static enum cli_exit
complain_ask(int err, const char *method, const char *what) {
    if (method == NULL) method = "tty";
    if (signals_stop_asked()) return CLI_INTERRUPTED; /* main prints it */

    switch (err) {
    case ERR_CONFIG: complain_no_source(method, what); return CLI_USAGE;
    case ERR_CONFLICT:
        say_error("the two entries differ");
        say_hint("Run the command again.");
        return CLI_USAGE;
    case ERR_INVALID:
        say_error("the %s from %s is empty or not UTF-8", what, method);
        say_hint("Give text in UTF-8, at least one character.");
        return CLI_USAGE;
    case ERR_TOO_LARGE:
        say_error("the %s from %s is longer than %d bytes", what, method, PASSPHRASE_MAX);
        say_hint("Give a shorter one.");
        return CLI_USAGE;
    default:
        say_error("cannot read the %s from %s", what, method);
        say_hint("Name another source: " PASSPHRASE_METHODS ".");
        return CLI_FAILED;
    }
}

/* Remove the blanks at both ends of ${text}, which copying adds. */
static void
remove_blanks(struct buf *text) {
    size_t begin = 0;
    while (text->len > 0 && isspace(text->data[text->len - 1]))
        text->len--;
    while (begin < text->len && isspace(text->data[begin]))
        begin++;
    text->len -= begin;
    memmove(text->data, text->data + begin, text->len);
}

enum cli_exit
cli_ask(struct cli *cli, const char *method, const char *what, struct buf *out) {
    char question[64];
    (void)snprintf(question, sizeof(question), "%c%s: ", what[0] - 'a' + 'A', what + 1);
    struct passphrase_source source = {.method = method, .question = question, .env = cli->env};
    int err = passphrase_read(&source, out);
    if (err != 0) return complain_ask(err, method, what);
    remove_blanks(out);
    return CLI_DONE;
}

/*
 * Ask on the terminal whether the blank at an end of a passphrase belongs to it, else say that it
 * does.  Returns CLI_DONE with ${*belongs}, or another status after printing an error.
 */
static enum cli_exit
judge_blanks(const char *method, bool *belongs) {
    *belongs = true;
    if (method != NULL && strcmp(method, "tty") != 0) {
        say_note("Note: the passphrase begins or ends with a blank, which belongs to it.");
        return CLI_DONE;
    }

    int err = terminal_confirm(
        "The passphrase begins or ends with a blank. Does the blank belong to it? [y/N] ", belongs);
    return err == 0 ? CLI_DONE : complain_ask(err, method, "passphrase");
}

enum cli_exit
cli_ask_passphrase(struct cli *cli, const char *method, bool twice, struct buf *out) {
    struct passphrase_source source = {
        .method = method,
        .question = "Passphrase: ",
        .env = cli->env,
    };
    if (twice) source.again = "Passphrase again: ";

    enum cli_exit status = CLI_DONE;
    for (bool belongs = false; status == CLI_DONE && !belongs;) {
        buf_reset(out);
        int err = passphrase_read(&source, out);
        if (err == 0) err = passphrase_normalise(out);
        if (err != 0) return complain_ask(err, method, "passphrase");

        /* The sender of a passphrase may mean any blank, a recipient copies one by mistake. */
        if (!twice) passphrase_trim_generated(out);
        if (!passphrase_has_blanks(out)) return CLI_DONE;
        status = judge_blanks(method, &belongs);
    }
    return status;
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
            say_hint("Check where the output goes, then run the same command again.");
            return CLI_FAILED;
        }
        at += (size_t)n;
    }
    buf_reset(out);
    return CLI_DONE;
}

enum cli_exit
cli_print_json(json_t *json) {
    struct buf text = BUF_INIT(JSON_OUT_MAX), shown = BUF_INIT(JSON_OUT_MAX);
    enum cli_exit status = CLI_FAILED;
    if (json != NULL && json_write(json, &text) == 0 &&
        terminal_escape_json(text.data, text.len, &shown) == 0 && buf_add_byte(&shown, '\n') == 0)
        status = cli_print(&shown);
    else if (!say_had_error()) say_no_memory();

    json_decref(json);
    buf_free(&text);
    buf_free(&shown);
    return status;
}

void
cli_time_text(int64_t when, char out[static 64]) {
    struct tm tm;
    time_t t = (time_t)when;
    int64_t now = clock_now(&clock_system);
    bool near = when > now - YEAR_OMITTED && when < now + YEAR_OMITTED;
    bool ok = localtime_r(&t, &tm) != NULL;

    if (ok && near) ok = strftime(out, 64, "%A %-d %B, %H:%M", &tm) > 0;
    else if (ok) ok = strftime(out, 64, "%A %-d %B %Y, %H:%M", &tm) > 0;
    if (!ok) (void)snprintf(out, 64, "%lld", (long long)when);
}
