/* SPDX-License-Identifier: MIT */
/* The gate against vectors of an independent writer, and HKDF against RFC 5869. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/gate.h"
#include "crypto/hkdf.h"
#include "vectors.h"

static void
expect_hex(const json_t *vector, const char *key, const uint8_t *got, size_t len) {
    struct buf want = BUF_INIT(256);
    vectors_hex(vector, key, &want);
    assert_true(buf_equals(&want, got, len));
    buf_free(&want);
}

static void
gates_are_those_of_the_vectors(void **state) {
    json_t *file = vectors_load("tests/vectors/gate-v1.json"), *vector;
    json_t *vectors = json_object_get(file, "vectors");
    size_t i;
    (void)state;
    assert_true(json_array_size(vectors) >= 7);

    json_array_foreach(vectors, i, vector) {
        const char *link_key = vectors_text(vector, "link_key");
        struct buf salt = BUF_INIT(ENVELOPE_SALT_LEN);
        struct envelope_header h = {.log2_n = 14, .r = 8, .p = 1};
        uint8_t header[ENVELOPE_HEADER_LEN], gate[GATE_LEN], verifier[GATE_VERIFIER_LEN];

        vectors_hex(vector, "salt", &salt);
        assert_int_equal(salt.len, sizeof(h.salt));
        memcpy(h.salt, salt.data, sizeof(h.salt));
        envelope_header_write(&h, header);

        assert_int_equal(gate_derive(link_key, strlen(link_key), header, gate), 0);
        expect_hex(vector, "gate", gate, sizeof(gate));
        gate_verifier(gate, verifier);
        expect_hex(vector, "gate_verifier", verifier, sizeof(verifier));
        buf_free(&salt);
    }
    json_decref(file);
}

/* The gate does not depend on the cost in the header, and does on every byte of key and salt. */
static void
a_gate_belongs_to_its_link_key_and_salt(void **state) {
    static const char link_key[] = "abcdefghijklmnopqrstuvwxyz012345";
    struct envelope_header h = {.log2_n = 14, .r = 8, .p = 1};
    uint8_t header[ENVELOPE_HEADER_LEN], gate[GATE_LEN], other[GATE_LEN];
    (void)state;
    envelope_header_write(&h, header);
    assert_int_equal(gate_derive(link_key, 32, header, gate), 0);

    for (size_t i = 8; i < ENVELOPE_HEADER_LEN; i++) {
        header[i] ^= 1;
        assert_int_equal(gate_derive(link_key, 32, header, other), 0);
        assert_memory_not_equal(gate, other, GATE_LEN);
        header[i] ^= 1;
    }
    for (size_t i = 0; i < 32; i++) {
        char wrong[sizeof(link_key)];
        memcpy(wrong, link_key, sizeof(wrong));
        wrong[i] = '9';
        assert_int_equal(gate_derive(wrong, 32, header, other), 0);
        assert_memory_not_equal(gate, other, GATE_LEN);
    }

    h.log2_n = 15;
    h.p = 3;
    envelope_header_write(&h, header);
    assert_int_equal(gate_derive(link_key, 32, header, other), 0);
    assert_memory_equal(gate, other, GATE_LEN);
    assert_int_equal(gate_derive("", 0, header, other), ERR_INVALID);
}

/* RFC 5869, appendix A.1 (with salt) and A.3 (without salt and info). */
static void
hkdf_is_that_of_the_rfc(void **state) {
    static const uint8_t secret[22] = {11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
                                       11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11};
    static const uint8_t salt[13] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t a1[42] = {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f,
                                   0x64, 0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a,
                                   0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4, 0xc5, 0xbf, 0x34,
                                   0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65};
    static const uint8_t a3[42] = {0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f, 0x71, 0x5f, 0x80,
                                   0x2a, 0x06, 0x3c, 0x5a, 0x31, 0xb8, 0xa1, 0x1f, 0x5c, 0x5e, 0xe1,
                                   0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f, 0x3c, 0x73, 0x8d, 0x2d, 0x9d,
                                   0x20, 0x13, 0x95, 0xfa, 0xa4, 0xb6, 0x1a, 0x96, 0xc8};
    struct hkdf_input with = {secret, sizeof(secret), salt, sizeof(salt),
                              "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"};
    struct hkdf_input without = {secret, sizeof(secret), NULL, 0, ""};
    uint8_t out[42];
    (void)state;
    assert_int_equal(hkdf_sha256(&with, out, sizeof(out)), 0);
    assert_memory_equal(out, a1, sizeof(out));
    assert_int_equal(hkdf_sha256(&without, out, sizeof(out)), 0);
    assert_memory_equal(out, a3, sizeof(out));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_are_those_of_the_vectors),
        cmocka_unit_test(a_gate_belongs_to_its_link_key_and_salt),
        cmocka_unit_test(hkdf_is_that_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
