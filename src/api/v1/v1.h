/* SPDX-License-Identifier: MIT */
/*
 * Handlers of the v1 API for sealed secrets, which the server cannot read (docs/DESIGN.md, "v1
 * API").
 */
#ifndef API_V1_V1_H
#define API_V1_V1_H

#include "api/call.h"
#include "api/fields.h"

void v1_config(struct api_call *call);
void v1_create(struct api_call *call);
void v1_info(struct api_call *call);
void v1_open(struct api_call *call);
void v1_wrap(struct api_call *call);
void v1_put_part(struct api_call *call);
void v1_get_part(struct api_call *call);
void v1_complete(struct api_call *call);
void v1_confirm(struct api_call *call);
void v1_burn(struct api_call *call);
void v1_receipt(struct api_call *call);

/* Requests, and the beginning of their answers. */
void v1_ask(struct api_call *call);
void v1_request_info(struct api_call *call);
void v1_answer(struct api_call *call);
void v1_answers(struct api_call *call);
void v1_end(struct api_call *call);

/*
 * Check a PUT of a part before its body is read: the token must be the owner's, and ${body_len},
 * which is -1 if not announced, the length of the part.  Returns 0 with ${len} set to that length;
 * or -1 with the response in call->resp.
 */
MUST_CHECK
int v1_check_part(struct api_call *call, int64_t body_len, uint32_t *len);

/*
 * Decode the base64url ${value} of the field ${name} into ${out}, which has the limit of the field.
 * Returns 0; or a code, with the problem in call->resp.
 */
MUST_CHECK
int v1_read_base64url(struct api_call *call, const char *name, const struct field_value *value,
                      struct buf *out);

/* Respond with the same 404 for everything that is absent or not for this client. */
void v1_absent(struct api_call *call);

/* Respond with 409: the upload is not complete yet, so there is nothing to open. */
void v1_uploading(struct api_call *call);

/* Respond to the result of a call without content: an error for ${err} below 0, 204 for VERDICT_OK,
 * else 404. */
void v1_outcome(struct api_call *call, int err, enum verdict verdict);

/* What the holder of ${token} does to the secret or request ${id}. */
typedef int v1_token_change(struct vault *v, const char *id, const char *token,
                            const struct actor *by, enum verdict *verdict);

/* Run ${change} by the token of the call, and respond as v1_outcome(). */
void v1_change_by_token(struct api_call *call, v1_token_change *change);

#endif
