/* SPDX-License-Identifier: MIT */
/* Classic records: those of the original programs open, and no changed record does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"
#include "crypto/classic.h"
#include "crypto/kdf/kdf.h"
#include "vectors.h"

enum { LARGEST = 1 << 20 };

static struct kdf_arena *arena;

static int
take_arena(void **state) {
    (void)state;
    arena = kdf_arena_new(KDF_CLASSIC);
    return arena == NULL ? -1 : 0;
}

static int
free_arena(void **state) {
    (void)state;
    kdf_arena_free(arena);
    return 0;
}

/* Decode attribute ${name} of a DynamoDB item.  Returns false if there is none. */
static bool
attribute(const json_t *item, const char *name, struct buf *out) {
    buf_reset(out);
    return vectors_base64(json_object_get(item, name), "S", BASE64_STD, out);
}

/* Fill ${classic} from the attributes of ${item}.  Returns its generation, 1 or 2. */
static int
read_classic(const json_t *item, struct classic_record *classic) {
    struct buf b = BUF_INIT(1024);
    assert_true(attribute(item, "salt", &b) && b.len == sizeof(classic->salt));
    memcpy(classic->salt, b.data, b.len);
    assert_true(attribute(item, "header", &b) && b.len == sizeof(classic->header));
    memcpy(classic->header, b.data, b.len);
    assert_true(attribute(item, "nonce", &b) && b.len <= sizeof(classic->nonce));
    memcpy(classic->nonce, b.data, b.len);
    classic->nonce_len = b.len;
    bool tag = attribute(item, "tag", &b);
    if (tag) memcpy(classic->tag, b.data, sizeof(classic->tag));
    buf_free(&b);
    assert_int_equal(classic->nonce_len, tag ? CLASSIC_NONCE_LEN : CLASSIC_NONCE2_LEN);
    return tag ? 1 : 2;
}

static void
derive(const json_t *record, const struct classic_record *classic, uint8_t *key) {
    const char *passphrase = vectors_text(record, "passphrase");
    assert_int_equal(kdf_derive(arena, KDF_CLASSIC, passphrase, strlen(passphrase), classic->salt,
                                sizeof(classic->salt), key, CLASSIC_KEY_LEN),
                     0);
}

/* The name of a file is plaintext in the first generation, and encrypted as JSON in the second. */
static void
check_file_name(const json_t *item, const struct classic_record *classic, const uint8_t *key,
                const char *name) {
    struct buf sealed = BUF_INIT(4096), plain = BUF_INIT(4096);
    if (classic->nonce_len == CLASSIC_NONCE_LEN) {
        assert_string_equal(vectors_text(json_object_get(item, "file_name"), "S"), name);
        return;
    }
    assert_true(attribute(item, "data", &sealed));
    assert_int_equal(classic_open(classic, key, sealed.data, sealed.len, &plain), 0);
    json_t *json = json_parse_object(buf_text(&plain), plain.len);
    assert_string_equal(vectors_text(json, "file_name"), name);
    json_decref(json);
    buf_free(&sealed);
    buf_free(&plain);
}

static int
open_record(const json_t *record) {
    const json_t *item = json_object_get(record, "item");
    const char *name = strstr(vectors_text(record, "name"), "file ");
    struct buf sealed = BUF_INIT(LARGEST), plain = BUF_INIT(LARGEST), want = BUF_INIT(LARGEST);
    struct classic_record classic = {0};
    uint8_t key[CLASSIC_KEY_LEN];
    int generation = read_classic(item, &classic);
    derive(record, &classic, key);
    assert_true(vectors_base64(record, "plaintext_base64", BASE64_STD, &want));
    assert_true(vectors_base64(record, "s3_body", BASE64_STD, &sealed) ||
                attribute(item, "data", &sealed));
    assert_int_equal(classic_open(&classic, key, sealed.data, sealed.len, &plain), 0);
    assert_true(buf_equals(&plain, want.data, want.len));
    if (name != NULL) check_file_name(item, &classic, key, name + strlen("file "));
    key[0] ^= 1;
    assert_int_equal(classic_open(&classic, key, sealed.data, sealed.len, &plain), ERR_TAG);
    assert_int_equal(plain.len, want.len);
    buf_free(&sealed);
    buf_free(&plain);
    buf_free(&want);
    return generation;
}

