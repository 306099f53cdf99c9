/* SPDX-License-Identifier: MIT */
#include "vault/operate.h"

#include "base/err.h"
#include "vault/internal.h"

/*
 * The record of a file of pysecrets' second generation looks like that of a text and does not name
 * its object (docs/FORMAT.md, "Second generation: read only").  Erase the object that it may have.
 * Returns 0 or a negative code.
 */
static int
erase_second_file(struct vault *v, const char *id) {
    char blob[TOKEN_BLOB_LEN + 1];
    struct record r = {0};
    if (!v->store->pysecrets_layout) return 0;

    int found = vault_load(v, id, &r, NULL);
    bool second =
        found == 1 && r.kind == RECORD_CLASSIC_TEXT && r.classic.nonce_len == CLASSIC_NONCE2_LEN;
    record_clear(&r);
    if (!second) return found < 0 ? found : 0;

    (void)snprintf(blob, sizeof(blob), "%s.enc", id);
    return vault_counted(v, v->blobs->ops->erase(v->blobs, blob, 0, 1));
}

/* Whether nothing of the content is left.  The record tells, or that there is none any more. */
static bool
is_erased(struct vault *v, const char *id) {
    struct record r = {0};
    int found = vault_load(v, id, &r, NULL);
    bool erased = found == 0 || (found == 1 && r.content == CONTENT_NONE);
    record_clear(&r);
    return erased;
}

int
vault_remove(struct vault *v, const char *id, struct vault_removed *out) {
    struct change c = {.kind = CHANGE_REMOVE, .now = vault_now(v)};
    struct effect effect;
    struct record after = {0};
    *out = (struct vault_removed){0};

    /* The order is a promise: no sweep finds this object once its record is gone. */
    int err = erase_second_file(v, id);
    if (err != 0) return err;

    int found = vault_change(v, id, &c, &effect, &after);
    if (found != 1) return found;
    out->removed = effect.verdict == VERDICT_OK;
    out->state = policy_receipt_state(&after, c.now);
    record_clear(&after);

    /* What was erased must not stay readable on disk either. */
    err = vault_counted(v, v->store->ops->scrub(v->store));
    out->erased = err == 0 && is_erased(v, id);
    return 1;
}

int
vault_survey(struct vault *v, int64_t ms, struct survey *out) {
    const struct store_ops *ops = v->store->ops;
    *out = (struct survey){0};
    return vault_counted(v, ops->survey(v->store, vault_now(v), clock_monotonic_ms() + ms, out));
}
