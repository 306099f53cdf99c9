/* SPDX-License-Identifier: MIT */
/*
 * The code for vectors with one wrong rotation (mk/test.mk): the self-test notices, and
 * libscrypt-kdf derives the keys.  The functions below take the place of those in the archive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "crypto/kdf/internal.h"
#include "crypto/kdf/lanes.c"

/* RFC 7914, section 12. */
static const struct kdf_params params = {.log2_n = 4, .r = 1, .p = 1};
static const uint8_t known[8] = {0x77, 0xd6, 0x57, 0x62, 0x38, 0x65, 0x7b, 0x20};

static void
a_wrong_rotation_is_noticed(void **state) {
    const char *name = NULL;
    (void)state;
    assert_int_equal(kdf_code(&name), KDF_CODE_FALLBACK);
    assert_string_equal(name, "libscrypt-kdf");
}

static void
keys_are_right_all_the_same(void **state) {
    uint8_t key[64];
    (void)state;
    struct kdf_arena *a = kdf_arena_new_lanes(params, 8);
    assert_non_null(a);
    assert_int_equal(kdf_arena_lanes(a), 1);
    assert_int_equal(kdf_derive(a, params, "", 0, known, 0, key, sizeof(key)), 0);
    assert_memory_equal(key, known, sizeof(known));
    kdf_arena_free(a);
}

/* Control: each kernel has the wrong rotation. */
static void
every_kernel_is_wrong(void **state) {
    (void)state;
    for (unsigned i = 0; lanes_path(i) != NULL; i++) {
        for (unsigned count = 1; count <= LANES_MAX; count++) {
            uint8_t key[64];
            const struct kdf_input in = {"", 0, known, 0, key, sizeof(key)};
            struct kdf_arena *a = kdf_arena_make(lanes_path(i), params, count);
            assert_non_null(a);
            assert_int_equal(kdf_derive_all(a, params, &in, 1), 0);
            assert_memory_not_equal(key, known, sizeof(known));
            kdf_arena_free(a);
        }
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_rotation_is_noticed),
        cmocka_unit_test(keys_are_right_all_the_same),
        cmocka_unit_test(every_kernel_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
