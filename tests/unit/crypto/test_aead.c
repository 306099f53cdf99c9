/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/aead.h"
#include "vectors.h"

/* A case of Project Wycheproof, decoded. */
struct wycheproof {
    struct buf key, iv, aad, msg, ct, tag;
    bool valid;
};

static void
wycheproof_read(const json_t *json, struct wycheproof *c) {
    struct {
        const char *key;
        struct buf *to;
    } fields[] = {{"key", &c->key}, {"iv", &c->iv}, {"aad", &c->aad},
                  {"msg", &c->msg}, {"ct", &c->ct}, {"tag", &c->tag}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        *fields[i].to = BUF_INIT(4096);
        vectors_hex(json, fields[i].key, fields[i].to);
    }
    c->valid = strcmp(vectors_text(json, "result"), "valid") == 0;
}

static void
wycheproof_free(struct wycheproof *c) {
    buf_free(&c->key);
    buf_free(&c->iv);
    buf_free(&c->aad);
    buf_free(&c->msg);
    buf_free(&c->ct);
    buf_free(&c->tag);
}

/* Open, and also seal if the case is valid.  Returns whether the result is the expected one. */
static bool
wycheproof_holds(const struct wycheproof *c) {
    uint8_t out[4096], tag[AEAD_TAG_LEN];
    struct aead_params params = {.key = c->key.data,
                                 .nonce = c->iv.data,
                                 .nonce_len = c->iv.len,
                                 .aad = c->aad.data,
                                 .aad_len = c->aad.len};
    int err = aead_open(&params, c->ct.data, c->ct.len, c->tag.data, out);
    if (c->iv.len < 1 || c->iv.len > AEAD_NONCE_MAX) return err == ERR_INVALID;
    if (!c->valid) return err == ERR_TAG;
    return err == 0 && buf_equals(&c->msg, out, c->ct.len) &&
           aead_seal(&params, c->msg.data, c->msg.len, out, tag) == 0 &&
           buf_equals(&c->ct, out, c->msg.len) && buf_equals(&c->tag, tag, sizeof(tag));
}

static void
wycheproof_cases_hold(void **state) {
    (void)state;
    size_t g, t;
    unsigned bits96 = 0, bits128 = 0, other = 0, refused = 0;
    json_t *group, *test,
        *file = vectors_load_shared("vectors/external/wycheproof/aes_gcm_test.json");
    if (file == NULL) skip();
    json_array_foreach(json_object_get(file, "testGroups"), g, group) {
        if (json_integer_value(json_object_get(group, "keySize")) != 256) continue;
        json_int_t iv = json_integer_value(json_object_get(group, "ivSize"));
        json_array_foreach(json_object_get(group, "tests"), t, test) {
            struct wycheproof c;
            wycheproof_read(test, &c);
            if (!wycheproof_holds(&c))
                fail_msg("tcId %lld", json_integer_value(json_object_get(test, "tcId")));
            bits96 += iv == 96;
            bits128 += iv == 128;
            other += iv != 96 && iv != 128;
            refused += c.iv.len < 1 || c.iv.len > AEAD_NONCE_MAX;
            wycheproof_free(&c);
        }
    }
    json_decref(file);
    printf("Wycheproof AES-256-GCM: %u with 96-bit nonces, %u with 128-bit, %u with others\n",
           bits96, bits128, other);
    assert_int_equal(bits96, 66);
    assert_int_equal(bits128, 19);
    assert_int_equal(other, 20);
    assert_int_equal(refused, 3); /* two empty nonces, and one that is too long for OpenSSL */
}

static const uint8_t key[AEAD_KEY_LEN] = "a key of thirty-two bytes, sure";
static const uint8_t nonce[AEAD_NONCE_MAX + 1] = "nonce";

static struct aead_params
params_with(size_t nonce_len, const void *aad, size_t aad_len) {
    return (struct aead_params){
        .key = key, .nonce = nonce, .nonce_len = nonce_len, .aad = aad, .aad_len = aad_len};
}

