/* SPDX-License-Identifier: MIT */
/*
 * What the files of the blob store in S3 share: blobs_s3.c stands on blobs_s3_erase.c, and both on
 * blobs_s3_call.c.
 */
#ifndef STORE_S3_INTERNAL_H
#define STORE_S3_INTERNAL_H

#include <pthread.h>

#include "crypto/token.h"
#include "store/s3/blobs.h"

enum {
    BUCKET_MAX = 63,
    PATH_MAX_LEN = 160,
    REPLY_MAX = 64 * 1024, /* answers that hold no piece */
    S3_ERASES_MAX = 32,    /* that are remembered */
};

/* An erase that runs, or was left: the pieces from ${first} to before ${next} are gone. */
struct s3_erase_left {
    char name[TOKEN_BLOB_LEN + 1]; /* "" for none */
    uint32_t first, next;
    uint64_t number; /* of the erase, from 1 on */
};

struct s3 {
    struct blobs base;
    struct aws_service service;
    char prefix[BUCKET_MAX + 2]; /* of every path: "/BUCKET", or "" where the host names it */
    char sse[32];                /* "" for none */
    bool conditional;            /* the service honours If-None-Match */
    int erase_ms;
    pthread_mutex_t lock; /* for what is below */
    uint64_t erases;      /* so far */
    struct s3_erase_left left[S3_ERASES_MAX];
};

/* What one request gave. */
enum outcome { DONE, ABSENT, THERE, AGAIN, UNKNOWN, BROKEN, TOO_LARGE, NOMEM };

struct request {
    enum http_method method;
    const char *path, *query; /* no query: NULL */
    const void *body;
    size_t body_len;
    const char *md5; /* of the body, in base64; NULL: not told */
    bool if_absent;
};

/* Send ${r} once; ${reply} gets the body of the answer. */
enum outcome s3_call(struct s3 *s, const struct request *r, struct buf *reply);

/* The same within the budget of tries, for what may be done twice.  ${unknown} (may be NULL) is
 * set if an outcome on the way was not known. */
enum outcome s3_call_again(struct s3 *s, const struct request *r, struct buf *reply, bool *unknown);

/* Whether ${name} is a file of pysecrets: one object, whose bytes are base64. */
bool s3_is_classic(const char *name);

/* The path of piece ${k} of ${name}. */
void s3_path(const struct s3 *s, const char *name, uint32_t k, char out[static PATH_MAX_LEN]);

/* blobs_ops.erase, and what it keeps in ${s}. */
MUST_CHECK
int s3_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count);

/* A piece of ${name} was put, maybe behind the back of an erase: one that was left begins anew. */
void s3_erase_forget(struct s3 *s, const char *name);

void s3_erase_open(struct s3 *s, int erase_ms);
void s3_erase_close(struct s3 *s);

#endif
