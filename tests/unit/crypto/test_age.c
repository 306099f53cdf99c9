/* SPDX-License-Identifier: MIT */
/* Files of age: against wraps that the program age made, and the vectors of the format's
 * authors. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/age/file.h"
#include "vectors.h"

/* Cases of the kinds that the programs read: X25519 stanzas, headers and payloads of one chunk. */
enum { PUBLIC_CASES_MIN = 45 };

static void
wraps_of_the_age_program_open(void **state) {
    json_t *file = vectors_load("tests/vectors/request-v1.json"), *vector;
    json_t *vectors = json_object_get(file, "vectors");
    size_t i;
    (void)state;
    assert_true(json_array_size(vectors) >= 4);

    json_array_foreach(vectors, i, vector) {
        const char *text = vectors_text(vector, "identity");
        const char *recipient_text = vectors_text(vector, "recipient");
        const char *answer = vectors_text(vector, "answer");
        uint8_t identity[AGE_KEY_LEN], recipient[AGE_KEY_LEN], stranger[AGE_KEY_LEN] = {7};
        char again[AGE_KEY_TEXT_MAX + 1];
        struct buf wrap = BUF_INIT(AGE_FILE_MAX), plain = BUF_INIT(256);

        /* The texts of the keys are read and written. */
        assert_int_equal(age_identity_read(text, strlen(text), identity), 0);
        age_identity_write(identity, again);
        assert_string_equal(again, text);
        assert_int_equal(age_recipient_of(identity, recipient), 0);
        age_recipient_write(recipient, again);
        assert_string_equal(again, recipient_text);

        /* The wrap opens with its identity, and with no other. */
        assert_true(vectors_base64(vector, "wrap", BASE64_URL, &wrap));
        assert_int_equal(age_open(identity, wrap.data, wrap.len, &plain), 1);
        assert_true(buf_equals(&plain, answer, strlen(answer)));
        assert_int_equal(age_open(stranger, wrap.data, wrap.len, &plain), 0);
        assert_int_equal(plain.len, strlen(answer));
        buf_free(&wrap);
        buf_free(&plain);
    }
    json_decref(file);
}

static void
what_is_sealed_opens_for_each_recipient_alone(void **state) {
    uint8_t identities[AGE_RECIPIENTS_MAX][AGE_KEY_LEN],
        recipients[AGE_RECIPIENTS_MAX][AGE_KEY_LEN];
    struct buf file = BUF_INIT(AGE_FILE_MAX), plain = BUF_INIT(64);
    (void)state;
    for (size_t i = 0; i < AGE_RECIPIENTS_MAX; i++) {
        random_fill(&random_system, identities[i], AGE_KEY_LEN);
        assert_int_equal(age_recipient_of(identities[i], recipients[i]), 0);
    }

    /* All but the last are recipients. */
    assert_int_equal(
        age_seal(&random_system, recipients, AGE_RECIPIENTS_MAX - 1, "a secret", 8, &file), 0);
    for (size_t i = 0; i < AGE_RECIPIENTS_MAX; i++) {
        int want = i < AGE_RECIPIENTS_MAX - 1;
        buf_reset(&plain);
        assert_int_equal(age_open(identities[i], file.data, file.len, &plain), want);
        assert_true(buf_equals(&plain, "a secret", want ? 8 : 0));
    }

    /* Every byte counts: no changed file opens. */
    for (size_t at = 0; at < file.len; at++) {
        file.data[at] ^= 1;
        buf_reset(&plain);
        assert_int_not_equal(age_open(identities[1], file.data, file.len, &plain), 1);
        assert_int_equal(plain.len, 0);
        file.data[at] ^= 1;
    }
    for (size_t len = 0; len < file.len; len++)
        assert_int_not_equal(age_open(identities[0], file.data, len, &plain), 1);
    buf_free(&file);
    buf_free(&plain);
}

static void
limits_hold(void **state) {
    static const uint8_t zeros[AGE_FILE_MAX + 1];
    static const uint8_t low_order[2][AGE_KEY_LEN] = {{0}, {1}};
    uint8_t identity[AGE_KEY_LEN] = {9}, recipient[1][AGE_KEY_LEN];
    struct buf file = BUF_INIT(AGE_FILE_MAX), plain = BUF_INIT(10), none = BUF_INIT(0);
    (void)state;
    assert_int_equal(age_recipient_of(identity, recipient[0]), 0);

    assert_int_equal(age_open(identity, zeros, sizeof(zeros), &plain), ERR_TOO_LARGE);
    assert_int_equal(age_seal(&random_system, recipient, 0, "a", 1, &file), ERR_TOO_LARGE);
    assert_int_equal(age_seal(&random_system, recipient, 1, zeros, AGE_FILE_MAX, &file),
                     ERR_TOO_LARGE);

    /* No secret can be agreed on with points of low order. */
    for (size_t i = 0; i < ARRAY_LEN(low_order); i++) {
        buf_reset(&file);
        assert_int_equal(age_seal(&random_system, &low_order[i], 1, "a", 1, &file), ERR_INVALID);
    }

    /* The room for the content is checked, and an empty content needs none. */
    buf_reset(&file);
    assert_int_equal(age_seal(&random_system, recipient, 1, "12345678901", 11, &file), 0);
    assert_int_equal(age_open(identity, file.data, file.len, &plain), ERR_TOO_LARGE);
    buf_reset(&file);
    assert_int_equal(age_seal(&random_system, recipient, 1, "", 0, &file), 0);
    assert_int_equal(age_open(identity, file.data, file.len, &none), 1);
    buf_free(&file);
    buf_free(&plain);
    buf_free(&none);
}

