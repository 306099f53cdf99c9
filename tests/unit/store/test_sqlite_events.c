/* SPDX-License-Identifier: MIT */
/*
 * Events of the SQLite store: one for each thing that happens and none for anything else, in a
 * chain without a gap, across restarts; kept by days and by number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "request_samples.h"
#include "scratch.h"
#include "store/sqlite/store.h"

#define T0      SAMPLE_T0
#define EXPIRES (SAMPLE_T0 + SAMPLE_TTL)

enum { LIST_MAX = 400, DAY = 86400 };

static char dir[SCRATCH_PATH_MAX];
static struct audit_event list[LIST_MAX];

static struct store *
open_store(bool events, int64_t days, int64_t max) {
    struct store *s = NULL;
    const struct sqlite_store_config config = {
        .dir = dir, .events = events, .events_days = days, .events_max = max};
    assert_int_equal(sqlite_store_open(&config, &s), 0);
    return s;
}

static int
setup(void **state) {
    scratch_make_fast(dir);
    *state = open_store(true, 0, 0);
    return 0;
}

static int
teardown(void **state) {
    struct store *s = *state;
    if (s != NULL) s->ops->close(s);
    scratch_remove(dir);
    return 0;
}

/* Read all events into ${list} and check the chain.  Returns their number. */
static int
read_all(struct store *s) {
    uint8_t hash[AUDIT_HASH_LEN] = {0};
    int n = s->ops->events(s, 0, list, LIST_MAX);
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        assert_int_equal(list[i].number, list[0].number + i);
        if (i > 0 || list[0].number == 1) assert_true(audit_follows(&list[i], hash));
        memcpy(hash, list[i].hash, sizeof(hash));
    }
    if (n > 0) assert_int_equal(s->ops->last_event(s), list[n - 1].number);
    return n;
}

/* The kinds of the events of ${ref}, or of all for NULL, as "created opened ...". */
static const char *
kinds(struct store *s, const struct store_ref *ref) {
    static char text[2048];
    size_t len = 0;
    int n = read_all(s);
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        if (ref != NULL && memcmp(list[i].ref, ref->bytes, AUDIT_REF_LEN) != 0) continue;
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? " " : "",
                                audit_name(list[i].kind));
    }
    return text;
}

static void
test_each_thing_is_one_event(void **state) {
    struct store *s = *state;
    struct record r[] = {
        sample_sealed(2, 0, 304), sample_sealed(1, 1, 304), sample_text(1, 10), sample_upload(1, 1),
        sample_sealed(2, 0, 304), sample_sealed(3, 0, 304), sample_file(100)};
    struct store_ref ref[ARRAY_LEN(r)];
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        ref[i] = sample_create(s, &r[i]);

    /* Opened twice, repeated, confirmed twice, and looked at after that. */
    (void)sample_change(s, &ref[0], CHANGE_OPEN, T0, 1, SAMPLE_PROOF);
    (void)sample_change(s, &ref[0], CHANGE_OPEN, T0 + 20, 1, SAMPLE_PROOF);
    (void)sample_change(s, &ref[0], CHANGE_FETCH, T0 + 40, 1, 0);
    (void)sample_change(s, &ref[0], CHANGE_CONFIRM, T0 + 41, 1, 0);
    (void)sample_change(s, &ref[0], CHANGE_CONFIRM, T0 + 42, 1, 0);
    (void)sample_change(s, &ref[0], CHANGE_OPEN, T0 + 43, 2, SAMPLE_PROOF);
    (void)sample_change(s, &ref[0], CHANGE_OPEN, T0 + 44, 3, SAMPLE_PROOF);
    (void)sample_change(s, &ref[0], CHANGE_LAPSE, T0 + 1000, 0, 0);
    (void)sample_change(s, &ref[0], CHANGE_CONFIRM, T0 + 1001, 1, 0);
    assert_string_equal(kinds(s, &ref[0]), "created opened confirmed opened used_up");

    (void)sample_change(s, &ref[1], CHANGE_OPEN, T0 + 1001, 1, SAMPLE_WRONG);
    (void)sample_change(s, &ref[1], CHANGE_OPEN, T0 + 1001, 1, SAMPLE_WRONG);
    (void)sample_change(s, &ref[1], CHANGE_BURN, T0 + 1002, SAMPLE_OWNER, 0);
    assert_string_equal(kinds(s, &ref[1]), "created locked");

    (void)sample_change(s, &ref[2], CHANGE_CLAIM_CLASSIC, T0 + 1003, 1, 0);
    assert_string_equal(kinds(s, &ref[2]), "created opened used_up");

    (void)sample_part(s, &ref[3], T0 + 1003, SAMPLE_OWNER, 0);
    (void)sample_change(s, &ref[3], CHANGE_COMPLETE, T0 + 1003, SAMPLE_OWNER, 0);
    (void)sample_change(s, &ref[3], CHANGE_BURN, T0 + 1004, SAMPLE_OWNER, 0);
    (void)sample_change(s, &ref[3], CHANGE_BURN, T0 + 1005, SAMPLE_OWNER, 0);
    (void)sample_change(s, &ref[3], CHANGE_ERASED, T0 + 1006, 0, 0);
    assert_string_equal(kinds(s, &ref[3]), "created burnt");

    (void)sample_change(s, &ref[4], CHANGE_REMOVE, T0 + 1006, 0, 0);
    (void)sample_change(s, &ref[4], CHANGE_REMOVE, T0 + 1007, 0, 0);
    assert_string_equal(kinds(s, &ref[4]), "created removed");

    (void)sample_change(s, &ref[5], CHANGE_OPEN, T0 + 1008, 1, SAMPLE_PROOF);
    for (int i = 0; i < 2; i++) {
        (void)sample_change(s, &ref[5], CHANGE_LAPSE, EXPIRES + i, 0, 0);
        (void)sample_change(s, &ref[6], CHANGE_LAPSE, EXPIRES + i, 0, 0);
    }
    (void)sample_change(s, &ref[6], CHANGE_ERASED, EXPIRES + 1, 0, 0);
    assert_string_equal(kinds(s, &ref[5]), "created opened expired");
    assert_string_equal(kinds(s, &ref[6]), "created expired");

    /* The receipt that is forgotten is no event. */
    int before = read_all(s);
    (void)sample_change(s, &ref[5], CHANGE_LAPSE, EXPIRES + POLICY_RECEIPT_LIFE, 0, 0);
    assert_false(sample_exists(s, &ref[5]));
    assert_int_equal(read_all(s), before);
}

