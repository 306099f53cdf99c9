/* SPDX-License-Identifier: MIT */
/* What the DynamoDB store does after a write whose response is lost, or that never arrived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws_standins.h"
#include "base/err.h"
#include "base/log.h"
#include "store/dynamodb/store.h"
#include "store_samples.h"
#include "vault/vault.h"

enum { SIZE = 400 };

static struct aws_standins *standins;
static struct store *store;

/* What happens to the next call of ${operation}; NULL: nothing. */
static const char *operation;
static bool arrives;                        /* it is done, and only its response is lost */
static bool twice;                          /* and the client sends it again by itself */
static const struct store_ref *taken_first; /* another claims this meanwhile */
static unsigned erased;                     /* calls of DeleteItem that arrived */
static bool dateless;                       /* responses have no Date */
static bool leaseless;                      /* responses say that a record has no lease */

static bool
is_call(const struct http_client_request *req, const char *name) {
    const char *target = aws_field(req, "X-Amz-Target");
    return target != NULL && strcmp(strchr(target, '.') + 1, name) == 0;
}

static void
claim(const struct store_ref *ref, unsigned n, int *result, struct effect *effect) {
    struct change c = {.kind = CHANGE_CLAIM_CLASSIC, .now = SAMPLE_T0};
    memset(c.mark, (int)n, sizeof(c.mark));
    *result = store->ops->change(store, ref, &c, effect, NULL);
}

/* Empty the list of leases in ${body}. */
static void
drop_leases(struct buf *body) {
    static const char name[] = "\"leases\":", empty[] = "\"leases\": {\"L\": []}, \"others\":";
    struct buf changed = BUF_INIT(65536);
    const char *at = memmem(body->data, body->len, name, strlen(name));
    if (at == NULL) return;

    size_t before = (size_t)(at - (const char *)body->data);
    assert_int_equal(buf_add(&changed, body->data, before), 0);
    assert_int_equal(buf_add(&changed, empty, strlen(empty)), 0);
    assert_int_equal(buf_add(&changed, at + strlen(name), body->len - before - strlen(name)), 0);
    buf_reset(body);
    assert_int_equal(buf_add(body, changed.data, changed.len), 0);
    buf_free(&changed);
}

static enum http_failure
send_or_lose(void *ctx, const struct http_client_request *req, struct http_client_response *resp) {
    if (is_call(req, "DeleteItem")) erased++;
    if (operation == NULL || !is_call(req, operation)) {
        enum http_failure failure = aws_standins_send(ctx, req, resp);
        for (size_t i = 0; dateless && i < resp->header_count; i++)
            if (strcmp(resp->headers[i].name, "Date") == 0) resp->headers[i].value[0] = '\0';
        if (leaseless && is_call(req, "UpdateItem")) drop_leases(&resp->body);
        return failure;
    }
    operation = NULL;
    if (arrives) (void)aws_standins_send(ctx, req, resp);
    buf_reset(&resp->body);
    if (twice) return aws_standins_send(ctx, req, resp);
    if (taken_first != NULL) {
        struct effect effect;
        int got = 0;
        claim(taken_first, 2, &got, &effect);
        assert_int_equal(got, 1);
        assert_int_equal(effect.verdict, VERDICT_OK);
    }
    return aws_lose_answer(resp);
}

static char table[64];

static int
open_with_clock(struct clock clock, struct store **out) {
    struct buf reason = BUF_INIT(256);
    struct dynamodb_store_config o = {.aws = aws_standins_config(standins), .table = table};
    o.aws.transport = aws_standins_behind(standins, send_or_lose);
    o.aws.clock = clock;
    return dynamodb_store_open(&o, out, &reason);
}

static int
open_store(void **state) {
    (void)state;
    standins = aws_standins_start();
    aws_standins_make(standins, "table", table);
    log_set_level(LOG_LEVEL_ERROR);
    return open_with_clock(clock_system, &store);
}

static int
close_store(void **state) {
    (void)state;
    store->ops->close(store);
    aws_standins_stop(standins);
    return 0;
}

static void
lose(const char *what, bool done, const struct store_ref *first) {
    operation = what;
    arrives = done;
    twice = false;
    taken_first = first;
    erased = 0;
}

