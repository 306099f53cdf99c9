/* SPDX-License-Identifier: MIT */
/*
 * One call of a handler: the request, the response, and what the path and headers give.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "crypto/kdf/turns.h"
#include "crypto/token.h"

struct api_call {
    struct api *api;
    const struct http_request *req;
    struct buf *body; /* that of ${req}, which a handler may empty; NULL in a check */
    struct http_response *resp;
    char id[TOKEN_SEALED_ID_LEN + 1]; /* from the path; "" if that has no valid id */
    bool part_ok;                     /* the path names a part */
    uint32_t part;
    const char *token; /* never NULL in a route with ROUTE_TOKEN */
};

/*
 * The token of ${req}: that of "Secrets-Token: TOKEN", or else of "Authorization: Bearer TOKEN".
 * The first is for clients whose Authorization something in front of the server uses.  Returns NULL
 * if there is none of valid form.
 */
const char *call_token(const struct http_request *req);

/*
 * Charge ${c}, which lives for ${ttl} seconds, to the shares of the client's network: of the quota,
 * and of the day for what is in a remote store.  Returns 0, or ERR_FULL with nothing charged.  If
 * nothing is stored in the end, call_storage_return() takes the charge back, with the same ${ttl}.
 */
MUST_CHECK
int call_storage_take(struct api_call *call, const struct vault_charge *c, int64_t ttl);
void call_storage_return(struct api_call *call, const struct vault_charge *c, int64_t ttl);

/*
 * As call_storage_take(), but charges nothing.  For an upload as it begins: each of its parts is
 * charged when it arrives, but one that cannot fit is refused at once.
 */
MUST_CHECK
int call_storage_check(struct api_call *call, const struct vault_charge *c);

/* The client of ${call}, for its share of the derivations. */
struct turns_client call_turns(const struct api_call *call);

/* Name the secret ${id} in the log by a tag that does not reveal the id. */
void call_about(struct api_call *call, const char *id);

#endif
