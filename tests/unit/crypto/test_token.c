/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text/base64.h"
#include "crypto/token.h"
#include "prng.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define SIGNS   "!#$%&*+-=?@_~"

enum { MINTS = 4000 };

typedef void (*mint_fn)(const struct random *r, char *out);

static const struct {
    const char *name;
    mint_fn mint;
    size_t len;
    const char *alphabet;
    double most; /* one run in ten thousand has a larger chi-square by chance */
} mints[] = {
    {"classic id", token_mint_classic_id, TOKEN_CLASSIC_ID_LEN, LETTERS, 108},
    {"sealed id", token_mint_sealed_id, TOKEN_SEALED_ID_LEN, LETTERS, 108},
    {"passphrase", token_mint_passphrase, TOKEN_PASSPHRASE_LEN, LETTERS SIGNS, 125},
    {"link key", token_mint_link_key, TOKEN_LINK_KEY_LEN, LETTERS, 108},
    {"blob", token_mint_blob, TOKEN_BLOB_LEN, LETTERS, 108},
};

/* Mint many, and compare how often each character of the alphabet occurs.  Returns chi-square. */
static double
chi_square(mint_fn mint, size_t len, const char *alphabet, const struct random *r) {
    unsigned counts[256] = {0};
    char text[64];
    for (unsigned i = 0; i < MINTS; i++) {
        mint(r, text);
        assert_int_equal(strlen(text), len);
        for (size_t k = 0; k < len; k++)
            counts[(unsigned char)text[k]]++;
    }
    double want = (double)(MINTS * len) / (double)strlen(alphabet), sum = 0;
    size_t seen = 0;
    for (const char *c = alphabet; *c != '\0'; c++) {
        double n = counts[(unsigned char)*c];
        sum += (n - want) * (n - want) / want;
        seen += counts[(unsigned char)*c];
    }
    assert_int_equal(seen, MINTS * len); /* and no other character */
    return sum;
}

static void
every_mint_is_uniform_over_its_alphabet(void **state) {
    (void)state;
    struct prng p = {prng_seed()};
    struct random r = prng_random(&p);
    for (size_t i = 0; i < ARRAY_LEN(mints); i++) {
        double x = chi_square(mints[i].mint, mints[i].len, mints[i].alphabet, &r);
        printf("%-10s chi-square %.0f of at most %.0f\n", mints[i].name, x, mints[i].most);
        assert_true(x < mints[i].most);
    }
}

static void
biased_passphrase(const struct random *r, char *out) {
    static const char alphabet[] = LETTERS SIGNS;
    uint8_t bytes[TOKEN_PASSPHRASE_LEN];
    random_fill(r, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        out[i] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
    out[sizeof(bytes)] = '\0';
}

static void
the_test_sees_a_modulo_bias(void **state) {
    (void)state;
    struct prng p = {prng_seed()};
    struct random r = prng_random(&p);
    assert_true(chi_square(biased_passphrase, TOKEN_PASSPHRASE_LEN, LETTERS SIGNS, &r) > 1000);
}

static void
tokens_are_canonical_and_differ(void **state) {
    (void)state;
    char a[TOKEN_LEN + 1], b[TOKEN_LEN + 1];
    uint8_t bytes[32];
    token_mint(&random_system, a);
    token_mint(&random_system, b);
    assert_int_equal(strlen(a), TOKEN_LEN);
    assert_int_equal(base64_decode_exact(BASE64_URL, a, TOKEN_LEN, bytes, sizeof(bytes)), 0);
    assert_string_not_equal(a, b);
    assert_true(token_is_canonical(a, TOKEN_LEN));
    assert_false(token_is_canonical(a, TOKEN_LEN - 1));
    assert_false(token_is_canonical("", 0));

    /* Of the four last characters that decode to the same bytes, one is a token. */
    static const char alphabet[] = LETTERS "-_";
    unsigned canonical = 0;
    for (size_t i = 0; i < 64; i++) {
        a[TOKEN_LEN - 1] = alphabet[i];
        canonical += token_is_canonical(a, TOKEN_LEN);
    }
    assert_int_equal(canonical, 16);

    static const char others[] = {'=', '+', '/', '.', ' ', '\n', '\0', '\x80'};
    for (size_t i = 0; i < sizeof(others); i++) {
        a[TOKEN_LEN - 1] = others[i];
        assert_false(token_is_canonical(a, TOKEN_LEN));
    }
}

static void
forms_are_told_apart(void **state) {
    (void)state;
    assert_true(token_is_classic_id("abcdefghABCDEF09", 16));
    assert_false(token_is_classic_id("abcdefghABCDEF0", 15));
    assert_false(token_is_classic_id("abcdefghABCDEF091", 17));
    assert_false(token_is_classic_id("abcdefghABCDEF0_", 16));
    assert_false(token_is_classic_id("abcdefgh\0BCDEF09", 16));
    assert_false(token_is_classic_id("abcdefgh\xC3\xA9"
                                     "CDEF09",
                                     16));
    assert_true(token_is_sealed_id("abcdefghijABCDEFGHIJ09", 22));
    assert_false(token_is_sealed_id("abcdefghijABCDEFGHIJ-9", 22));
    assert_false(token_is_sealed_id("", 0));
    assert_true(token_is_link_key("abcdefghijklmnopABCDEFGHIJKLMNOP", 32));
    assert_false(token_is_link_key("abcdefghijklmnopABCDEFGHIJKLMNO.", 32));
}

static void
hashes_are_sha256(void **state) {
    (void)state;
    static const uint8_t abc[TOKEN_HASH_LEN] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                                0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                                0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                                0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash("abc", 3, hash);
    assert_memory_equal(hash, abc, sizeof(abc));
    assert_true(token_hash_equal(hash, abc));
    for (unsigned bit = 0; bit < 8 * TOKEN_HASH_LEN; bit++) {
        hash[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(token_hash_equal(hash, abc));
        hash[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* RFC 4231, test case 2; a key is filled up with zeros. */
static void
tags_are_hmac(void **state) {
    (void)state;
    const uint8_t key[TOKEN_TAG_KEY_LEN] = "Jefe";
    char tag[TOKEN_TAG_LEN + 1];
    token_tag(key, "what do ya want for nothing?", 28, tag);
    assert_string_equal(tag, "5bdcc146bf60754e");
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mint_is_uniform_over_its_alphabet),
        cmocka_unit_test(the_test_sees_a_modulo_bias),
        cmocka_unit_test(tokens_are_canonical_and_differ),
        cmocka_unit_test(forms_are_told_apart),
        cmocka_unit_test(hashes_are_sha256),
        cmocka_unit_test(tags_are_hmac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
