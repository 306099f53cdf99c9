/* SPDX-License-Identifier: MIT */
/*
 * Changes: read the record, decide by the rules, and write on the condition that what decided still
 * holds.
 *
 * Claims, wrong proofs and parts name what they depend on in their condition, so that many at once
 * do not hinder each other.  Every other change depends on the rev that was read.  After a write
 * with an unknown outcome the next read decides: a lease's hash or a claim's idempotency key in the
 * item is our own, and every other change except a counted wrong proof may be done twice.
 */
#include "base/err.h"
#include "store/dynamodb/internal.h"

/* One change in progress. */
struct change_attempt {
    struct dynamodb *d;
    char id[DYNAMODB_KEY_MAX + 1];
    struct change c;
    json_t *item;         /* as last read; NULL: read it again */
    struct record record; /* of ${item}, later as it is afterwards */
    struct effect effect;
    uint64_t rev; /* as read */
    bool sent;    /* a write was sent */
    bool unknown; /* a write was sent whose outcome is unknown */
    bool refused; /* a write was refused by its condition; the HTTP client repeats a request when a
                     kept connection breaks, so an earlier attempt may have done it */
};

enum attempt_step { STEP_DONE, STEP_AGAIN, STEP_FAIL };

/* When the tombstone that this change leaves may be deleted. */
static int64_t
tombstone_ttl(const struct change_attempt *a) {
    int64_t ttl = a->c.now + DYNAMODB_TOMBSTONE_LIFE;
    if (ttl > a->record.expires_at) ttl = a->record.expires_at;
    return ttl;
}

static bool
is_own_claim(const struct change_attempt *a) {
    return a->c.kind == CHANGE_CLAIM_CLASSIC &&
           dynamodb_item_has_bytes(a->item, "claims", a->c.mark, sizeof(a->c.mark));
}

/* An earlier attempt has done this claim: set the effect that it had.  ${got} is what reading the
 * item returned.  Returns as decide_attempt(). */
static int
repeat_own_claim(struct change_attempt *a, int got) {
    if (got < 0) return got;
    a->effect = (struct effect){.verdict = VERDICT_OK,
                                .write = got == 1,
                                .claimed = true,
                                .drop_record = got == 0,
                                .lease = -1};
    return 1;
}

/* An earlier attempt may have done this open, whose outcome was unknown: then the lease is new, and
 * not a repetition. */
static void
adopt_own_open(struct change_attempt *a) {
    if (!a->unknown || a->effect.verdict != VERDICT_REPEAT || a->effect.lease < 0) return;
    if (a->record.leases[a->effect.lease].opened_at != a->c.now) return;
    a->effect.verdict = VERDICT_OK;
    a->effect.claimed = a->effect.lease_is_new = true;
}

/*
 * Read the record and apply the rules.  Returns 1 with a->effect, to be written if it says so; 0 if
 * there is no record, with a->record as it was last; or a negative code.
 */
static int
decide_attempt(struct change_attempt *a) {
    struct record now;
    int got = 1;

    /* A refused write has returned the item already. */
    if (a->item == NULL) got = dynamodb_get(a->d, a->id, false, &a->item);
    if (got != 1) return got;

    /* The response may tell that the clock is behind.  The time is fixed once a write was sent,
     * which may have been done. */
    if (!a->sent) a->c.now = dynamodb_time_after(a->d, a->c.now);
    got = dynamodb_item_read(a->item, &now);
    if (got == 1) {
        record_clear(&a->record);
        a->record = now;
    }
    if (is_own_claim(a)) return repeat_own_claim(a, got);
    if (got != 1) return got;

    a->rev = a->record.rev;
    if (a->c.kind == CHANGE_PART)
        a->c.part_is_new = !dynamodb_item_has_number(a->item, "parts", a->c.part);
    int err = policy_apply(&a->record, &a->c, &a->effect);
    return err != 0 ? err : 1;
}

/* Whether the effect is a wrong proof that leaves attempts.  The last one also locks the record, so
 * it is written like any other change, on the condition of the rev. */
static bool
counts_wrong_proof(const struct change_attempt *a) {
    return a->c.kind == CHANGE_OPEN && a->effect.verdict == VERDICT_WRONG_PROOF &&
           a->record.phase == PHASE_OPEN;
}

