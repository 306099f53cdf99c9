/* SPDX-License-Identifier: MIT */
/* Confirm a lease, or burn the secret. */
#include "api/v1/v1.h"

#include "api/v1/store.h"
#include "vault/sealed.h"

void
v1_confirm(struct api_call *call) {
    v1_change_by_token(call, vault_sealed_confirm);
}

void
v1_burn(struct api_call *call) {
    v1_change_by_token(call, vault_sealed_burn);
    if (call->resp->status == 204) v1_upload_ended(call);
}
