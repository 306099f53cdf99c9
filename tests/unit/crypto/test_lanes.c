/* SPDX-License-Identifier: MIT */
/* Every lane of every kernel that this processor can run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/random.h"
#include "crypto/kdf/internal.h"

/* RFC 7914, section 10: ROMix for N = 16 and r = 1. */
static const char romix_in[] = "f7ce0b653d2d72a4108cf5abe912ffdd777616dbbb27a70e8204f3ae2d0f6fad"
                               "89f68f4811d1e87bcc3bd7400a9ffd29094f0184639574f39ae5a1315217bcd7"
                               "894991447213bb226c25b54da86370fbcd984380374666bb8ffcb5bf40c254b0"
                               "67d27c51ce4ad5fed829c90b505a571b7f4d1cad6a523cda770e67bceaaf7e89";
static const char romix_out[] = "79ccc193629debca047f0b70604bf6b62ce3dd4a9626e355fafc6198e6ea2b46"
                                "d58413673b99b029d665c357601fb426a0b2f4bba200ee9f0a43d19b571a9c71"
                                "ef1142e65d5a266fddca832ce59faa7cac0b9cf1be2bffca300d01ee387619c4"
                                "ae12fd4438f203a0e4e1c47ec314861f4e9087cb33396a6873e8f9d2539a4b8e";