static void
test_burn_whose_answer_is_lost_erases(void **state) {
    (void)state;
    struct record r = sample_sealed(1, 0, SIZE);
    struct store_ref ref = sample_create(store, &r);
    lose("UpdateItem", true, NULL);
    assert_int_equal(sample_change(store, &ref, CHANGE_BURN, SAMPLE_T0, SAMPLE_OWNER, 0),
                     VERDICT_OK);
    assert_null(operation);
    assert_int_equal(erased, 1);
}

/* As libcurl does when a kept connection breaks before the first byte of a response. */
static void
test_what_is_sent_twice_is_done_once(void **state) {
    (void)state;
    struct record r = sample_sealed(1, 0, SIZE);
    struct buf content = sample_content(SIZE);
    struct store_ref ref;
    store->ops->ref(store, "SentTwiceByItsClient22", &ref);
    lose("PutItem", true, NULL);
    twice = true;
    assert_int_equal(store->ops->create(store, &ref, &r, &content, NULL), 1);
    assert_null(operation);
    lose("UpdateItem", true, NULL);
    twice = true;
    assert_int_equal(sample_change(store, &ref, CHANGE_BURN, SAMPLE_T0, SAMPLE_OWNER, 0),
                     VERDICT_OK);
    assert_null(operation);
    assert_int_equal(erased, 1);
    buf_free(&content);

    struct record text = sample_text(1, SIZE);
    struct effect effect;
    int got = 0;
    ref = sample_create(store, &text);
    lose("UpdateItem", true, NULL);
    twice = true;
    claim(&ref, 1, &got, &effect);
    assert_int_equal(got, 1);
    assert_true(effect.claimed);
}

static void
test_drop_whose_answer_is_lost_is_done(void **state) {
    (void)state;
    struct record r = sample_sealed(1, 0, SIZE);
    struct store_ref ref = sample_create(store, &r);
    lose("DeleteItem", true, NULL);
    int64_t late = SAMPLE_T0 + SAMPLE_TTL + 30 * 86400;
    struct change c = {.kind = CHANGE_LAPSE, .now = late};
    struct effect effect;
    int got = store->ops->change(store, &ref, &c, &effect, NULL);
    assert_int_equal(got, 1);
    assert_true(effect.drop_record);
    assert_null(operation);
    assert_false(sample_exists(store, &ref));
    assert_int_equal(erased, 2); /* the record, and its content */
}

static void
test_last_view_that_another_took_is_not_given(void **state) {
    (void)state;
    struct record r = sample_text(1, SIZE);
    struct store_ref ref = sample_create(store, &r);
    struct effect effect;
    int got = 1;
    lose("UpdateItem", false, &ref);
    claim(&ref, 1, &got, &effect);
    assert_null(operation);
    assert_int_equal(got, 0);
}

static void
test_last_view_whose_answer_is_lost_is_own(void **state) {
    (void)state;
    struct record r = sample_text(1, SIZE);
    struct store_ref ref = sample_create(store, &r);
    struct effect effect;
    int got = 0;
    lose("UpdateItem", true, NULL);
    claim(&ref, 1, &got, &effect);
    assert_int_equal(got, 1);
    assert_true(effect.claimed);
}

/* The caller reads the lease that the effect names. */
static void
test_open_keeps_its_lease_if_the_answer_lacks_it(void **state) {
    (void)state;
    struct record r = sample_sealed(1, 0, SIZE), after;
    struct store_ref ref = sample_create(store, &r);
    struct change c = {.kind = CHANGE_OPEN, .now = SAMPLE_T0};
    struct effect effect;
    sample_hash(1, c.hash);
    sample_hash(SAMPLE_PROOF, c.proof);

    leaseless = true;
    assert_int_equal(store->ops->change(store, &ref, &c, &effect, &after), 1);
    leaseless = false;
    assert_int_equal(effect.verdict, VERDICT_OK);
    assert_int_equal(after.lease_count, 1);
    assert_int_equal(effect.lease, 0);
    assert_memory_equal(after.leases[0].hash, c.hash, sizeof(c.hash));
    record_clear(&after);
}

enum { BEHIND = 600 };

static int64_t
slow_now(void *ctx) {
    (void)ctx;
    return clock_now(&clock_system) - BEHIND;
}

