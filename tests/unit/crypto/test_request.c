/* SPDX-License-Identifier: MIT */
/* The keys of a request against vectors of an independent writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/request.h"
#include "vectors.h"

static void
keys_are_those_of_the_vectors(void **state) {
    json_t *file = vectors_load("tests/vectors/request-v1.json"), *vector;
    json_t *vectors = json_object_get(file, "vectors");
    size_t i;
    (void)state;
    assert_true(json_array_size(vectors) >= 4);

    json_array_foreach(vectors, i, vector) {
        const char *seed = vectors_text(vector, "seed");
        uint8_t identity[AGE_KEY_LEN], hash[TOKEN_HASH_LEN];
        char text[AGE_KEY_TEXT_MAX + 1], token[TOKEN_LEN + 1], owner[TOKEN_LEN + 1];
        char link_key[TOKEN_LINK_KEY_LEN + 1];
        struct buf description = BUF_INIT(4096);

        assert_int_equal(request_identity(seed, strlen(seed), identity), 0);
        age_identity_write(identity, text);
        assert_string_equal(text, vectors_text(vector, "identity"));

        /* The server stores the hash of the token. */
        assert_int_equal(request_owner(seed, strlen(seed), token), 0);
        assert_string_equal(token, vectors_text(vector, "owner_token"));
        token_hash(token, strlen(token), hash);
        base64_encode_text(BASE64_URL, hash, sizeof(hash), owner);
        assert_string_equal(owner, vectors_text(vector, "owner"));

        assert_true(vectors_base64(vector, "description", BASE64_URL, &description));
        assert_int_equal(request_link_key(description.data, description.len, link_key), 0);
        assert_string_equal(link_key, vectors_text(vector, "link_key"));

        /* Another description has another link key. */
        description.data[description.len - 1] ^= 1;
        assert_int_equal(request_link_key(description.data, description.len, link_key), 0);
        assert_string_not_equal(link_key, vectors_text(vector, "link_key"));
        buf_free(&description);
    }
    json_decref(file);
}

static void
other_texts_are_no_seeds(void **state) {
    static const char seed[] = "g2lMLzgeonyLGcTJFiz4soCmZ9cpvnpK!";
    uint8_t identity[AGE_KEY_LEN];
    char token[TOKEN_LEN + 1];
    (void)state;
    assert_int_equal(request_identity(seed, 32, identity), 0);
    assert_int_equal(request_identity(seed, 31, identity), ERR_INVALID);
    assert_int_equal(request_identity(seed, 33, identity), ERR_INVALID);
    assert_int_equal(request_owner(seed + 1, 32, token), ERR_INVALID);
    assert_int_equal(request_link_key(seed, 0, token), ERR_INVALID);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_the_vectors),
        cmocka_unit_test(other_texts_are_no_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
