/* SPDX-License-Identifier: MIT */
/* The owner token that burn and receipt need. */
#ifndef CLI_COMMAND_OWNER_TOKEN_H
#define CLI_COMMAND_OWNER_TOKEN_H

#include "cli/cli.h"

enum { OWNER_TOKEN_MAX = 4096 };

/*
 * Get the owner token of ${link}, from --token or the state directory, into ${token}, and choose
 * the server that the secret is on.  ${token} is initialised with the limit OWNER_TOKEN_MAX; the
 * caller frees it in every case.  Returns CLI_DONE; CLI_WRONG if there is no token; or another
 * status.  All but CLI_DONE after printing an error.
 */
MUST_CHECK
enum cli_exit owner_token_find(struct cli *cli, const struct link *link, struct buf *token);

#endif