static void
other_texts_are_no_keys(void **state) {
    uint8_t key[AGE_KEY_LEN];
    char text[] = "age1wauldqp4cgv5wz2094vle94kxnh39kgrla7yjczfqealdljhdc4s5gvemd";
    size_t len = strlen(text);
    (void)state;
    assert_int_equal(age_recipient_read(text, len, key), 0);

    /* Another character anywhere, another length, a plugin's recipient, upper case. */
    for (size_t i = 0; i < len; i++) {
        char kept = text[i];
        text[i] = kept == 'q' ? 'p' : 'q';
        assert_int_equal(age_recipient_read(text, len, key), ERR_INVALID);
        text[i] = (char)(kept ^ 0x20);
        assert_int_equal(age_recipient_read(text, len, key), ERR_INVALID);
        text[i] = kept;
    }
    for (size_t i = 0; i < len; i++)
        assert_int_equal(age_recipient_read(text, i, key), ERR_INVALID);
    assert_int_equal(age_identity_read(text, len, key), ERR_INVALID);
    assert_int_equal(
        age_recipient_read("age1evil1wauldqp4cgv5wz2094vle94kxnh39kgrla7yjczfqealdlj", 56, key),
        ERR_INVALID);
    for (char *p = text; *p != '\0'; p++)
        if (*p >= 'a') *p = (char)(*p - 'a' + 'A');
    assert_int_equal(age_recipient_read(text, len, key), ERR_INVALID);
}

/* One file of the vectors of the format's authors: lines "key: value", an empty line, the file. */
struct public_case {
    char expect[32], identity[AGE_KEY_TEXT_MAX + 1];
    bool is_ours; /* not armored, not compressed, not for a passphrase, for an X25519 identity */
    const uint8_t *file;
    size_t len;
};

static void
read_case(const struct buf *text, struct public_case *out) {
    const char *at = (const char *)text->data, *end = at + text->len;
    *out = (struct public_case){.is_ours = true};
    while (at < end && *at != '\n') {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        int len = (int)(line_end - at);
        if (strncmp(at, "expect: ", 8) == 0)
            (void)snprintf(out->expect, sizeof(out->expect), "%.*s", len - 8, at + 8);
        if (strncmp(at, "identity: ", 10) == 0)
            (void)snprintf(out->identity, sizeof(out->identity), "%.*s", len - 10, at + 10);
        if (strncmp(at, "armored", 7) == 0 || strncmp(at, "compressed", 10) == 0 ||
            strncmp(at, "passphrase", 10) == 0)
            out->is_ours = false;
        at = line_end + 1;
    }
    if (strncmp(out->identity, "AGE-SECRET-KEY-1", 16) != 0) out->is_ours = false;
    out->file = (const uint8_t *)at + 1;
    out->len = (size_t)(end - at) - 1;
}

/* What came of opening ${c}, in the words of the vectors. */
static const char *
outcome_of(const struct public_case *c) {
    uint8_t identity[AGE_KEY_LEN];
    struct age_header header;
    struct buf plain = BUF_INIT(AGE_FILE_MAX);

    assert_int_equal(age_identity_read(c->identity, strlen(c->identity), identity), 0);
    int got = age_header_open(identity, c->file, c->len, &header);
    if (got == 0) return "no match";
    if (got == ERR_INVALID) return "header failure";
    if (got == ERR_TAG) return "HMAC failure";
    assert_int_equal(got, 1);

    got = age_payload_open(&header, c->file, c->len, &plain);
    buf_free(&plain);
    if (got == ERR_INVALID) return "header failure";
    if (got == ERR_TAG) return "payload failure";
    assert_int_equal(got, 0);
    return "success";
}

static void
public_cases_have_their_outcomes(void **state) {
    const char *shared = getenv("SHARED");
    char dir[512], path[1024];
    struct dirent *entry;
    unsigned count = 0;
    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s/vectors/external/age",
                   shared != NULL ? shared : "../shared");
    DIR *d = opendir(dir);
    if (d == NULL) {
        print_message("SKIP no vectors in %s\n", dir);
        skip();
    }

    while ((entry = readdir(d)) != NULL) {
        struct buf text = BUF_INIT(64 * 1024);
        struct public_case c;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        FILE *f = fopen(path, "rb");
        if (f == NULL) continue;
        uint8_t *to = buf_space(&text, text.max);
        assert_non_null(to);
        if (entry->d_name[0] != '.') text.len = fread(to, 1, text.max, f);
        (void)fclose(f);

        read_case(&text, &c);
        if (c.expect[0] != '\0' && c.is_ours) {
            const char *got = outcome_of(&c);
            if (strcmp(got, c.expect) != 0) fail_msg("%s: %s, not %s", path, got, c.expect);
            count++;
        }
        buf_free(&text);
    }
    (void)closedir(d);
    assert_true(count >= PUBLIC_CASES_MIN);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wraps_of_the_age_program_open),
        cmocka_unit_test(what_is_sealed_opens_for_each_recipient_alone),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(other_texts_are_no_keys),
        cmocka_unit_test(public_cases_have_their_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
