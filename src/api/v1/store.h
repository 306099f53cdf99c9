/* SPDX-License-Identifier: MIT */
/* What the handlers share that store a secret: create, and the beginning of an answer. */
#ifndef API_V1_STORE_H
#define API_V1_STORE_H

#include "api/call.h"
#include "api/fields.h"
#include "api/upload_limits.h"
#include "vault/sealed.h"

/* A secret that was stored. */
struct v1_stored {
    char id[TOKEN_SEALED_ID_LEN + 1]; /* "" if it was not */
    struct store_ref ref;
};

/* Bytes of the largest envelope whose content has ${content_max} bytes.  Limits count content
 * without metadata. */
int64_t v1_largest_envelope(uint64_t content_max);

/*
 * Store ${in}, whose content is NULL, within the shares of the client, and respond.  ${text} is the
 * field with the whole envelope.  If it is absent, an upload of parts begins.  The caller wipes
 * ${out}, which is not filled with call->later.
 */
void v1_store_secret(struct api_call *call, const struct vault_sealed_new *in,
                     const struct field_value *text, struct v1_stored *out);

/*
 * Count an upload of ${key} in ${limits}, as upload_limits_begin() does.  Returns a ticket; or 0
 * with the response in call->resp.
 */
MUST_CHECK
uint64_t v1_begin_upload(struct api_call *call, struct upload_limits *limits,
                         const uint8_t key[static 16], int64_t ttl);

/* The upload of the secret in the path has another part, or has ended. */
void v1_upload_touched(struct api_call *call);
void v1_upload_ended(struct api_call *call);

#endif
