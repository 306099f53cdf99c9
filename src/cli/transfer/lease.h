/* SPDX-License-Identifier: MIT */
/*
 * Opening a sealed secret: derive its keys, show the server the proof, and turn one view into a
 * lease.  The program names the lease before it asks the server, and keeps its name, so that an
 * interrupted run can be continued with the same view.  Main thread.
 */
#ifndef CLI_TRANSFER_LEASE_H
#define CLI_TRANSFER_LEASE_H

#include "cli/cli.h"

struct lease {
    const char *id;
    char state_name[LINK_PAGE_MAX + TOKEN_SEALED_ID_LEN + 2]; /* of its record: "SERVER ID" */
    char token[TOKEN_LEN + 1];
    struct envelope_keys keys;
    uint64_t size;      /* of the whole envelope */
    uint32_t part_size; /* 0 if the response had the content */
    int64_t views_left; /* after this view */
    struct buf content; /* the envelope, where part_size is 0 */
    bool is_new;        /* no earlier run named it */
    char *temp;         /* unfinished file of an earlier run under the same lease, or NULL */
    int users;          /* lock that every process with this lease shares; -1 for none */
};

/*
 * Open ${link} on the chosen server and fill ${out}, which the caller clears in every case.  Asks
 * the user for a missing link key, which is added to ${link}, and for a passphrase.  Returns
 * CLI_DONE, or another status after printing an error.
 */
MUST_CHECK
enum cli_exit lease_open(struct cli *cli, struct link *link, struct lease *out);

/* Return whether no other process of this user still receives with ${l}.  From then on none
 * begins to. */
bool lease_is_mine_alone(const struct lease *l);

/* Wipe and release what ${l} holds. */
void lease_clear(struct lease *l);

/* Keep the lease ${l}, and that its content is being written to the file ${temp}, which may not
 * exist yet; NULL for none.  Returns whether that worked, and prints a note if not. */
bool lease_remember(struct cli *cli, const struct lease *l, const char *temp);

/* End the lease ${l} after its content was received, or burn the whole secret if ${burn}, and
 * forget it.  Returns whether the server confirms that, and prints a note if not. */
bool lease_end(struct cli *cli, const struct lease *l, bool burn);

#endif
