/* SPDX-License-Identifier: MIT */
/* The recipients of put --to: the public keys of those who may open a secret.  Main thread. */
#ifndef CLI_WRAP_RECIPIENTS_H
#define CLI_WRAP_RECIPIENTS_H

#include "cli/cli.h"
#include "crypto/age/file.h"

struct recipients {
    uint8_t keys[AGE_RECIPIENTS_MAX][AGE_KEY_LEN]; /* those that are X25519 */
    size_t key_count;
    char *texts[AGE_RECIPIENTS_MAX]; /* all of them as given; owned */
    size_t count;
};

/*
 * Read the recipients ${to} into ${out}, which the caller clears: each is age1..., another kind
 * that the program age knows, or @FILE with one a line.  Returns CLI_DONE, or CLI_USAGE after
 * printing an error.
 */
MUST_CHECK
enum cli_exit recipients_read(const struct option_list *to, struct recipients *out);

/* Release what ${r} holds. */
void recipients_clear(struct recipients *r);

#endif