/*
 * Open a secret that expires in ${seconds} seconds, by an instance whose clock is BEHIND seconds
 * behind.  With ${told} an earlier response has shown it.  Returns the verdict.
 */
static enum verdict
open_with_slow_clock(int64_t seconds, bool told) {
    const struct clock slow = {.now = slow_now};
    struct record r = sample_sealed(1, 0, SIZE);
    struct store *other = NULL;

    r.created_at = slow_now(NULL) - 60;
    r.expires_at = clock_now(&clock_system) + seconds;
    struct store_ref ref = sample_create(store, &r);
    assert_int_equal(open_with_clock(slow, &other), 0);
    if (told) assert_int_equal(other->ops->ping(other), 0);
    int64_t now = other->ops->now(other, slow_now(NULL));
    enum verdict verdict = sample_change(other, &ref, CHANGE_OPEN, now, 1, SAMPLE_PROOF);
    other->ops->close(other);
    return verdict;
}

static void
test_slow_clock_opens_nothing_expired(void **state) {
    (void)state;
    assert_int_equal(open_with_slow_clock(-BEHIND / 2, false), VERDICT_ABSENT);
    assert_int_equal(open_with_slow_clock(-BEHIND / 2, true), VERDICT_ABSENT);
    /* The control: only the Date of the responses shows it. */
    dateless = true;
    assert_int_equal(open_with_slow_clock(-BEHIND / 2, false), VERDICT_OK);
    dateless = false;
}

/* How far the clock is behind counts once, however often a response tells it. */
static void
test_slow_clock_opens_what_has_not_expired(void **state) {
    (void)state;
    assert_int_equal(open_with_slow_clock(BEHIND / 2, false), VERDICT_OK);
    assert_int_equal(open_with_slow_clock(BEHIND / 2, true), VERDICT_OK);
}

static int64_t shown; /* by the clock of the vault below */

static int64_t
shown_now(void *ctx) {
    (void)ctx;
    return shown;
}

/* What the vault refuses creates by: a clock that was ahead, and not one that is behind. */
static void
test_slow_clock_is_told_from_one_set_back(void **state) {
    enum { DAY = 86400 };
    const struct clock clock = {.now = shown_now};
    struct vault v = {.clock = clock};
    (void)state;

    /* The service tells the time, so that a clock behind decides rightly and refuses nothing. */
    shown = clock_now(&clock_system) - DAY;
    assert_int_equal(open_with_clock(clock, &v.store), 0);
    assert_int_equal(v.store->ops->ping(v.store), 0);
    assert_in_range(v.store->ops->service_time(v.store, shown) - shown, DAY - 60, DAY + 60);
    assert_in_range(vault_now(&v) - shown, DAY - 60, DAY + 60);
    assert_int_equal(vault_clock_behind(&v), 0);

    /* A clock a day ahead is believed.  Once it is set back, what was decided by it stays. */
    shown = clock_now(&clock_system) + DAY;
    assert_int_equal(v.store->ops->ping(v.store), 0);
    assert_int_equal(v.store->ops->service_time(v.store, shown), shown);
    assert_int_equal(vault_now(&v), shown);
    assert_int_equal(vault_clock_behind(&v), 0);
    shown -= DAY;
    assert_int_equal(v.store->ops->ping(v.store), 0);
    assert_in_range(vault_clock_behind(&v), DAY - 60, DAY);
    v.store->ops->close(v.store);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burn_whose_answer_is_lost_erases),
        cmocka_unit_test(test_last_view_that_another_took_is_not_given),
        cmocka_unit_test(test_last_view_whose_answer_is_lost_is_own),
        cmocka_unit_test(test_what_is_sent_twice_is_done_once),
        cmocka_unit_test(test_open_keeps_its_lease_if_the_answer_lacks_it),
        cmocka_unit_test(test_slow_clock_opens_nothing_expired),
        cmocka_unit_test(test_slow_clock_opens_what_has_not_expired),
        cmocka_unit_test(test_slow_clock_is_told_from_one_set_back),
        /* Last, because a store does not forget how far its clock is behind. */
        cmocka_unit_test(test_drop_whose_answer_is_lost_is_done),
    };
    return cmocka_run_group_tests(tests, open_store, close_store);
}
