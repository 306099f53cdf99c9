/* SPDX-License-Identifier: MIT */
/* The headers of a request to the server. */
#ifndef CLI_TRANSFER_FIELDS_H
#define CLI_TRANSFER_FIELDS_H

#include "cli/transfer/remote.h"

enum { FIELDS_MAX = 4, FIELDS_TOKEN_MAX = 128 };

/* ${token} is a secret and is wiped by the caller. */
struct fields {
    struct http_field fields[FIELDS_MAX];
    size_t count;
    char token[FIELDS_TOKEN_MAX];
};

/*
 * Set ${out} to the headers of ${call} at the base of ${r}.  A login goes with requests to its own
 * origin.  The token goes in Authorization, or in Secrets-Token if Authorization holds a login or
 * something before the server claims it.  ${out} points into ${r} and ${call}.  Returns whether a
 * token goes in Secrets-Token.  Any thread.
 */
bool fields_set(struct remote *r, const struct remote_call *call, struct fields *out);

#endif