static void
test_asking_and_answering_are_events(void **state) {
    struct store *s = *state;
    struct record r = sample_request(1);
    (void)snprintf(r.creator.name, sizeof(r.creator.name), "ada");
    struct store_ref request = sample_create(s, &r);
    struct record a = sample_answer(&request, 0);
    struct store_ref taken = sample_create(s, &a), late = sample_create(s, &a);
    assert_int_equal(sample_answer_whole(s, &request, &taken, T0, 0), VERDICT_OK);
    assert_int_equal(sample_answer_whole(s, &request, &taken, T0, 0), VERDICT_OK);
    assert_int_equal(sample_answer_whole(s, &request, &late, T0, 0), VERDICT_FULL);
    assert_string_equal(kinds(s, &request), "asked answered");
    assert_string_equal(kinds(s, &taken), "created");

    (void)sample_change(s, &request, CHANGE_BURN, T0 + 1, SAMPLE_OWNER, 0);
    (void)sample_change(s, &taken, CHANGE_DISCARD, T0 + 1, 0, 0);
    assert_string_equal(kinds(s, &request), "asked answered burnt");
    assert_string_equal(kinds(s, &taken), "created burnt");
    int n = read_all(s);
    for (int i = 0; i < n; i++)
        assert_string_equal(list[i].by, list[i].kind == AUDIT_ASKED ? "ada" : "");
}

/* An id that is taken stores nothing, and tells nothing. */
static void
test_what_did_not_happen_is_no_event(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, 304);
    struct store_ref ref = sample_create(s, &r);
    struct buf content = sample_content(304);
    assert_int_equal(s->ops->create(s, &ref, &r, &content, NULL), 0);
    (void)sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_WRONG);
    (void)sample_change(s, &ref, CHANGE_BURN, T0, 55, 0);
    assert_string_equal(kinds(s, NULL), "started created");
    buf_free(&content);
}

static void
test_the_chain_goes_on_after_a_restart(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, 304);
    struct store_ref ref = sample_create(s, &r);
    s->ops->close(s);

    *state = s = open_store(true, 0, 0);
    (void)sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF);
    s->ops->close(s);

    /* Without events nothing is written, and what is there can be read. */
    *state = s = open_store(false, 0, 0);
    (void)sample_create(s, &r);
    s->ops->close(s);
    *state = s = open_store(true, 0, 0);
    assert_string_equal(kinds(s, NULL), "started created stopped started opened used_up stopped "
                                        "started");
    assert_int_equal(s->ops->events(s, 5, list, LIST_MAX), 3);
    assert_int_equal(list[0].number, 6);
    assert_int_equal(s->ops->events(s, 2, list, 2), 2);
    assert_int_equal(s->ops->events(s, 8, list, 2), 0);
}

static void
test_events_are_kept_by_number(void **state) {
    struct store *s = *state;
    s->ops->close(s);
    *state = s = open_store(true, 0, 50);
    for (int i = 0; i < 200; i++) {
        struct record r = sample_text(1, 1);
        (void)sample_create(s, &r);
    }
    assert_int_equal(s->ops->scrub(s), 0);
    assert_int_equal(s->ops->events(s, 0, list, LIST_MAX), 50);
    assert_int_equal(list[49].number, s->ops->last_event(s));

    /* The newest of those that no client made, and what the operator's program began. */
    assert_int_equal(list[0].kind, AUDIT_STARTED);
    assert_int_equal(list[3].number, s->ops->last_event(s) - 46);
}

