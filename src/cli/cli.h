/* SPDX-License-Identifier: MIT */
/*
 * What every command works with.  Set up by main; nothing in it is global.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/clock.h"
#include "base/random.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "cli/local/state.h"
#include "cli/options.h"
#include "cli/transfer/link.h"
#include "cli/transfer/remote.h"
#include "crypto/envelope/envelope.h"

struct cli {
    const struct random *random;
    const struct clock *clock;
    char *(*env)(const char *name);
    struct options opt;
    struct config config;
    struct state state;   /* nowhere with --no-state */
    struct remote remote; /* base "" until a command chose its server */
    const char *temp_dir;
    bool bar;    /* whether to draw progress */
    bool colour; /* whether standard error may be coloured */
};

/* The commands: each returns what the program ends with, after saying what went wrong. */
enum cli_exit put_run(struct cli *cli);
enum cli_exit get_run(struct cli *cli);
enum cli_exit info_run(struct cli *cli);
enum cli_exit burn_run(struct cli *cli);
enum cli_exit receipt_run(struct cli *cli);
enum cli_exit passwords_run(struct cli *cli);

/* put --classic and get of a classic link. */
enum cli_exit classic_put(struct cli *cli);
enum cli_exit classic_get(struct cli *cli, const struct link *link);

/* put --resume. */
enum cli_exit resume_run(struct cli *cli);

/* Take the operand, or standard input for "-", as a link into ${out}, which the caller wipes; the
 * argument is wiped.  Returns CLI_DONE or CLI_USAGE. */
MUST_CHECK
enum cli_exit cli_take_link(struct cli *cli, struct link *out);

/* Choose the server that ${link} is on, or where new secrets go if ${link} is NULL. */
MUST_CHECK
enum cli_exit cli_choose_server(struct cli *cli, const struct link *link);

/* Read a passphrase by ${method} into ${out}, normalised; twice with ${again}.  Says
 * what failed. */
MUST_CHECK
enum cli_exit cli_ask_passphrase(struct cli *cli, const char *method, bool again, struct buf *out);

/* Read what ${what} names ("link key") by ${method} into ${out}, as it is.  Says what failed. */
MUST_CHECK
enum cli_exit cli_ask(struct cli *cli, const char *method, const char *what, struct buf *out);

/* An arena for ${cost}, or NULL after saying that memory is short. */
struct kdf_arena *cli_arena(struct kdf_params cost);

/* Write ${out} to standard output and empty it.  Returns CLI_DONE or CLI_FAILED. */
MUST_CHECK
enum cli_exit cli_print(struct buf *out);

/* Print ${json}, which is released, on one line.  Returns as cli_print(). */
MUST_CHECK
enum cli_exit cli_print_json(json_t *json);

/* "Friday 27 November, 14:05" in the user's time zone. */
void cli_time_text(int64_t when, char out[static 64]);

/* A path of the API behind the base: "api/v1/secrets/ID" and what ${more} prints behind it. */
enum { CLI_PATH_MAX = 128 };
void cli_secret_path(char out[static CLI_PATH_MAX], const char *id, const char *more);

#endif
