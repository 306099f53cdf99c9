/* SPDX-License-Identifier: MIT */
/*
 * What the sender gets of a secret: the link, which is printed once, and the owner token, which is
 * kept.  Main thread.
 */
#ifndef CLI_TRANSFER_HANDOVER_H
#define CLI_TRANSFER_HANDOVER_H

#include "cli/cli.h"
#include "cli/transfer/seal.h"

struct handover {
    const char *page;
    char id[TOKEN_SEALED_ID_LEN + 1];
    char link_key[TOKEN_LINK_KEY_LEN + 1];
    char owner_token[TOKEN_LEN + 1];
    uint64_t content_size;
    int64_t expires_at;
    bool shown; /* the link was printed */
};

/*
 * Read the id, the owner token and the time from ${json}, the response to the call that stored or
 * began ${s}, into ${h}, and the size of its parts, 0 without any, into ${part_size}.  Returns
 * CLI_DONE, or CLI_DAMAGED with nothing changed.
 */
MUST_CHECK
enum cli_exit handover_read(struct handover *h, const struct sealed *s, const json_t *json,
                            uint32_t *part_size);

/* Print the link of ${h}, with --key-apart also the key on a line of its own, with --qr also the QR
 * code.  Prints nothing if h->shown, unless the terminal may have lost it.  Returns CLI_DONE or
 * CLI_FAILED. */
MUST_CHECK
enum cli_exit handover_print(struct cli *cli, struct handover *h);

/* Draw a QR code of ${link} on standard error, or print a note where it does not fit. */
void handover_show_qr(const struct cli *cli, const char *link);

/*
 * Keep what put --resume needs of an upload in parts of ${part_size}: the sealed bytes, whose path
 * in ${s} changes, and a record, which holds ${complete}, the body of the call that completes it,
 * or NULL.  Returns whether it is kept; prints a note where that fails, but none where nothing is
 * kept.
 */
bool handover_remember_upload(struct cli *cli, const struct handover *h, struct sealed *s,
                              uint32_t part_size, json_t *complete);

/* Keep the owner token of the finished secret ${h}, print its link or JSON, and how often and until
 * when it opens.  Returns CLI_DONE or CLI_FAILED. */
MUST_CHECK
enum cli_exit handover_finish(struct cli *cli, struct handover *h);

/*
 * End a run whose upload stopped with ${status} and the last response ${resp}.  With ${kept}
 * another run can continue it, so the link is printed: its key is stored nowhere.  Returns
 * CLI_UNFINISHED, or ${status}, after printing an error.
 */
MUST_CHECK
enum cli_exit handover_interrupted(struct cli *cli, struct handover *h, bool kept,
                                   enum cli_exit status, const struct remote_response *resp);

/* Keep the owner token ${token} of ${id} for burn and receipt.  Prints a note where that fails,
 * which for an ${answer} does not name --json: that prints no token of an answer. */
void handover_keep_token(struct cli *cli, const char *id, const char *token, int64_t expires_at,
                         bool answer);

#endif
