/* SPDX-License-Identifier: MIT */
/* Confirm a lease, or burn the secret. */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/v1/store.h"
#include "vault/sealed.h"

void
v1_confirm(struct api_call *call) {
    enum verdict verdict = VERDICT_ABSENT;
    struct actor by;
    int err = 0;
    access_actor(&call->api->config, call->req, false, &by);
    if (call->id[0] != '\0')
        err = vault_sealed_confirm(call->api->vault, call->id, call->token, &by, &verdict);
    v1_outcome(call, err, verdict);
}

void
v1_burn(struct api_call *call) {
    enum verdict verdict = VERDICT_ABSENT;
    struct actor by;
    int err = 0;
    access_actor(&call->api->config, call->req, false, &by);

    if (call->id[0] != '\0')
        err = vault_sealed_burn(call->api->vault, call->id, call->token, &by, &verdict);
    v1_outcome(call, err, verdict);

    if (call->resp->status == 204) v1_upload_ended(call);
}