/*
 * Write a->effect.  One branch for each kind of condition: what a claim, an open, a wrong proof or
 * a part depends on, or the rev.
 */
static enum dynamodb_outcome
write_effect(struct change_attempt *a, json_t **response) {
    const char *table = a->d->table;
    struct aws_service *s = &a->d->service;
    const struct record *r = &a->record;
    json_t *body = NULL;

    if (a->c.kind == CHANGE_CLAIM_CLASSIC)
        body = dynamodb_body_claim(table, a->id, &a->c, r, tombstone_ttl(a));
    else if (a->effect.lease_is_new)
        body = dynamodb_body_open(table, a->id, &a->c, r, &r->leases[a->effect.lease]);
    else if (counts_wrong_proof(a)) {
        /* Never repeated: it would count twice. */
        body = dynamodb_body_wrong(table, a->id, &a->c);
        return dynamodb_call(s, "UpdateItem", body, true, response);
    } else if (a->c.kind == CHANGE_PART) body = dynamodb_body_part(table, a->id, &a->c, r);
    else if (a->effect.answered) body = dynamodb_body_answer(table, a->id, &a->c, r);
    else if (!a->effect.drop_record) body = dynamodb_body_store(table, a->id, a->rev, r);
    else if (record_is_classic(r) && a->c.now < r->expires_at)
        body = dynamodb_body_tombstone(table, a->id, a->rev, tombstone_ttl(a));
    else {
        body = dynamodb_body_delete(table, a->id, a->rev);
        return dynamodb_call(s, "DeleteItem", body, false, response);
    }
    return dynamodb_call(s, "UpdateItem", body, false, response);
}

/*
 * Store the wrap that completes an answer, before the record says that it is there.  An earlier
 * complete may have stored another one, which stays.  If the item of the content is gone, so is the
 * answer: the next read tells.
 */
static enum dynamodb_outcome
write_wrap(struct change_attempt *a) {
    struct buf stored = BUF_INIT(RECORD_WRAP_MAX);
    json_t *response = NULL;
    json_t *body = dynamodb_body_put_wrap(a->d->table, a->id, &a->record, a->c.wrap);
    enum dynamodb_outcome outcome =
        dynamodb_call(&a->d->service, "UpdateItem", body, false, &response);

    if (outcome == DYNAMODB_DONE) {
        int got = dynamodb_item_read_wrap(json_object_get(response, "Attributes"), &stored);
        if (got == 1) a->record.wrap_len = (uint32_t)stored.len;
        else outcome = got == ERR_NOMEM ? DYNAMODB_NOMEM : DYNAMODB_WRONG;
    }

    /* The record itself is unchanged. */
    if (outcome == DYNAMODB_REFUSED || outcome == DYNAMODB_UNKNOWN) outcome = DYNAMODB_NOT_DONE;
    json_decref(response);
    buf_free(&stored);
    return outcome;
}

/*
 * Erase the inline content and the wrap if nobody may read them any more.  After an unknown outcome
 * our own earlier write may be the reason, so they are erased then too; erasing twice is harmless.
 */
static void
erase_unreadable(const struct change_attempt *a) {
    enum record_content content = a->record.content;
    bool dropped = a->effect.drop_content || a->effect.drop_record;
    bool perhaps_dropped =
        (a->unknown || a->refused) && (content == CONTENT_NONE || content == CONTENT_DOOMED);

    if (record_is_classic(&a->record)) return;
    if (dropped || perhaps_dropped) dynamodb_erase_content(a->d, a->id);
}

/*
 * After a write with an unknown outcome there is no record.  A change that was to delete it is
 * done.  A claim is undecided: if a tombstone remains, our idempotency key would be in it, so
 * another took the last view; if nothing remains, the outcome stays unknown.  Returns as
 * dynamodb_change().
 */
static int
decide_gone(struct change_attempt *a) {
    if (a->c.kind == CHANGE_CLAIM_CLASSIC) return a->item != NULL ? 0 : ERR_UNKNOWN_OUTCOME;
    if (!a->effect.drop_record) return 0;
    erase_unreadable(a);
    return 1;
}

