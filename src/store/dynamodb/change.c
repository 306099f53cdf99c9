/* SPDX-License-Identifier: MIT */
/*
 * Changes: read, decide by the rules, write on the condition that what decided still holds.
 *
 * Claims, wrong proofs and parts name what they need in their condition, so that many at once do
 * not hinder each other; every other change is done to the rev that was read.  After an outcome
 * that is not known the next read tells: a lease's hash or a claim's mark that is there is one's
 * own, and every other change but a counted wrong proof does the same when it is done again.
 */
#include "base/err.h"
#include "store/dynamodb/internal.h"

/* One change on its way. */
struct attempt {
    struct dynamodb *d;
    char id[DYNAMODB_KEY_MAX + 1];
    struct change c;
    json_t *item;         /* as last read; NULL: read again */
    struct record record; /* the item's, then as it is afterwards */
    struct effect effect;
    uint64_t rev; /* as read */
    bool unknown; /* a write was sent, and nobody knows whether it was done */
    bool refused; /* by the condition; perhaps what was refused had been done a moment before, as
                     the HTTP client sends again by itself when a kept connection breaks */
};

/* What comes next. */
enum step { STEP_DONE, STEP_AGAIN, STEP_FAIL };

static int64_t
mark_ttl(const struct attempt *a) {
    int64_t soon = a->c.now + DYNAMODB_MARK_LIFE;
    return a->record.expires_at < soon ? a->record.expires_at : soon;
}

static bool
is_own_claim(const struct attempt *a) {
    return a->c.kind == CHANGE_CLAIM_CLASSIC &&
           dynamodb_item_has_bytes(a->item, "claims", a->c.mark, sizeof(a->c.mark));
}

/* The claim with this mark was done before: say what it did. */
static int
answer_own_claim(struct attempt *a, int got) {
    if (got < 0) return got;
    a->effect = (struct effect){.verdict = VERDICT_OK,
                                .write = got == 1,
                                .claimed = true,
                                .drop_record = got == 0,
                                .lease = -1};
    return 1;
}

/* An open that repeats what this very call did, without having heard of it, is no repetition. */
static void
claim_as_own(struct attempt *a) {
    if (!a->unknown || a->effect.verdict != VERDICT_REPEAT || a->effect.lease < 0) return;
    if (a->record.leases[a->effect.lease].opened_at != a->c.now) return;
    a->effect.verdict = VERDICT_OK;
    a->effect.claimed = a->effect.lease_is_new = true;
}

/*
 * Read the record and apply the rules.  Returns 1 with a->effect to be written if it says so, else
 * decided; 0 absent, with a->record as it was last; or a negative code.
 */
static int
decide(struct attempt *a) {
    struct record now;
    int got = 1;
    if (a->item == NULL) got = dynamodb_get(a->d, a->id, false, &a->item);
    if (got != 1) return got;
    got = dynamodb_item_read(a->item, &now);
    if (got == 1) {
        record_clear(&a->record);
        a->record = now;
    }
    if (is_own_claim(a)) return answer_own_claim(a, got);
    if (got != 1) return got;
    a->rev = a->record.rev;
    if (a->c.kind == CHANGE_PART)
        a->c.part_is_new = !dynamodb_item_has_number(a->item, "parts", a->c.part);
    int err = policy_apply(&a->record, &a->c, &a->effect);
    return err != 0 ? err : 1;
}

static bool
counts_wrong_proof(const struct attempt *a) {
    return a->c.kind == CHANGE_OPEN && a->effect.verdict == VERDICT_WRONG_PROOF &&
           a->record.phase == PHASE_OPEN;
}

/* Write what was decided. */
static enum dynamodb_outcome
write_effect(struct attempt *a, json_t **answer) {
    const char *table = a->d->table;
    struct aws_service *s = &a->d->service;
    const struct record *r = &a->record;
    json_t *body = NULL;
    if (a->c.kind == CHANGE_CLAIM_CLASSIC)
        body = dynamodb_body_claim(table, a->id, &a->c, r, mark_ttl(a));
    else if (a->effect.lease_is_new)
        body = dynamodb_body_open(table, a->id, &a->c, r, &r->leases[a->effect.lease]);
    else if (counts_wrong_proof(a))
        return dynamodb_call(s, "UpdateItem", dynamodb_body_wrong(table, a->id, &a->c), true,
                             answer);
    else if (a->c.kind == CHANGE_PART) body = dynamodb_body_part(table, a->id, &a->c, r);
    else if (!a->effect.drop_record) body = dynamodb_body_store(table, a->id, a->rev, r);
    else if (r->kind != RECORD_SEALED && a->c.now < r->expires_at)
        body = dynamodb_body_bury(table, a->id, a->rev, mark_ttl(a));
    else
        return dynamodb_call(s, "DeleteItem", dynamodb_body_delete(table, a->id, a->rev), false,
                             answer);
    return dynamodb_call(s, "UpdateItem", body, false, answer);
}

