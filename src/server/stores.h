/* SPDX-License-Identifier: MIT */
/* Opens the stores that the settings choose. */
#ifndef SERVER_STORES_H
#define SERVER_STORES_H

#include <stdbool.h>

#include "aws/transport.h"
#include "settings/table.h"
#include "vault/blobs.h"
#include "vault/store.h"

struct daily;
struct store_aws;

enum {
    STORES_PATH_MAX = 1100,
    STORES_WAIT_MS = 5000, /* longest time that a request waits for the disk or a service */
};

struct stores {
    char data[STORES_PATH_MAX]; /* the data directory */
    struct store *store;
    struct blobs *blobs;
    bool local;            /* a store keeps its data in the data directory */
    bool remote;           /* a store calls a service */
    bool records_remote;   /* that of the records does */
    bool blobs_remote;     /* that of the blobs does */
    struct store_aws *aws; /* shared by the stores in AWS; NULL if none is there */
    struct daily *daily;   /* limit of a day if a store is remote; NULL: none */
    uint64_t text_max;     /* largest classic text that the records can hold, bytes */
};

/*
 * Prepare the stores of ${s} before the process is confined: make the data directory (0700) if
 * something is kept there and it does not exist, and read the credentials of AWS.  In a volume of
 * Kubernetes the data directory is a subdirectory, because the volume is not this user's to close.
 * ${env} is asked for the endpoints and keys.  Call before other threads start.  Returns 0, or an
 * error with a line in ${reason}.  The caller closes ${out} in both cases.
 */
MUST_CHECK
int stores_prepare(const struct settings *s, const struct aws_env *env, struct stores *out,
                   struct buf *reason);

/* After stores_prepare(): open the stores of ${s} into ${out}.  Returns 0, or an error with a
 * line in ${reason}.  The caller closes ${out} in both cases. */
MUST_CHECK
int stores_open(const struct settings *s, struct stores *out, struct buf *reason);

/* Call store_aws_give_up() if a store is in AWS.  Any thread. */
void stores_give_up(const struct stores *s);

/* Finish what is running and close ${s}. */
void stores_close(struct stores *s);

#endif