/*
 * Whether ${now}, which a response says is the record after the write, can be that.  A write
 * changes neither the kind nor the expiry.  The lease of an open, a fetch or a confirm stays.
 */
static bool
is_after_write(const struct change_attempt *a, const struct record *now) {
    if (now->kind != a->record.kind || now->expires_at != a->record.expires_at) return false;
    return a->effect.lease < 0 || record_find_lease(now, a->c.hash) != NULL;
}

/* The write is done: take the record from ${response}, and erase what nobody may read.  Returns
 * 1. */
static int
finish_change(struct change_attempt *a, const json_t *response) {
    const json_t *item = json_object_get(response, "Attributes");
    struct record now;

    bool read = !a->effect.drop_record && item != NULL && dynamodb_item_read(item, &now) == 1;
    if (read && !is_after_write(a, &now)) record_clear(&now);
    else if (read) {
        record_clear(&a->record);
        a->record = now;

        /* Other opens may have come before ours: find the lease at its place in the new list. */
        if (a->effect.lease >= 0)
            a->effect.lease = (int)(record_find_lease(&a->record, a->c.hash) - a->record.leases);
    }
    erase_unreadable(a);
    return 1;
}

/* Do what the outcome of the write requires.  Returns the next step, with STEP_DONE or STEP_FAIL
 * and ${result} what dynamodb_change() returns. */
static enum attempt_step
settle_write(struct change_attempt *a, enum dynamodb_outcome outcome, json_t *response,
             int *result) {
    *result = ERR_STORE;
    switch (outcome) {
    case DYNAMODB_DONE: *result = finish_change(a, response); return STEP_DONE;
    case DYNAMODB_REFUSED:
        a->refused = true;
        a->item = json_incref(response);
        return STEP_AGAIN;
    case DYNAMODB_NOT_DONE: return STEP_AGAIN;
    case DYNAMODB_UNKNOWN:
        a->unknown = true;
        *result = ERR_UNKNOWN_OUTCOME;
        return counts_wrong_proof(a) ? STEP_FAIL : STEP_AGAIN;
    case DYNAMODB_NOMEM: *result = ERR_NOMEM; return STEP_FAIL;
    default: return STEP_FAIL;
    }
}

/* One round: read, decide, write; in this order, since the condition of the write is made from what
 * was read.  Returns as settle_write(). */
static enum attempt_step
one_round(struct change_attempt *a, int *result) {
    json_t *response = NULL;

    *result = decide_attempt(a);
    if (*result == 0) {
        if (a->unknown) *result = decide_gone(a);
        return *result < 0 ? STEP_FAIL : STEP_DONE;
    }
    if (*result != 1) return STEP_FAIL;
    if (is_own_claim(a) || (!a->effect.write && !a->effect.drop_record)) {
        adopt_own_open(a);
        erase_unreadable(a);
        return STEP_DONE;
    }

    /* The item is out of date whatever comes of the write. */
    a->sent = true;
    enum dynamodb_outcome outcome = DYNAMODB_DONE;
    if (a->effect.put_wrap) outcome = write_wrap(a);
    if (outcome == DYNAMODB_DONE) outcome = write_effect(a, &response);
    json_decref(a->item);
    a->item = NULL;
    enum attempt_step next = settle_write(a, outcome, response, result);
    json_decref(response);
    return next;
}

int
dynamodb_change(struct store *s, const struct store_ref *ref, const struct change *c,
                struct effect *effect, struct record *after) {
    struct dynamodb *d = (struct dynamodb *)s;
    struct change_attempt a = {.d = d, .c = *c};
    struct aws_retry retry;
    int result = 0;

    dynamodb_id(ref, a.id);
    aws_retry_start(&retry, &d->service);
    enum attempt_step step = one_round(&a, &result);
    while (step == STEP_AGAIN && aws_retry_again(&retry))
        step = one_round(&a, &result);
    if (step != STEP_DONE && a.unknown) result = ERR_UNKNOWN_OUTCOME;

    *effect = (struct effect){0};
    if (after != NULL) *after = (struct record){0};
    if (result == 1) {
        /* The record goes to the caller. */
        *effect = a.effect;
        if (after != NULL) {
            *after = a.record;
            a.record = (struct record){0};
        }
    }

    json_decref(a.item);
    record_clear(&a.record);
    return result;
}
