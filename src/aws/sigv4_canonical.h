/* SPDX-License-Identifier: MIT */
/* The parts of a canonical request (sigv4.h, step 1), each a pure function. */
#ifndef AWS_SIGV4_CANONICAL_H
#define AWS_SIGV4_CANONICAL_H

#include "aws/sigv4.h"

/* Append ${path} to ${out}, with dot segments resolved and slashes merged.  Returns as
 * buf_add(). */
MUST_CHECK
int sigv4_canonical_normalize(const char *path, struct buf *out);

/* Append the path of ${req} to ${out}, as its service signs it.  Returns as buf_add(). */
MUST_CHECK
int sigv4_canonical_path(const struct sigv4_request *req, struct buf *out);

/* Append the parameters of ${query} to ${out}: decoded, encoded again and sorted.  Returns as
 * sigv4_canonical_request(). */
MUST_CHECK
int sigv4_canonical_query(const char *query, struct buf *out);

/* Append the headers of ${req} to ${out}, one a line, and their names to ${names}.  Returns
 * as sigv4_canonical_request(). */
MUST_CHECK
int sigv4_canonical_headers(const struct sigv4_request *req, struct buf *out, struct buf *names);

#endif
