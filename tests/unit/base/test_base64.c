/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "prng.h"

static const struct {
    const char *plain, *std, *url;
} known[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xFB\xFF\xBF", "+/+/", "-_-_"},
};

static void
known_answers_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        size_t len = strlen(known[i].plain);
        for (int kind = BASE64_STD; kind <= BASE64_URL; kind++) {
            const char *text = kind == BASE64_STD ? known[i].std : known[i].url;
            struct buf out = BUF_INIT(100), back = BUF_INIT(100);
            assert_int_equal(base64_encode((enum base64_kind)kind, known[i].plain, len, &out), 0);
            assert_string_equal(buf_text(&out), text);
            assert_int_equal(base64_encoded_len((enum base64_kind)kind, len), strlen(text));
            assert_int_equal(base64_decode((enum base64_kind)kind, text, strlen(text), &back), 0);
            assert_true(buf_equals(&back, known[i].plain, len));
            buf_free(&out);
            buf_free(&back);
        }
    }
}

static void
anything_not_canonical_is_refused(void **state) {
    (void)state;
    static const char *const std[] = {
        "Z",    "Zg",    "Zg=",    "Zg===",   "=",        "==",     "====", "Zh==",
        "Zm9=", "Zm9v=", "Zm9v==", "Z g=",    "Zg==\n",   "\nZg==", "Zm-_", "Zm9vZg==Zm9v",
        "Zg=a", "Z===",  "Zm9*",   "Zm9\xC3", "Zm 9v===", "A=AA",
    };
    static const char *const url[] = {"Z", "Zg==", "Zm8=", "Zh", "Zm9", "Zm+/", "Zg\n", "Zm9vZ"};
    struct buf out = BUF_INIT(100);
    assert_int_equal(buf_add_text(&out, "kept"), 0);
    for (size_t i = 0; i < ARRAY_LEN(std); i++)
        if (base64_decode(BASE64_STD, std[i], strlen(std[i]), &out) != ERR_INVALID)
            fail_msg("taken: %s", std[i]);
    for (size_t i = 0; i < ARRAY_LEN(url); i++)
        if (base64_decode(BASE64_URL, url[i], strlen(url[i]), &out) != ERR_INVALID)
            fail_msg("taken: %s", url[i]);
    assert_int_equal(base64_decode(BASE64_STD, "Zm9\0", 4, &out), ERR_INVALID);
    assert_true(buf_equals(&out, "kept", 4));
    buf_free(&out);
}

static void
every_character_is_in_or_out_as_the_alphabet_says(void **state) {
    (void)state;
    for (int kind = BASE64_STD; kind <= BASE64_URL; kind++) {
        const char *more = kind == BASE64_STD ? "+/" : "-_";
        for (int c = 0; c < 256; c++) {
            char text[4] = {'A', 'A', 'A', (char)c};
            uint8_t bytes[3];
            int in = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     (c != 0 && strchr(more, c) != NULL);
            int err = base64_decode_exact((enum base64_kind)kind, text, 4, bytes, 3);
            assert_int_equal(err, in ? 0 : ERR_INVALID);
        }
    }
}

static void
agrees_with_openssl_on_random_bytes(void **state) {
    (void)state;
    struct prng p = {prng_seed()};
    struct random r = prng_random(&p);
    for (size_t len = 0; len < 300; len++) {
        uint8_t data[300], back[300];
        unsigned char want[500];
        char got[500];
        random_fill(&r, data, len);
        EVP_EncodeBlock(want, data, (int)len);
        base64_encode_text(BASE64_STD, data, len, got);
        assert_string_equal(got, (char *)want);
        assert_int_equal(base64_decode_exact(BASE64_STD, got, strlen(got), back, len), 0);
        assert_memory_equal(back, data, len);
    }
}

static void
exact_lengths_and_bounds(void **state) {
    (void)state;
    uint8_t bytes[4] = {1, 1, 1, 1};
    assert_int_equal(base64_decode_exact(BASE64_URL, "Zm9v", 4, bytes, 2), ERR_INVALID);
    assert_int_equal(base64_decode_exact(BASE64_URL, "Zm9v", 4, bytes, 4), ERR_INVALID);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    struct buf out = BUF_INIT(3);
    assert_int_equal(base64_decode(BASE64_URL, "Zm9vYg", 6, &out), ERR_TOO_LARGE);
    assert_int_equal(base64_encode(BASE64_URL, "foo", 3, &out), ERR_TOO_LARGE);
    assert_int_equal(base64_decode(BASE64_URL, "Zm9v", 4, &out), 0);
    buf_free(&out);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_both_ways),
        cmocka_unit_test(anything_not_canonical_is_refused),
        cmocka_unit_test(every_character_is_in_or_out_as_the_alphabet_says),
        cmocka_unit_test(agrees_with_openssl_on_random_bytes),
        cmocka_unit_test(exact_lengths_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
