/* SPDX-License-Identifier: MIT */
/* How one event is delivered: to a webhook, or to a program. */
#ifndef CTL_DELIVERY_H
#define CTL_DELIVERY_H

#include "base/buf.h"
#include "crypto/audit/audit.h"
#include "http/client.h"

enum {
    DELIVERY_KEY_MIN = 24, /* bytes of a key, by Standard Webhooks */
    DELIVERY_KEY_MAX = 64,
};

enum delivery_result {
    DELIVERY_DONE,
    DELIVERY_FAILED, /* it may succeed later */
    DELIVERY_GONE,   /* the receiver wants no events any more */
};

struct delivery {
    const char *url; /* of a webhook; NULL for a program */
    struct http_client *client;
    uint8_t key[DELIVERY_KEY_MAX];
    size_t key_len;
    char *const *command; /* the program and its arguments */

    /* Set by delivery_try(). */
    char reason[160];    /* why it failed */
    int64_t retry_after; /* seconds that the receiver asked for; -1 for none */
};

/*
 * Deliver ${line}, the event ${e} as a JSON object of ${len} characters without an end of line.  A
 * webhook gets a POST with the headers of Standard Webhooks (standardwebhooks.com), whose
 * webhook-id is the event's hash.  A program gets the line on its standard input, without a shell,
 * and must end with 0 within a minute.
 */
enum delivery_result delivery_try(struct delivery *d, const struct audit_event *e, const char *line,
                                  size_t len);

/* Read the signing key ${text}, "whsec_" and base64 of 24 to 64 bytes, into ${d}.  Returns 0 or
 * ERR_INVALID. */
MUST_CHECK
int delivery_read_key(struct delivery *d, const char *text);

#endif
