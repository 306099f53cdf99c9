/* SPDX-License-Identifier: MIT */
#include "admin/admin.h"

#include "api/receipt.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/hex.h"
#include "base/text/json.h"
#include "crypto/audit/json.h"
#include "http/storage_shares.h"
#include "vault/operate.h"

enum { LARGEST = 10 }; /* networks whose shares are added up */

/* Append ${o}, which is released, as a line. */
static int
add_line(json_t *o, struct buf *out) {
    int err = o == NULL ? ERR_NOMEM : json_write(o, out);
    json_decref(o);
    return err != 0 ? err : buf_add_byte(out, '\n');
}

int
admin_refuse(struct buf *out, const char *text) {
    return add_line(json_pack("{s:s}", "error", text), out);
}

/* --- remove ----------------------------------------------------------------------------------- */

/* Write the ref of the secret ${id} to ${out}, as events have it. */
static void
print_ref(const char *id, char out[static 2 * AUDIT_REF_LEN + 1]) {
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(id, strlen(id), hash);
    hex_write(hash, AUDIT_REF_LEN, out);
}

static int
answer_remove(const struct admin *a, const char *id, struct buf *out) {
    struct vault_removed done;
    char tag[TOKEN_TAG_LEN + 1], ref[2 * AUDIT_REF_LEN + 1];
    const char *state = "absent";

    int found = vault_remove(a->api->vault, id, &done);
    token_tag(a->api->tag_key, id, strlen(id), tag);
    log_info("remove", LOG_TEXT("secret", tag), LOG_NUMBER("found", found),
             LOG_FLAG("removed", found == 1 && done.removed),
             LOG_FLAG("erased", found == 1 && done.erased));
    if (found < 0) return admin_refuse(out, err_text(found));

    print_ref(id, ref);
    if (found == 1) state = done.removed ? "removed" : receipt_state_name(done.state);
    return add_line(json_pack("{s:s, s:b, s:s, s:b}", "ref", ref, "removed",
                              found == 1 && done.removed, "state", state, "erased",
                              found == 0 || done.erased),
                    out);
}

/* --- stats ------------------------------------------------------------------------------------ */

static json_t *
count_states(const struct survey *s) {
    json_t *o = json_object();
    for (int i = 0; i < RECEIPT_STATES; i++)
        (void)json_object_set_new(o, receipt_state_name((enum receipt_state)i),
                                  json_integer((json_int_t)s->states[i]));
    return o;
}

static json_t *
count_ages(const struct survey *s) {
    static const char *const names[] = {
#define X(name, wire) [SURVEY_AGE_##name] = (wire),
        SURVEY_AGE_LIST(X)
#undef X
    };
    json_t *o = json_object();
    for (int i = 0; i < SURVEY_AGES; i++)
        (void)json_object_set_new(o, names[i], json_integer((json_int_t)s->ages[i]));
    return o;
}

/* The shares of the networks that store most, as sums: no address leaves the server. */
static json_t *
sum_networks(const struct api *api, struct storage_shares *shares) {
    uint64_t bytes[LARGEST] = {0}, sum = 0;
    int networks = storage_shares_largest(shares, api->monotonic_ms() / 1000, bytes, LARGEST);
    for (int i = 0; i < LARGEST; i++)
        sum += bytes[i];
    return json_pack("{s:i, s:I, s:I}", "count", networks, "largest", (json_int_t)bytes[0],
                     "ten_largest", (json_int_t)sum);
}

static int
answer_stats(const struct admin *a, struct buf *out) {
    const struct api *api = a->api;
    struct vault *v = api->vault;
    struct survey s;

    int whole = vault_survey(v, a->survey_ms, &s);
    if (whole < 0) return admin_refuse(out, err_text(whole));
    uint64_t quota = v->limits.quota, used = vault_usage(v);

    json_t *o = json_pack("{s:s, s:I, s:b, s:o, s:I, s:o, s:I, s:I, s:o}", "version",
                          api->config.version, "at", (json_int_t)vault_now(v), "complete", whole,
                          "secrets", count_states(&s), "requests", (json_int_t)s.requests, "stored",
                          count_ages(&s), "bytes", (json_int_t)s.bytes, "used", (json_int_t)used,
                          "networks", sum_networks(api, api->storage_shares));

    /* What only some servers have. */
    int bad = o == NULL;
    if (quota != 0 && !(v->limits.remote[VAULT_RECORDS] && v->limits.remote[VAULT_BLOBS])) {
        bad |= json_object_set_new(o, "quota", json_integer((json_int_t)quota));
        bad |= json_object_set_new(o, "left",
                                   json_integer((json_int_t)(quota > used ? quota - used : 0)));
    }
    if (admin_has_events(a))
        bad |= json_object_set_new(o, "last_event", json_integer(admin_last_event(a)));
    if (bad == 0) return add_line(o, out);
    json_decref(o);
    return ERR_NOMEM;
}

int
admin_answer(const struct admin *a, const struct admin_request *req, struct buf *out) {
    if (req->kind == ADMIN_REMOVE) return answer_remove(a, req->id, out);
    return answer_stats(a, out);
}

/* --- events ----------------------------------------------------------------------------------- */

bool
admin_has_events(const struct admin *a) {
    return a->api->vault->store->ops->events != NULL;
}

int64_t
admin_last_event(const struct admin *a) {
    struct store *s = a->api->vault->store;
    return s->ops->last_event(s);
}

int
admin_events(const struct admin *a, int64_t *after, struct buf *out) {
    struct audit_event events[ADMIN_EVENTS_STEP];
    struct store *s = a->api->vault->store;
    int err = 0;

    int n = s->ops->events(s, *after, events, ADMIN_EVENTS_STEP);
    for (int i = 0; i < n && err == 0; i++)
        err = audit_json_write(&events[i], out);
    if (n > 0) *after = events[n - 1].number;
    return err != 0 ? err : n;
}
