/* SPDX-License-Identifier: MIT */
/*
 * Opens the stores that the settings name.
 */
#ifndef SERVER_STORES_H
#define SERVER_STORES_H

#include <stdbool.h>

#include "aws/transport.h"
#include "settings/table.h"
#include "vault/blobs.h"
#include "vault/store.h"

struct store_aws;

struct stores {
    struct store *store;
    struct blobs *blobs;
    struct store_aws *aws; /* what those in AWS share; NULL if none is there */
    uint64_t text_max;     /* largest classic text that the records can hold */
};

/*
 * Before the process is confined: make the data directory (0700) if something is to be kept there
 * and it is not there, and make ready what AWS takes, its keys included; ${env} is asked where AWS
 * is.  Call before other threads start.  Returns 0, or an error with the reason in ${why}; close
 * ${out} in every case.
 */
MUST_CHECK
int stores_prepare(const struct settings *s, const struct aws_env *env, struct stores *out,
                   struct buf *why);

/*
 * After stores_prepare(): open what ${s} asks for into ${out}, which the caller closes.  Returns 0;
 * or an error with the reason in ${why}.
 */
MUST_CHECK
int stores_open(const struct settings *s, struct stores *out, struct buf *why);

/* Whether something is kept in the data directory. */
bool stores_are_here(const struct settings *s);

/* store_aws_give_up(), if something is in AWS.  Any thread. */
void stores_give_up(const struct stores *s);

/* Finish what runs and close ${s}. */
void stores_close(struct stores *s);

#endif