static void
records_of_the_original_programs_open(void **state) {
    (void)state;
    unsigned first = 0, second = 0;
    size_t i;
    json_t *record, *file = vectors_load("tests/vectors/pysecrets-records.json");
    json_array_foreach(file, i, record) {
        if (open_record(record) == 1) first++;
        else second++;
    }
    assert_int_equal(first, 9);
    assert_int_equal(second, 4);
    json_decref(file);
}

static void
what_is_sealed_opens(void **state) {
    (void)state;
    uint8_t key[CLASSIC_KEY_LEN];
    random_fill(&random_system, key, sizeof(key));
    for (size_t len = 0; len < 600; len = len * 2 + 1) {
        uint8_t data[600];
        struct classic_record classic;
        struct buf sealed = BUF_INIT(600), plain = BUF_INIT(600);
        random_fill(&random_system, data, len);
        classic_init(&classic, &random_system);
        assert_int_equal(classic.nonce_len, CLASSIC_NONCE_LEN);
        assert_int_equal(classic_seal(&classic, key, data, len, &sealed), 0);
        assert_int_equal(sealed.len, len);
        assert_int_equal(classic_open(&classic, key, sealed.data, sealed.len, &plain), 0);
        assert_true(buf_equals(&plain, data, len));
        buf_free(&sealed);
        buf_free(&plain);
    }
}

/* Flip each bit of the ${len} bytes at ${bytes}, which are part of the record or its ciphertext. */
static unsigned
flips_refused(const struct classic_record *classic, const uint8_t *key, const struct buf *sealed,
              uint8_t *bytes, size_t len) {
    unsigned refused = 0;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct buf plain = BUF_INIT(200);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (classic_open(classic, key, sealed->data, sealed->len, &plain) == ERR_TAG &&
            plain.len == 0)
            refused++;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        buf_free(&plain);
    }
    return refused;
}

static void
every_flipped_bit_is_refused(void **state) {
    (void)state;
    static const char text[] = "correct horse battery staple";
    uint8_t key[CLASSIC_KEY_LEN] = "key";
    struct classic_record classic;
    struct buf sealed = BUF_INIT(200), plain = BUF_INIT(200);
    classic_init(&classic, &random_system);
    assert_int_equal(classic_seal(&classic, key, text, sizeof(text), &sealed), 0);
    assert_int_equal(flips_refused(&classic, key, &sealed, sealed.data, sealed.len),
                     8 * sizeof(text));
    assert_int_equal(flips_refused(&classic, key, &sealed, classic.tag, sizeof(classic.tag)), 128);
    assert_int_equal(flips_refused(&classic, key, &sealed, classic.header, sizeof(classic.header)),
                     128);
    assert_int_equal(flips_refused(&classic, key, &sealed, classic.nonce, CLASSIC_NONCE_LEN), 128);
    assert_int_equal(flips_refused(&classic, key, &sealed, key, sizeof(key)), 256);
    assert_int_equal(flips_refused(&classic, key, &sealed, classic.nonce + 16, 80), 0); /* unused */
    assert_int_equal(classic_open(&classic, key, sealed.data, sealed.len - 1, &plain), ERR_TAG);
    assert_int_equal(classic_open(&classic, key, sealed.data, sealed.len, &plain), 0);
    buf_free(&sealed);
    buf_free(&plain);
}

static void
bounds_are_those_of_the_buffer(void **state) {
    (void)state;
    uint8_t key[CLASSIC_KEY_LEN] = "key";
    struct classic_record classic;
    struct buf small = BUF_INIT(10);
    classic_init(&classic, &random_system);
    assert_int_equal(classic_seal(&classic, key, "eleven char", 11, &small), ERR_TOO_LARGE);
    assert_int_equal(classic_open(&classic, key, "eleven char", 11, &small), ERR_TOO_LARGE);
    classic.nonce_len = CLASSIC_NONCE2_LEN;
    assert_int_equal(classic_open(&classic, key, "fifteen bytes..", 15, &small), ERR_TAG);
    assert_int_equal(small.len, 0);
    buf_free(&small);
}

int
main(void) {
    json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_the_original_programs_open),
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(bounds_are_those_of_the_buffer),
    };
    return cmocka_run_group_tests(tests, take_arena, free_arena);
}
