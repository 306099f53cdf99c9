/* SPDX-License-Identifier: MIT */
/* What the files of the S3 blob store share: call.c, then erase.c and put.c on it, then blobs.c. */
#ifndef STORE_S3_INTERNAL_H
#define STORE_S3_INTERNAL_H

#include <pthread.h>

#include "crypto/token.h"
#include "store/s3/blobs.h"

enum {
    S3_BUCKET_MAX = 63,
    S3_PREFIX_MAX = AWS_PATH_MAX + 1 + S3_BUCKET_MAX,
    S3_PATH_MAX = S3_PREFIX_MAX + 96,
    S3_RESPONSE_MAX = 64 * 1024, /* a response that holds no part */
    S3_ERASES_MAX = 32,          /* erases that are remembered */
};

/* An erase that is running or was abandoned.  Parts ${first} .. ${next} - 1 are gone. */
struct s3_erase_state {
    char name[TOKEN_BLOB_LEN + 1]; /* "" for none */
    uint32_t first, next;
    uint64_t number; /* of the erase, from 1 */
};

struct s3 {
    struct blobs base;
    struct aws_service service;
    char prefix[S3_PREFIX_MAX + 1]; /* of every path: "/BUCKET", behind the endpoint's own path;
                                     * or "" if the host names the bucket */
    char sse[32];                   /* "" for none */
    bool conditional;               /* the service honours If-None-Match */
    int erase_ms;
    pthread_mutex_t lock; /* guards the members below */
    uint64_t erases;      /* so far */
    struct s3_erase_state erase_states[S3_ERASES_MAX];
};

enum s3_outcome {
    S3_DONE,
    S3_ABSENT,      /* no such object */
    S3_PRESENT,     /* If-None-Match found an object */
    S3_NOT_DONE,    /* throttled or never arrived: repeat it */
    S3_UNKNOWN,     /* it may have been done */
    S3_REFUSED,     /* for good: no such bucket, no permission, wrong region */
    S3_UNSUPPORTED, /* the service does not know the header or the operation */
    S3_TOO_LARGE,   /* the response exceeds its limit */
    S3_NOMEM,
};

struct s3_request {
    enum http_method method;
    const char *path, *query; /* no query: NULL */
    const void *body;
    size_t body_len;
    const char *md5; /* of the body, in base64; NULL: not sent */
    bool if_absent;  /* only if no object of that name is there */
};

/* Send ${r} once.  ${response} gets the body of the response. */
enum s3_outcome s3_call(struct s3 *s, const struct s3_request *r, struct buf *response);

/* Send ${r}, which may be done twice, until it is done or the attempts of aws_retry are used up.
 * Sets ${unknown} (NULL: not of interest) if the outcome of an attempt was unknown. */
enum s3_outcome s3_call_again(struct s3 *s, const struct s3_request *r, struct buf *response,
                              bool *unknown);

enum { S3_WORD_MAX = 40 };

/* Copy the text of the first element ${tag} of the error document ${response} to ${out}, if it
 * is one word of letters, digits and hyphens; else "". */
void s3_error_word(struct buf *response, const char *tag, char out[static S3_WORD_MAX + 1]);

/* Whether ${name} is a file of pysecrets: one object, in base64. */
bool s3_is_classic(const char *name);

/* Write the path of part ${k} of ${name} to ${out}. */
void s3_path(const struct s3 *s, const char *name, uint32_t k, char out[static S3_PATH_MAX]);

/* Read the object at ${path} and append it to ${out}, decoded if ${base64}.  Returns as
 * blobs_ops.get. */
MUST_CHECK
int s3_fetch(struct s3 *s, const char *path, bool base64, struct buf *out);

/* The put and erase of blobs_ops. */
MUST_CHECK
int s3_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len);
MUST_CHECK
int s3_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count);

/* A part of ${name} was put, perhaps one that an abandoned erase had removed: that erase starts
 * again. */
void s3_erase_forget(struct s3 *s, const char *name);

void s3_erase_open(struct s3 *s, int erase_ms);
void s3_erase_close(struct s3 *s);

#endif