/* RFC 7914, section 12. */
static const struct {
    const char *secret, *salt;
    struct kdf_params params;
    const char *key;
} vectors[] = {
    {"",
     "",
     {.log2_n = 4, .r = 1, .p = 1},
     "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
     "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
    {"password",
     "NaCl",
     {.log2_n = 10, .r = 8, .p = 16},
     "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
     "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
    {"pleaseletmein",
     "SodiumChloride",
     {.log2_n = 14, .r = 8, .p = 1},
     "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
     "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
};

static void
print_hex(const uint8_t *bytes, size_t len, char *out) {
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void
read_hex(const char *hex, uint8_t *out) {
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

/* Call ${check} for each number of blocks that each path can do at once. */
static void
for_all_kernels(void (*check)(const struct lanes_path *path, unsigned count)) {
    assert_non_null(lanes_path(0));
    for (unsigned i = 0; lanes_path(i) != NULL; i++)
        for (unsigned count = 1; count <= lanes_count(lanes_path(i), LANES_MAX); count++)
            check(lanes_path(i), count);
}

static void
check_romix(const struct lanes_path *path, unsigned count) {
    static _Alignas(LANES_ALIGNMENT) uint8_t rows[LANES_MAX][16 * 128], work[2 * 128 * LANES_MAX];
    uint8_t blocks[LANES_MAX][128];
    struct lanes_input in[LANES_MAX];
    char hex[257];
    assert_true(lanes_work_len(LANES_MAX, 1) <= sizeof(work));

    /* The vector in one lane after another, with other blocks in the other lanes. */
    for (unsigned lane = 0; lane < count; lane++) {
        random_fill(&random_system, blocks, sizeof(blocks));
        read_hex(romix_in, blocks[lane]);
        for (unsigned i = 0; i < count; i++)
            in[i] = (struct lanes_input){blocks[i], rows[i]};
        lanes_romix(path, in, count, work, 16, 1);
        print_hex(blocks[lane], 128, hex);
        assert_string_equal(hex, romix_out);
    }
}

static void
each_lane_mixes_as_rfc_7914(void **state) {
    (void)state;
    for_all_kernels(check_romix);
}

static void
check_vectors(const struct lanes_path *path, unsigned count) {
    uint8_t keys[LANES_MAX][64];
    struct kdf_input in[LANES_MAX];
    char hex[129];
    for (size_t v = 0; v < ARRAY_LEN(vectors); v++) {
        struct kdf_arena *a = kdf_arena_make(path, vectors[v].params, count);
        assert_non_null(a);
        if (kdf_arena_lanes(a) != count) { /* this kernel has more lanes: another count tests it */
            kdf_arena_free(a);
            return;
        }
        for (unsigned i = 0; i < count; i++)
            in[i] = (struct kdf_input){vectors[v].secret,
                                       strlen(vectors[v].secret),
                                       (const uint8_t *)vectors[v].salt,
                                       strlen(vectors[v].salt),
                                       keys[i],
                                       sizeof(keys[i])};
        assert_int_equal(kdf_derive_all(a, vectors[v].params, in, count), 0);
        for (unsigned i = 0; i < count; i++) {
            print_hex(keys[i], sizeof(keys[i]), hex);
            assert_string_equal(hex, vectors[v].key);
        }
        kdf_arena_free(a);
    }
}

static void
each_lane_derives_the_keys_of_rfc_7914(void **state) {
    (void)state;
    for_all_kernels(check_vectors);
}

static void
check_against_reference(const struct lanes_path *path, unsigned count) {
    uint8_t secrets[LANES_MAX][32], keys[LANES_MAX][32], expected[32];
    struct kdf_input in[LANES_MAX];
    for (uint8_t r = 1; r <= 9; r++) {
        struct kdf_params params = {.log2_n = (uint8_t)(1 + r % 6), .r = r, .p = r % 3 + 1};
        struct kdf_arena *a = kdf_arena_make(path, params, LANES_MAX);
        assert_non_null(a);
        random_fill(&random_system, secrets, sizeof(secrets));
        for (unsigned i = 0; i < count; i++)
            in[i] = (struct kdf_input){secrets[i], i, secrets[i] + 16, 16, keys[i], 32};
        assert_int_equal(kdf_derive_all(a, params, in, count), 0);
        for (unsigned i = 0; i < count; i++) {
            in[i].out = expected;
            assert_int_equal(kdf_reference(a, params, &in[i]), 0);
            assert_memory_equal(keys[i], expected, sizeof(expected));
        }
        kdf_arena_free(a);
    }
}

static void
each_lane_derives_what_libscrypt_kdf_derives(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++)
        for_all_kernels(check_against_reference);
}

/* Return how many bytes of the arena are not zero. */
static size_t
count_bytes(const struct kdf_arena *a) {
    size_t set = 0;
    for (size_t i = 0; i < a->len; i++)
        set += a->memory[i] != 0;
    return set;
}

/* Fewer derivations after many leave nothing of the many in memory, and a wipe leaves nothing. */
static void
check_wipe(const struct lanes_path *path, unsigned count) {
    const struct kdf_params params = {.log2_n = 8, .r = 8, .p = 1};
    uint8_t keys[LANES_MAX][32];
    struct kdf_input in[LANES_MAX];
    struct kdf_arena *a = kdf_arena_make(path, params, count);
    assert_non_null(a);
    for (unsigned i = 0; i < count; i++)
        in[i] = (struct kdf_input){"secret", 6, (const uint8_t *)"salt", 4, keys[i], 32};

    assert_int_equal(kdf_derive_all(a, params, in, kdf_arena_lanes(a)), 0);
    size_t of_one_lane = (size_t)128 * 8 << 8;
    assert_true(count_bytes(a) > of_one_lane / 2); /* control: there is something to find */
    assert_int_equal(kdf_derive_all(a, params, in, 1), 0);
    assert_true(count_bytes(a) <= of_one_lane);
    kdf_arena_wipe(a);
    assert_int_equal(count_bytes(a), 0);
    kdf_arena_free(a);
}

static void
memory_keeps_only_the_last_derivations(void **state) {
    (void)state;
    for_all_kernels(check_wipe);
}

static void
the_widest_path_is_used(void **state) {
    const char *name = NULL;
    (void)state;
    assert_int_equal(kdf_code(&name), KDF_CODE_LANES);
    assert_string_equal(name, lanes_name(lanes_path(0)));
    struct kdf_arena *a = kdf_arena_new_lanes((struct kdf_params){.log2_n = 4, .r = 8, .p = 1}, 99);
    assert_non_null(a);
    assert_ptr_equal(a->path, lanes_path(0));
    assert_int_equal(kdf_arena_lanes(a), lanes_count(lanes_path(0), LANES_MAX));
    kdf_arena_free(a);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lane_mixes_as_rfc_7914),
        cmocka_unit_test(each_lane_derives_the_keys_of_rfc_7914),
        cmocka_unit_test(each_lane_derives_what_libscrypt_kdf_derives),
        cmocka_unit_test(memory_keeps_only_the_last_derivations),
        cmocka_unit_test(the_widest_path_is_used),
    };
    const char *name;
    (void)kdf_code(&name); /* libscrypt-kdf tests itself now, in an arena that is large enough */
    for (unsigned i = 0; lanes_path(i) != NULL; i++)
        printf("path %s: %u lanes\n", lanes_name(lanes_path(i)),
               lanes_count(lanes_path(i), LANES_MAX));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
