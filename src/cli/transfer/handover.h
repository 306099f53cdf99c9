/* SPDX-License-Identifier: MIT */
/*
 * What whoever shares a secret gets: the link, told once, and the owner token, kept for later.
 */
#ifndef CLI_TRANSFER_HANDOVER_H
#define CLI_TRANSFER_HANDOVER_H

#include "cli/cli.h"

struct handover {
    const char *page;
    char id[TOKEN_SEALED_ID_LEN + 1];
    char link_key[TOKEN_LINK_KEY_LEN + 1];
    char owner_token[TOKEN_LEN + 1];
    int64_t expires_at;
    bool shown; /* the link was printed */
};

/* Print the link, and the key on a line of its own with --key-apart; the QR code with --qr.
 * Nothing the second time.  Returns CLI_DONE or CLI_FAILED. */
MUST_CHECK
enum cli_exit handover_print(struct cli *cli, struct handover *h);

/* Write the record that put --resume goes on with. */
void handover_remember_upload(struct cli *cli, const struct handover *h, uint64_t size,
                              uint32_t part_size);

/* Keep the owner token of a finished secret, print the link or JSON, and say what will happen.
 * Returns CLI_DONE or CLI_FAILED. */
MUST_CHECK
enum cli_exit handover_finish(struct cli *cli, struct handover *h);

/*
 * The upload ended with ${status}, for now; ${resp} is the last answer.  With ${kept} another run
 * can go on: the link is printed, for its key is nowhere else.  Returns CLI_UNFINISHED, or
 * ${status}.
 */
MUST_CHECK
enum cli_exit handover_interrupted(struct cli *cli, struct handover *h, bool kept,
                                   enum cli_exit status, const struct remote_response *resp);

/* Keep the token of ${id} for burn and receipt; quiet where nothing is to be kept. */
void handover_keep_token(struct cli *cli, const char *id, const char *token, int64_t expires_at);

#endif