/*
 * Erase what nobody may read.  After an unknown outcome the write that was lost from sight may be
 * what made it so; to erase again does no harm.
 */
static void
erase_unreadable(const struct attempt *a) {
    bool dropped = a->effect.drop_content || a->effect.drop_record;
    if (a->record.kind != RECORD_SEALED) return;
    if (dropped || ((a->unknown || a->refused) && a->record.content == CONTENT_NONE))
        dynamodb_erase_content(a->d, a->id);
}

/*
 * The record is gone after a write whose outcome is not known.  What was to drop it has its end.
 * A claim has not: another may have taken the last view, and a mark of one's own would be in what
 * that leaves (decide() looks); only where nothing is left at all, nobody can tell.
 */
static int
decide_gone(struct attempt *a) {
    if (a->c.kind == CHANGE_CLAIM_CLASSIC) return a->item != NULL ? 0 : ERR_UNKNOWN_OUTCOME;
    if (!a->effect.drop_record) return 0;
    erase_unreadable(a);
    return 1;
}

/* It is written: take the record as the service has it, and erase what nobody may read. */
static int
finish(struct attempt *a, const json_t *answer) {
    const json_t *item = json_object_get(answer, "Attributes");
    struct record now;
    if (!a->effect.drop_record && item != NULL && dynamodb_item_read(item, &now) == 1) {
        record_clear(&a->record);
        a->record = now;
        /* Others may have been faster: the lease is where it is now. */
        const struct lease *l =
            a->effect.lease >= 0 ? record_find_lease(&a->record, a->c.hash) : NULL;
        if (l != NULL) a->effect.lease = (int)(l - a->record.leases);
    }
    erase_unreadable(a);
    return 1;
}

/* One round: read, decide, write.  With STEP_DONE or STEP_FAIL, ${result} is what
 * change returns. */
static enum step
one_round(struct attempt *a, int *result) {
    json_t *answer = NULL;
    *result = decide(a);
    if (*result == 0) {
        if (a->unknown) *result = decide_gone(a);
        return *result < 0 ? STEP_FAIL : STEP_DONE;
    }
    if (*result != 1) return STEP_FAIL;
    if (is_own_claim(a) || (!a->effect.write && !a->effect.drop_record)) {
        claim_as_own(a);
        erase_unreadable(a);
        return STEP_DONE;
    }
    enum dynamodb_outcome outcome = write_effect(a, &answer);
    json_decref(a->item);
    a->item = NULL;
    enum step next = STEP_AGAIN;
    *result = ERR_STORE;
    switch (outcome) {
    case DYNAMODB_DONE:
        *result = finish(a, answer);
        next = STEP_DONE;
        break;
    case DYNAMODB_REFUSED:
        a->refused = true;
        a->item = json_incref(answer);
        break;
    case DYNAMODB_NOT_DONE: break;
    case DYNAMODB_UNKNOWN:
        a->unknown = true;
        *result = ERR_UNKNOWN_OUTCOME;
        /* Done again, it could count twice. */
        if (counts_wrong_proof(a)) next = STEP_FAIL;
        break;
    case DYNAMODB_NOMEM:
        *result = ERR_NOMEM;
        next = STEP_FAIL;
        break;
    default: next = STEP_FAIL; break;
    }
    json_decref(answer);
    return next;
}

int
dynamodb_change(struct store *s, const struct store_ref *ref, const struct change *c,
                struct effect *effect, struct record *after) {
    struct dynamodb *d = (struct dynamodb *)s;
    struct attempt a = {.d = d, .c = *c};
    struct aws_retry retry;
    int result = 0;
    dynamodb_id(ref, a.id);
    a.c.now = dynamodb_time(d, c->now);
    aws_retry_start(&retry, &d->service);
    enum step step = one_round(&a, &result);
    while (step == STEP_AGAIN && aws_retry_again(&retry))
        step = one_round(&a, &result);
    if (step != STEP_DONE && a.unknown) result = ERR_UNKNOWN_OUTCOME;
    *effect = (struct effect){0};
    if (after != NULL) *after = (struct record){0};
    if (result == 1) {
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
