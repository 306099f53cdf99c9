/* SPDX-License-Identifier: MIT */
/* The configuration of the server, as a command that shares needs it.  Main thread. */
#ifndef CLI_COMMAND_SERVER_CONFIG_H
#define CLI_COMMAND_SERVER_CONFIG_H

#include "cli/transfer/seal.h"

/* Limits and defaults of the server. */
struct server_config {
    struct seal_limits limits;
    int64_t ttl_default, ttl_max, views_max;
    char page[LINK_PAGE_MAX];
    bool gate;     /* it checks a gate before it counts attempts */
    bool wrap;     /* it keeps a passphrase that is encrypted to keys */
    bool requests; /* it takes requests for a secret */
    bool passphrase_required;
};

/*
 * Ask the chosen server.  With ${api_token}, which may be empty, also check that this user may
 * share there, and choose the page for links; with NULL neither is done.  Returns CLI_DONE, or
 * another status after printing an error.
 */
MUST_CHECK
enum cli_exit server_config_ask(struct cli *cli, const struct buf *api_token,
                                struct server_config *out);

#endif
