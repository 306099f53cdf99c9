/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4 in three pure steps: canonical request, string to sign, signature.  The
 * time is an argument.  Keys are wiped from every buffer they pass through.  Any thread.
 *
 * There are two rules for the path.  Every service except S3 normalizes it and percent-encodes the
 * path of the request line once more.  S3 signs the path as it is in the request line.
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
    SIGV4_TEXT_MAX = 65536,    /* bytes of any text made while signing */
};

struct sigv4_keys {
    const char *id;
    const char *secret;
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
    const char *path;                   /* as in the request line, begins with '/' */
    const char *query;                  /* as in the request line, without '?'; "" for none */
    const struct sigv4_header *headers; /* every header to be signed */
    size_t header_count;
    const char *payload_hash; /* sigv4_hash_hex() of the body */
    bool path_as_is;          /* S3: neither normalize nor encode the path */
};

/* Write the SHA-256 of the ${len} bytes at ${data} to ${out}, in lower-case hexadecimal and a
 * NUL. */
void sigv4_hash_hex(const void *data, size_t len, char out[static SIGV4_HASH_HEX + 1]);

/* Write ${time} to ${out} as X-Amz-Date has it ("20150830T123600Z"), and a NUL. */
void sigv4_date(int64_t time, char out[static SIGV4_DATE_LEN + 1]);

/* Append the ${len} characters at ${text} to ${out}, percent-encoded as SigV4 requires.  With
 * ${keep_slash} a '/' is not encoded.  Returns as buf_add(). */
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

/* Step 3: write the signature of ${string} under ${secret} to ${out}, in hexadecimal and a NUL.
 * Returns 0 or ERR_CRYPTO. */
MUST_CHECK
int sigv4_signature(const char *secret, const struct sigv4_scope *scope, const struct buf *string,
                    char out[static SIGV4_HASH_HEX + 1]);

/*
 * All three steps: append the value of the Authorization header of ${req} to ${out}.  The headers
 * of ${req} must hold Host, X-Amz-Date and, for temporary keys, X-Amz-Security-Token.  Returns 0,
 * or what a step returned.
 */
MUST_CHECK
int sigv4_authorization(const struct sigv4_request *req, const struct sigv4_keys *keys,
                        const struct sigv4_scope *scope, struct buf *out);

#endif
