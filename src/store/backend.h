/* SPDX-License-Identifier: MIT */
/*
 * The backends as a table.  A row says which settings choose a backend, where the backend keeps its
 * data, what it limits and how it is opened.  secretsd chooses from lists of rows and learns from
 * the chosen ones what to prepare (server/stores.c).  The function on Lambda names the two rows in
 * AWS (lambda/main.c), so it does without SQLite.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "vault/blobs.h"
#include "vault/store.h"

struct store_aws;

/* What the stores are opened with.  An empty text is a setting that is not set. */
struct store_config {
    const char *data;         /* directory of what is kept on this machine */
    const char *dynamo_table; /* table of the records */
    const char *s3_bucket;    /* bucket of the files */
    const char *s3_sse;       /* encryption to ask S3 for; not set: by the endpoint */
    bool aws_http_anywhere;   /* AWS endpoints on other machines may do without TLS */
    uint64_t file_max;        /* largest file, bytes */
    uint64_t part_size;       /* bytes of a part */
    uint64_t min_free;        /* bytes that new content leaves free on the disk */
    bool events;              /* write events, where the backend can */
    int64_t events_days;      /* how long they are kept */
    int64_t events_max;       /* how many are kept */
    int wait_ms;              /* longest time that a call waits for the disk or a service */
    struct store_aws *aws;    /* for the backends in AWS, or NULL */
};

/* Where a backend keeps its data. */
enum store_place {
    STORE_LOCAL,     /* in config->data, within the quota */
    STORE_IN_AWS,    /* in a service of AWS, reached with config->aws */
    STORE_ELSEWHERE, /* in another service, whose calls end within config->wait_ms */
};

struct store_backend {
    const char *name; /* for messages */
    enum store_place place;

    /* Whether the settings choose it; NULL for the one that is used if they choose no other. */
    bool (*is_chosen)(const struct store_config *config);

    uint64_t text_max;  /* largest classic text, bytes; 0: no limit of its own */
    uint64_t parts_max; /* parts of one upload; 0: no limit */

    /* Open the store into ${out}, which the caller closes.  Return 0; or an error with ${out} NULL
     * and, unless memory is short, a line in ${reason}.  A backend has one of the two. */
    int (*open_records)(const struct store_config *config, struct store **out, struct buf *reason);
    int (*open_blobs)(const struct store_config *config, struct blobs **out, struct buf *reason);
};

/* DynamoDB and S3 (store/aws.c); SQLite and a directory (store/local.c). */
extern const struct store_backend store_aws_records, store_aws_blobs;
extern const struct store_backend store_local_records, store_local_blobs;

/* Returns the first backend of ${list} that ${config} chooses.  The last one has no is_chosen. */
const struct store_backend *store_backend_find(const struct store_backend *const list[],
                                               const struct store_config *config);

/* Whether ${config} keeps within the limits of ${backend}.  Returns 0; or ERR_CONFIG with a line in
 * ${reason}. */
MUST_CHECK
int store_backend_check(const struct store_backend *backend, const struct store_config *config,
                        struct buf *reason);

#endif