static void
test_events_are_kept_by_days(void **state) {
    struct store *s = *state;
    struct record r = sample_text(1, 1);
    s->ops->close(s);
    *state = s = open_store(true, 2, 0);
    (void)sample_create(s, &r);
    (void)s->ops->now(s, T0 + DAY);
    r.created_at = T0 + DAY;
    (void)sample_create(s, &r);
    int all = read_all(s);

    (void)s->ops->now(s, T0 + 2 * DAY);
    assert_int_equal(s->ops->scrub(s), 0);
    int64_t oldest = T0;
    assert_int_equal(read_all(s), 2); /* those of the clock of this machine are older */
    assert_int_equal(list[0].at, oldest);
    (void)s->ops->now(s, T0 + 2 * DAY + 1);
    assert_int_equal(s->ops->scrub(s), 0);
    assert_int_equal(read_all(s), 1);
    assert_int_equal(list[0].number, all);

    /* The newest one stays, however old it is: the chain goes on from it. */
    (void)s->ops->now(s, T0 + 100 * DAY);
    assert_int_equal(s->ops->scrub(s), 0);
    assert_int_equal(read_all(s), 1);
    r.created_at = T0 + 100 * DAY;
    (void)sample_create(s, &r);
    assert_int_equal(read_all(s), 2);
}

/* A client of network ${n}, or for 0 nobody. */
static struct actor
client(uint8_t n) {
    struct actor a = {.known = n != 0};
    a.network[15] = n;
    return a;
}

/* Create ${n} secrets by ${by}.  Returns the ref of the first. */
static struct store_ref
create_by(struct store *s, struct actor by, int n) {
    struct store_ref first = {0};
    for (int i = 0; i < n; i++) {
        struct record r = sample_text(1, 1);
        r.creator = by;
        struct store_ref ref = sample_create(s, &r);
        if (i == 0) first = ref;
    }
    return first;
}

/* How many events there are of ${ref}. */
static int
count_of(struct store *s, const struct store_ref *ref) {
    int n = s->ops->events(s, 0, list, LIST_MAX), found = 0;
    for (int i = 0; i < n; i++)
        found += memcmp(list[i].ref, ref->bytes, AUDIT_REF_LEN) == 0;
    return found;
}

/* Nor do events that no client makes.  tests/system/operator/events.test.mjs has the control. */
static void
test_one_network_pushes_out_no_event_of_another(void **state) {
    struct store *s = *state;
    for (uint8_t flooder = 0; flooder < 2; flooder++) {
        s->ops->close(s);
        scratch_remove(dir);
        scratch_make_fast(dir);
        *state = s = open_store(true, 7, 60);
        struct store_ref first = create_by(s, client(2), 1);
        struct change open = {.kind = CHANGE_CLAIM_CLASSIC, .now = T0, .by = client(2)};
        struct effect effect;
        assert_int_equal(s->ops->change(s, &first, &open, &effect, NULL), 1);
        assert_int_equal(count_of(s, &first), 3);

        for (int i = 0; i < 4; i++) {
            (void)create_by(s, client(flooder), 200);
            assert_int_equal(s->ops->scrub(s), 0);
            assert_int_equal(s->ops->events(s, 0, list, LIST_MAX), 60);
            assert_int_equal(list[59].number, s->ops->last_event(s));
        }
        assert_int_equal(count_of(s, &first), 3);

        /* The rows know after a restart what is spare. */
        s->ops->close(s);
        *state = s = open_store(true, 7, 60);
        (void)create_by(s, client(flooder), 200);
        assert_int_equal(s->ops->scrub(s), 0);
        assert_int_equal(s->ops->events(s, 0, list, LIST_MAX), 60);
        assert_int_equal(count_of(s, &first), 3);
    }

    /* However it is, nothing stays longer than its days. */
    (void)s->ops->now(s, T0 + 8 * DAY);
    assert_int_equal(s->ops->scrub(s), 0);
    assert_int_equal(s->ops->events(s, 0, list, LIST_MAX), 1);
}

/* Secrets that expire are many if one client made many. */
static void
test_what_expires_pushes_out_no_event_of_a_client(void **state) {
    struct store *s = *state;
    struct store_ref mine, others[100];
    s->ops->close(s);
    *state = s = open_store(true, 7, 60);
    mine = create_by(s, client(2), 1);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        others[i] = create_by(s, client(1), 1);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        (void)sample_change(s, &others[i], CHANGE_LAPSE, EXPIRES, 0, 0);
    assert_int_equal(s->ops->scrub(s), 0);
    assert_int_equal(s->ops->events(s, 0, list, LIST_MAX), 60);
    assert_int_equal(count_of(s, &mine), 1);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_each_thing_is_one_event),
        CASE(test_asking_and_answering_are_events),
        CASE(test_what_did_not_happen_is_no_event),
        CASE(test_the_chain_goes_on_after_a_restart),
        CASE(test_events_are_kept_by_number),
        CASE(test_events_are_kept_by_days),
        CASE(test_one_network_pushes_out_no_event_of_another),
        CASE(test_what_expires_pushes_out_no_event_of_a_client),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
