/* SPDX-License-Identifier: MIT */
/* Rows of events against vectors of an independent writer (Python's hashlib). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/audit/json.h"

enum { VECTORS = 12 };

struct vector {
    char line[AUDIT_JSON_MAX];
    size_t len; /* without the end of line */
    struct audit_event event;
};

static struct vector vectors[VECTORS];

static int
load_vectors(void **state) {
    FILE *file = fopen("tests/vectors/events-v1.ndjson", "re");
    (void)state;
    if (file == NULL) return -1;
    for (int i = 0; i < VECTORS; i++) {
        struct vector *v = &vectors[i];
        if (fgets(v->line, sizeof(v->line), file) == NULL) return -1;
        v->len = strcspn(v->line, "\n");
        if (audit_json_read(v->line, v->len, &v->event) != 0) return -1;
    }
    return fclose(file);
}

static void
hashes_are_those_of_the_vectors(void **state) {
    uint8_t previous[AUDIT_HASH_LEN] = {0};
    (void)state;
    for (int i = 0; i < VECTORS; i++) {
        struct audit_event e = vectors[i].event;
        assert_true(audit_follows(&e, previous));
        memset(e.hash, 0, sizeof(e.hash));
        audit_seal(&e, previous);
        assert_memory_equal(e.hash, vectors[i].event.hash, sizeof(e.hash));
        memcpy(previous, e.hash, sizeof(previous));
    }
}

static void
lines_are_those_of_the_vectors(void **state) {
    (void)state;
    for (int i = 0; i < VECTORS; i++) {
        struct buf line = BUF_INIT(AUDIT_JSON_MAX);
        assert_int_equal(audit_json_write(&vectors[i].event, &line), 0);
        assert_true(buf_equals(&line, vectors[i].line, vectors[i].len + 1));
        buf_free(&line);
    }
}

/* Every bit of every member is covered by the hash. */
static void
a_changed_row_does_not_follow(void **state) {
    (void)state;
    const struct audit_event *good = &vectors[2].event;
    const uint8_t *previous = vectors[1].event.hash;
    uint8_t other[AUDIT_HASH_LEN];

    for (unsigned bit = 0; bit < 8 * AUDIT_HASH_LEN; bit++) {
        memcpy(other, previous, sizeof(other));
        other[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(audit_follows(good, other));
    }
    for (unsigned bit = 0; bit < 62; bit++) {
        struct audit_event e = *good;
        e.number ^= INT64_C(1) << bit;
        assert_false(audit_follows(&e, previous));
        e = *good;
        e.at ^= INT64_C(1) << bit;
        assert_false(audit_follows(&e, previous));
        e = *good;
        e.ref[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(audit_follows(&e, previous));
    }
    for (size_t i = 0; good->by[i] != '\0'; i++) {
        struct audit_event e = *good;
        e.by[i] ^= 1;
        assert_false(audit_follows(&e, previous));
        e = *good;
        e.by[i] = '\0'; /* shorter */
        assert_false(audit_follows(&e, previous));
    }
    struct audit_event e = *good;
    e.kind = AUDIT_OPENED;
    assert_false(audit_follows(&e, previous));
}

static void
what_is_no_event_is_refused(void **state) {
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"number\":0,\"at\":1,\"kind\":\"started\",\"hash\":\"H\"}",
        "{\"number\":1.0,\"at\":1,\"kind\":\"started\",\"hash\":\"H\"}",
        "{\"number\":1,\"at\":-1,\"kind\":\"started\",\"hash\":\"H\"}",
        "{\"number\":1,\"at\":1,\"kind\":\"other\",\"hash\":\"H\"}",
        "{\"number\":1,\"at\":1,\"kind\":\"opened\",\"hash\":\"H\"}", /* no ref */
        "{\"number\":1,\"at\":1,\"kind\":\"started\",\"by\":\"\",\"hash\":\"H\"}",
        "{\"number\":1,\"at\":1,\"kind\":\"started\",\"by\":\"a\\u0000\",\"hash\":\"H\"}",
        "{\"number\":1,\"at\":1,\"kind\":\"started\",\"number\":1,\"hash\":\"H\"}",
        "{\"number\":1,\"at\":1,\"kind\":\"started\",\"hash\":\"h\"}",
    };
    (void)state;
    char digits[2 * AUDIT_HASH_LEN + 1];
    memset(digits, 'a', sizeof(digits) - 1);
    digits[sizeof(digits) - 1] = '\0';
    for (size_t i = 0; i <= ARRAY_LEN(bad); i++) {
        struct buf line = BUF_INIT(AUDIT_JSON_MAX);
        struct audit_event e;
        const char *text = i < ARRAY_LEN(bad) ? bad[i]
                                              : "{\"number\":1,\"at\":1,\"kind\":"
                                                "\"started\",\"hash\":\"H\"}";
        const char *hash = strchr(text, 'H');
        size_t len = hash == NULL ? strlen(text) : (size_t)(hash - text);
        assert_int_equal(buf_add(&line, text, len), 0);
        if (hash != NULL) assert_int_equal(buf_printf(&line, "%s%s", digits, hash + 1), 0);
        int want = i < ARRAY_LEN(bad) ? ERR_INVALID : 0;
        assert_int_equal(audit_json_read(buf_text(&line), line.len, &e), want);
        buf_free(&line);
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_vectors),
        cmocka_unit_test(lines_are_those_of_the_vectors),
        cmocka_unit_test(a_changed_row_does_not_follow),
        cmocka_unit_test(what_is_no_event_is_refused),
    };
    return cmocka_run_group_tests_name("events", tests, load_vectors, NULL);
}
