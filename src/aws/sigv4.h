/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4 in three pure steps: canonical request, string to sign, signature.  Time
 * is an argument; keys are wiped from every place that they passed.  Safe from any thread.
 *
 * Two sets of rules exist for the path: every service but S3 normalizes it and encodes what is on
 * the wire once more; S3 signs the path as it is on the wire.
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    SIGV4_HASH_HEX = 64,       /* characters of a SHA-256 in hexadecimal */
    SIGV4_DATE_LEN = 16,       /* "20150830T123600Z" */
    SIGV4_HEADERS_MAX = 24,    /* headers of one request */
    SIGV4_PARAMETERS_MAX = 32, /* parameters of one query */
    SIGV4_TEXT_MAX = 65536,    /* any text that signing makes */
    SIGV4_EXPIRES_MAX = 7 * 24 * 60 * 60,
};

/* What S3 takes in place of the hash of a body that is not signed. */
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_keys {
    const char *id;
    const char *secret;
    const char *token; /* session token, or NULL */
};

struct sigv4_scope {
    int64_t time; /* seconds since 1970-01-01 UTC, at least 0 */
    const char *region;
    const char *service;
};

struct sigv4_header {
    const char *name;
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;                   /* as on the wire, begins with '/' */
    const char *query;                  /* as on the wire, without '?'; "" for none */
    const struct sigv4_header *headers; /* every header that is to be signed */
    size_t header_count;
    const char *payload_hash; /* sigv4_hash_hex() of the body, or SIGV4_UNSIGNED */
    bool path_as_is;          /* S3: neither normalize nor encode the path */
    bool path_not_normalized; /* encode the path, but leave its dots and slashes */
};

/* SHA-256 of ${len} bytes in lower-case hexadecimal, and a NUL. */
void sigv4_hash_hex(const void *data, size_t len, char out[static SIGV4_HASH_HEX + 1]);

/* ${time} as a header says it ("20150830T123600Z"), and a NUL. */
void sigv4_date(int64_t time, char out[static SIGV4_DATE_LEN + 1]);

/* Append ${text} percent-encoded as SigV4 does it; '/' stays where ${keep_slash}.  Returns as
 * buf_add(). */
MUST_CHECK
int sigv4_encode(const char *text, size_t len, bool keep_slash, struct buf *out);

/*
 * Step 1: append the canonical form of ${req} to ${out}, and the names of the signed headers
 * ("host;x-amz-date") to ${signed_names}.  Returns 0, ERR_INVALID, ERR_TOO_LARGE or ERR_NOMEM.
 */
MUST_CHECK
int sigv4_canonical_request(const struct sigv4_request *req, struct buf *out,
                            struct buf *signed_names);

/* Step 2: append the string to sign for the canonical request ${canonical} to ${out}.  Returns as
 * buf_add(). */
MUST_CHECK
int sigv4_string_to_sign(const struct buf *canonical, const struct sigv4_scope *scope,
                         struct buf *out);

/* Step 3: the signature of ${string} under ${secret}, in hexadecimal, and a NUL.  Returns 0 or
 * ERR_CRYPTO. */
MUST_CHECK
int sigv4_signature(const char *secret, const struct sigv4_scope *scope, const struct buf *string,
                    char out[static SIGV4_HASH_HEX + 1]);

/*
 * All three for a request whose headers already hold Host, X-Amz-Date and, where the keys have one,
 * X-Amz-Security-Token: append the value of its Authorization header to ${out}.  Returns 0 or what
 * the steps return.
 */
MUST_CHECK
int sigv4_authorization(const struct sigv4_request *req, const struct sigv4_keys *keys,
                        const struct sigv4_scope *scope, struct buf *out);

/*
 * Append the query of ${req}, its parameters in the order that they had, with what makes it a
 * presigned one for ${expires} seconds (1 .. SIGV4_EXPIRES_MAX) to ${out}.  A session token is
 * signed unless ${token_unsigned}.  Returns 0 or what the steps return.
 */
MUST_CHECK
int sigv4_presign(const struct sigv4_request *req, const struct sigv4_keys *keys,
                  const struct sigv4_scope *scope, int64_t expires, bool token_unsigned,
                  struct buf *out);

/*
 * Append to ${out} the query of ${req} as sigv4_presign() signs it: with the parameters of a
 * presigned request but the signature.  Returns as the steps.
 */
MUST_CHECK
int sigv4_presign_unsigned(const struct sigv4_request *req, const struct sigv4_keys *keys,
                           const struct sigv4_scope *scope, int64_t expires, bool with_token,
                           struct buf *out);

#endif
