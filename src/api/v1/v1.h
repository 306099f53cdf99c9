/* SPDX-License-Identifier: MIT */
/*
 * Handlers of the v1 API: sealed secrets, which the server cannot read (docs/DESIGN.md, "v1").  One
 * source file for each concern.
 */
#ifndef API_V1_V1_H
#define API_V1_V1_H

#include "api/call.h"

void v1_config(struct api_call *call);
void v1_create(struct api_call *call);
void v1_info(struct api_call *call);
void v1_open(struct api_call *call);
void v1_put_part(struct api_call *call);
void v1_get_part(struct api_call *call);
void v1_complete(struct api_call *call);
void v1_confirm(struct api_call *call);
void v1_burn(struct api_call *call);
void v1_receipt(struct api_call *call);

/*
 * Before the body of a part is read: is the token the owner's, and ${body_len}, if announced (not
 * -1), the length of that part?  Returns 0 with ${len} = that length; or -1 with the answer in
 * call->resp.
 */
MUST_CHECK
int v1_check_part(struct api_call *call, int64_t body_len, uint32_t *len);

/* The one answer for everything that is not there, or not for this caller. */
void v1_absent(struct api_call *call);

/* Answer ${err} of the vault, or the outcome ${verdict} of a call without content: 204 or 404. */
void v1_outcome(struct api_call *call, int err, enum verdict verdict);

#endif
