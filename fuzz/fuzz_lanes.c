/* SPDX-License-Identifier: MIT */
/*
 * Any secrets and costs in any lanes: each key is the one of libscrypt-kdf.  Input: path, keys at
 * once, log2 of N, r, p, then the bytes that secrets and salts are cut from.
 */
#include "base/err.h"
#include "crypto/kdf/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HEAD_LEN = 5, KEY_MAX = 70 };

/* Cut up to ${most} bytes off the ${*len} at ${*data}. */
static const uint8_t *
cut(const uint8_t **data, size_t *len, size_t most, size_t *n) {
    const uint8_t *at = *data;
    *n = *len < most ? *len : most;
    *data += *n;
    *len -= *n;
    return at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    uint8_t keys[LANES_MAX][KEY_MAX], expected[KEY_MAX];
    struct kdf_input in[LANES_MAX];
    const char *name;
    unsigned paths = 0;
    if (len < HEAD_LEN || kdf_code(&name) != KDF_CODE_LANES) return 0;

    while (lanes_path(paths) != NULL)
        paths++;
    const struct lanes_path *path = lanes_path(data[0] % paths);
    unsigned count = data[1] % lanes_count(path, LANES_MAX) + 1;
    struct kdf_params params = {
        .log2_n = data[2] % 6 + 1, .r = data[3] % 9 + 1, .p = data[4] % 3 + 1};
    size_t step = (len - HEAD_LEN) / count / 2 + 1, key_len = data[1] % KEY_MAX + 1;
    data += HEAD_LEN;
    len -= HEAD_LEN;

    for (unsigned i = 0; i < count; i++) {
        in[i] = (struct kdf_input){.out = keys[i], .out_len = key_len};
        in[i].secret = cut(&data, &len, step + i, &in[i].secret_len);
        in[i].salt = cut(&data, &len, step, &in[i].salt_len);
    }
    struct kdf_arena *a = kdf_arena_make(path, params, LANES_MAX);
    if (a == NULL || kdf_derive_all(a, params, in, count) != 0) abort();
    for (unsigned i = 0; i < count; i++) {
        in[i].out = expected;
        if (kdf_reference(a, params, &in[i]) != 0) abort();
        if (memcmp(expected, keys[i], key_len) != 0) abort();
    }
    kdf_arena_wipe(a);
    for (size_t i = 0; i < a->len; i += 61)
        if (a->memory[i] != 0) abort();
    kdf_arena_free(a);
    return 0;
}
