/* SPDX-License-Identifier: MIT */
/*
 * The right to share at a server that limits who may: what its configuration says before anything
 * is sent, and the API token.
 */
#ifndef CLI_COMMAND_SHARING_H
#define CLI_COMMAND_SHARING_H

#include "cli/cli.h"

/*
 * Read the API token for cli->remote into ${token}: the one of --api-token, or that of the
 * configuration file if it belongs to this server.  Without one ${token} stays empty.  Returns
 * CLI_DONE, or another status after printing an error.
 */
MUST_CHECK
enum cli_exit sharing_token(struct cli *cli, struct buf *token);

/*
 * Check by ${config}, the configuration of the server, whether this user may share there with
 * ${token}, which may be empty.  A server that says nothing about it lets everybody.  Returns
 * CLI_DONE, or CLI_FORBIDDEN after printing an error.
 */
MUST_CHECK
enum cli_exit sharing_check(const struct cli *cli, const json_t *config, const struct buf *token);

/* Return whether ${resp} refuses the right to share, after printing that. */
bool sharing_was_refused(const struct cli *cli, const struct remote_response *resp,
                         const struct buf *token);

#endif
