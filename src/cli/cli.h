/* SPDX-License-Identifier: MIT */
/*
 * The context of a command, and what several commands share.  main sets the context up.  There is
 * no global state but for the terminal and the signals (cli/terminal/).  All functions are for the
 * main thread.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/clock.h"
#include "base/random.h"
#include "cli/address/link.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "cli/local/state.h"
#include "cli/options.h"
#include "cli/transfer/remote.h"
#include "crypto/envelope/envelope.h"

struct cli {
    const struct random *random;
    const struct clock *clock;
    char *(*env)(const char *name);
    struct options opt;
    struct config config;
    struct state state;   /* its dir is "" with --no-state */
    struct remote remote; /* its base is "" until a command chose its server */
    const char *temp_dir;
    bool bar;    /* whether to draw a progress bar */
    bool colour; /* whether standard error may be coloured */
    bool utf8;   /* whether the locale has UTF-8 */
};

/* The commands.  Each returns the exit code of the program, after printing what went wrong. */
enum cli_exit put_run(struct cli *cli);
enum cli_exit get_run(struct cli *cli);
enum cli_exit info_run(struct cli *cli);
enum cli_exit burn_run(struct cli *cli);
enum cli_exit receipt_run(struct cli *cli);
enum cli_exit passwords_run(struct cli *cli);
enum cli_exit request_run(struct cli *cli);
enum cli_exit answer_run(struct cli *cli);
enum cli_exit collect_run(struct cli *cli);

/* Open the sealed secret of ${link} on the chosen server and deliver it, as get does.  Returns as
 * the commands do. */
enum cli_exit get_deliver(struct cli *cli, struct link *link);

/* put --classic, and get of a classic link.  They return as the commands do. */
enum cli_exit classic_put(struct cli *cli);
enum cli_exit classic_get(struct cli *cli, const struct link *link);

/* put --resume.  Returns as the commands do. */
enum cli_exit resume_run(struct cli *cli);

/*
 * Parse the operand, or standard input if it is "-", as a link into ${out}, which the caller wipes.
 * A link of a request is refused, unless the command is for such links.
 * The operand is wiped from the argument list.  Returns CLI_DONE, CLI_INTERRUPTED, or CLI_USAGE
 * after printing an error.
 */
MUST_CHECK
enum cli_exit cli_take_link(struct cli *cli, struct link *out);

/* As cli_take_link(), but a classic link is CLI_USAGE too, after an error. */
MUST_CHECK
enum cli_exit cli_take_sealed_link(struct cli *cli, struct link *out);

/*
 * Set cli->remote to the server that holds ${link}, or, where ${link} is NULL, to the server for
 * new secrets.  Returns CLI_DONE, or another status after printing an error.
 */
MUST_CHECK
enum cli_exit cli_choose_server(struct cli *cli, const struct link *link);

/*
 * Set cli->remote to ${server} as it was kept in a state record, or choose a server for ${link} if
 * --server was given or ${server} is not an address.  Returns as cli_choose_server().
 */
MUST_CHECK
enum cli_exit cli_use_server(struct cli *cli, const char *server, const struct link *link);

/*
 * Check that --server, if given, is ${server}, the one that a kept owner token belongs to: a token
 * is sent to no other server.  Returns CLI_DONE, or CLI_USAGE after printing an error.
 */
MUST_CHECK
enum cli_exit cli_check_token_server(const struct cli *cli, const char *server);

/*
 * Read a passphrase from ${method} into ${out} and normalise it; on a terminal ask twice if
 * ${twice}.  The user is told of a blank at an end, and on a terminal asked whether it belongs
 * there.  Returns CLI_DONE, or another status after printing an error.
 */
MUST_CHECK
enum cli_exit cli_ask_passphrase(struct cli *cli, const char *method, bool twice, struct buf *out);

/* Read what ${what} names ("link key"), which a program generated, from ${method} into ${out},
 * without blanks at its ends.  Returns CLI_DONE, or another status after printing an error. */
MUST_CHECK
enum cli_exit cli_ask(struct cli *cli, const char *method, const char *what, struct buf *out);

/* Allocate an arena for ${cost}, which the caller frees.  Returns NULL after printing an error. */
struct kdf_arena *cli_arena(struct kdf_params cost);

/* Write ${out} to standard output and empty it.  Returns CLI_DONE, or CLI_FAILED after printing an
 * error. */
MUST_CHECK
enum cli_exit cli_print(struct buf *out);

/* Print ${json} on one line and release it; NULL counts as a failed allocation.  Returns as
 * cli_print(). */
MUST_CHECK
enum cli_exit cli_print_json(json_t *json);

/* Write ${when} to ${out} in the user's time zone: "Friday 27 November, 14:05", with the year if it
 * is far from now. */
void cli_time_text(int64_t when, char out[static 64]);

#endif
