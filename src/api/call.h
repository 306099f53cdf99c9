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

    /* Of a route with ROUTE_LATER: if not NULL, the handler does not block, and sets ${progress} if
     * the response is not complete when it returns. */
    struct api_later *later;
    enum api_progress progress;
};

/* A call whose response follows a write of the store.  The struct of its handler begins with it. */
struct api_pending {
    struct api_call call;
    struct store_later write;
    size_t size; /* of the handler's struct */

    /* Make the response of the outcome, or set call.progress to API_BLOCKS. */
    void (*finish)(struct api_pending *p);
};

/*
 * Make the struct of a handler, ${size} bytes, for ${call}, whose response ${finish} will make.
 * Returns it zeroed but for its struct api_pending; or NULL, with the response, if memory is short.
 */
void *call_pend(const struct api_call *call, size_t size, void (*finish)(struct api_pending *p));

/* Wipe and free the struct of a handler. */
void call_pending_free(struct api_pending *p);

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

/* Name the secret ${id} in the log by a tag that does not reveal the id. */
void call_about(struct api_call *call, const char *id);

#endif