static void
nonces_of_every_length_round_trip(void **state) {
    (void)state;
    for (size_t len = 1; len <= AEAD_NONCE_MAX; len++) {
        uint8_t sealed[11], back[11], tag[AEAD_TAG_LEN];
        struct aead_params params = params_with(len, "aad", 3);
        assert_int_equal(aead_seal(&params, (const uint8_t *)"hello world", 11, sealed, tag), 0);
        assert_int_equal(aead_open(&params, sealed, 11, tag, back), 0);
        assert_memory_equal(back, "hello world", 11);
        params.nonce_len = len == 1 ? 2 : len - 1;
        assert_int_equal(aead_open(&params, sealed, 11, tag, back), ERR_TAG);
    }
    struct aead_params none = params_with(0, NULL, 0), many = params_with(sizeof(nonce), NULL, 0);
    uint8_t tag[AEAD_TAG_LEN], out[1] = {0};
    assert_int_equal(aead_seal(&none, out, 1, out, tag), ERR_INVALID);
    assert_int_equal(aead_seal(&many, out, 1, out, tag), ERR_INVALID);
}

static void
a_refused_message_leaves_nothing(void **state) {
    (void)state;
    uint8_t sealed[100], back[100], tag[AEAD_TAG_LEN], zero[100] = {0}, plain[100];
    struct aead_params params = params_with(12, "aad", 3), other = params_with(12, "aae", 3);
    memset(plain, 'p', sizeof(plain));
    assert_int_equal(aead_seal(&params, plain, sizeof(plain), sealed, tag), 0);
    memset(back, 1, sizeof(back));
    assert_int_equal(aead_open(&other, sealed, sizeof(sealed), tag, back), ERR_TAG);
    assert_memory_equal(back, zero, sizeof(back));
    assert_int_equal(aead_open(&params, sealed, sizeof(sealed) - 1, tag, back), ERR_TAG);
    tag[15] ^= 0x80;
    assert_int_equal(aead_open(&params, sealed, sizeof(sealed), tag, back), ERR_TAG);
}

static void
works_in_place_and_on_nothing(void **state) {
    (void)state;
    uint8_t data[] = "in place", tag[AEAD_TAG_LEN];
    struct aead_params params = params_with(12, NULL, 0);
    assert_int_equal(aead_seal(&params, data, sizeof(data), data, tag), 0);
    assert_memory_not_equal(data, "in place", sizeof(data));
    assert_int_equal(aead_open(&params, data, sizeof(data), tag, data), 0);
    assert_string_equal((char *)data, "in place");
    assert_int_equal(aead_seal(&params, NULL, 0, NULL, tag), 0);
    assert_int_equal(aead_open(&params, NULL, 0, tag, NULL), 0);
    assert_int_equal(aead_seal(&params, data, (size_t)INT32_MAX + 1, data, tag), ERR_TOO_LARGE);
}

static void
one_key_opens_many_messages(void **state) {
    (void)state;
    uint8_t sealed[11], back[11], tag[AEAD_TAG_LEN], zero[11] = {0}, many[AEAD_NONCE_LEN] = {0};
    struct aead_key *prepared = aead_key_new(AEAD_AES_256_GCM, key);
    struct aead_params params = params_with(AEAD_NONCE_LEN, "aad", 3);
    params.nonce = many;
    assert_non_null(prepared);
    for (uint8_t i = 0; i < 50; i++) {
        many[3] = i;
        params.aad_len = i % 4;
        assert_int_equal(aead_seal(&params, (const uint8_t *)"hello world", 11, sealed, tag), 0);

        /* One that is refused in between changes nothing for the next. */
        tag[i % AEAD_TAG_LEN] ^= 4;
        assert_int_equal(aead_key_open(prepared, &params, sealed, 11, tag, back), ERR_TAG);
        assert_memory_equal(back, zero, sizeof(zero));
        tag[i % AEAD_TAG_LEN] ^= 4;
        assert_int_equal(aead_key_open(prepared, &params, sealed, 11, tag, back), 0);
        assert_memory_equal(back, "hello world", 11);
    }

    params.nonce_len = AEAD_NONCE_LEN - 1;
    assert_int_equal(aead_key_open(prepared, &params, sealed, 11, tag, back), ERR_INVALID);
    aead_key_free(prepared);
    aead_key_free(NULL);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_cases_hold),
        cmocka_unit_test(nonces_of_every_length_round_trip),
        cmocka_unit_test(a_refused_message_leaves_nothing),
        cmocka_unit_test(works_in_place_and_on_nothing),
        cmocka_unit_test(one_key_opens_many_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
