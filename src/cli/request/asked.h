/* SPDX-License-Identifier: MIT */
/*
 * A request for a secret as its asker has it, and the envelope of its description.  Main thread.
 */
#ifndef CLI_REQUEST_ASKED_H
#define CLI_REQUEST_ASKED_H

#include "cli/cli.h"
#include "cli/request/description.h"
#include "crypto/request.h"

enum {
    ASKED_ENVELOPE_MAX = 5120, /* bytes of a sealed description */
    ANSWER_WRAP_MAX = 4096,    /* bytes of what tells the asker the key of an answer */
};

/* What the asker keeps.  The seed and the link key are secrets; the caller wipes them. */
struct asked {
    char id[TOKEN_SEALED_ID_LEN + 1];
    char seed[TOKEN_LINK_KEY_LEN + 1];
    char link_key[TOKEN_LINK_KEY_LEN + 1];
    char server[LINK_PAGE_MAX]; /* "" if unknown */
    int64_t expires_at;
};

/* Seal ${description} under its own link key, which goes to ${link_key}, with keys in ${keys}.
 * Returns CLI_DONE, or CLI_FAILED after printing an error. */
MUST_CHECK
enum cli_exit asked_seal(struct cli *cli, const struct buf *description,
                         char link_key[static TOKEN_LINK_KEY_LEN + 1], struct buf *envelope,
                         struct envelope_keys *keys);

/*
 * Open ${envelope} with ${link_key} and read the description, which must have this link key.
 * Returns CLI_DONE; or CLI_DAMAGED, after printing an error, if it is another request's, was
 * changed, or is one that this program does not understand; or CLI_FAILED.
 */
MUST_CHECK
enum cli_exit asked_open(const struct buf *envelope, const char *link_key, struct description *out);

/* Keep ${a} for secrets collect.  Returns whether that worked; false where nothing is kept. */
bool asked_keep(struct cli *cli, const struct asked *a);

/*
 * Find the request of ${link}, or with NULL the only one that is kept here, and set cli->remote to
 * its server.  A link to collect needs nothing that is kept.  Returns CLI_DONE, or another status
 * after printing an error.
 */
MUST_CHECK
enum cli_exit asked_locate(struct cli *cli, const struct link *link, struct asked *out);

/* Derive the owner token and the identity of ${a}, which the caller wipes.  Returns CLI_DONE, or
 * CLI_FAILED after printing an error. */
MUST_CHECK
enum cli_exit asked_derive(const struct asked *a, char owner[static TOKEN_LEN + 1],
                           uint8_t identity[static AGE_KEY_LEN]);

#endif
