/* SPDX-License-Identifier: MIT */
/*
 * Opening a sealed secret: its keys are derived, its server is shown the proof, and one view
 * becomes a lease.  The lease is named before the server is asked and remembered, so that whatever
 * is interrupted goes on with the same view.
 */
#ifndef CLI_TRANSFER_LEASE_H
#define CLI_TRANSFER_LEASE_H

#include "cli/cli.h"

struct lease {
    const char *id;
    char token[TOKEN_LEN + 1];
    struct envelope_keys keys;
    uint64_t size;      /* of the whole envelope */
    uint32_t part_size; /* 0 if the content came with the answer */
    int64_t views_left; /* after this one */
    int64_t expires_at; /* when the lease lapses if nothing more is fetched */
    struct buf content; /* the envelope, if inline */
    bool is_new;        /* no earlier run named it */
    char *temp;         /* unfinished file of an earlier run under the same lease, or NULL */
};

/*
 * Open ${link} on the chosen server, asking for what is missing, and fill ${out}, which the caller
 * clears in every case.  Returns CLI_DONE, or another after saying why.
 */
MUST_CHECK
enum cli_exit lease_open(struct cli *cli, struct link *link, struct lease *out);

/* Wipe and release what ${l} holds. */
void lease_clear(struct lease *l);

/* Remember that the lease's content goes into the unfinished file ${temp}. */
void lease_remember(struct cli *cli, const struct lease *l, const char *temp);

/* All of it is here: end the lease, or have the whole secret burnt, and forget it. */
void lease_end(struct cli *cli, const struct lease *l, bool burn);

#endif
