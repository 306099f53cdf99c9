/* SPDX-License-Identifier: MIT */
/*
 * The parts of a sealed envelope on their way up: several at once, each tried again until the
 * server has it, from a file of sealed bytes that stays as it is.
 */
#ifndef CLI_TRANSFER_UPLOAD_H
#define CLI_TRANSFER_UPLOAD_H

#include "cli/cli.h"

struct upload {
    const char *id;
    const char *owner_token;
    int sealed;    /* file of the whole envelope */
    uint64_t size; /* its length */
    uint32_t part_size;
    const char *label; /* for the progress bar */
    int done_log;      /* where acknowledged parts are noted, -1 for nowhere */
    uint8_t *done;     /* one byte a part: not 0 if the server has it; NULL for none yet */
};

/* How many parts ${u} has. */
uint32_t upload_parts(const struct upload *u);

/*
 * Send what is missing and complete the secret.  Returns CLI_DONE, or why not: CLI_INTERRUPTED and
 * CLI_NETWORK can be gone on with.  Says what is wrong but for those two; ${resp} (cleared by the
 * caller) has the last answer.
 */
MUST_CHECK
enum cli_exit upload_run(struct cli *cli, const struct upload *u, struct remote_response *resp);

#endif
