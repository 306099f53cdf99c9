/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/kdf.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/err.h"
#include "base/random.h"
#include "base/size.h"
#include "crypto/kdf/internal.h"

enum {
    PAGE = 4096, /* alignment of what libscrypt-kdf allocates */
};

/* The parts of an arena: V for each lane, then working memory, then B for each key. */
struct kdf_sizes {
    size_t n, r;
    size_t v;    /* the rows of one lane */
    size_t work; /* of all lanes */
    size_t b;    /* p blocks of one key */
};

static struct kdf_sizes
sizes_of(struct kdf_params params, unsigned lanes) {
    struct kdf_sizes s = {.n = (size_t)1 << params.log2_n, .r = params.r};
    s.b = (size_t)128 * params.r * params.p;
    s.v = ((size_t)128 * params.r) << params.log2_n;
    s.work = lanes_work_len(lanes, params.r);
    return s;
}

size_t
kdf_bytes_needed(struct kdf_params params, unsigned lanes) {
    if (params.log2_n > KDF_LOG2_N_MAX) return SIZE_MAX;

    /* libscrypt-kdf aligns each of its parts. */
    struct kdf_sizes s = sizes_of(params, lanes);
    return lanes * (s.v + s.b) + s.work + 64 + 2 * (size_t)PAGE;
}

/* --- lanes ------------------------------------------------------------------------------------ */

/* PBKDF2-HMAC-SHA256 with one iteration, which scrypt begins and ends with. */
static int
stretch(const struct kdf_input *in, const uint8_t *salt, size_t salt_len, uint8_t *out,
        size_t out_len) {
    const char *secret = in->secret;
    if (in->secret_len > INT_MAX || salt_len > INT_MAX || out_len > INT_MAX) return ERR_CRYPTO;
    int ok = PKCS5_PBKDF2_HMAC(secret, (int)in->secret_len, salt, (int)salt_len, 1, EVP_sha256(),
                               (int)out_len, out);
    return ok == 1 ? 0 : ERR_CRYPTO;
}

/* Do ROMix for the ${blocks} blocks at ${b}, as many at once as there are lanes. */
static void
mix_blocks(struct kdf_arena *a, const struct kdf_sizes *s, uint8_t *b, unsigned blocks) {
    uint8_t *work = a->memory + a->lanes * s->v;

    for (unsigned done = 0; done < blocks;) {
        struct lanes_input in[LANES_MAX];
        unsigned count = blocks - done;
        if (count > a->lanes) count = a->lanes;

        for (unsigned i = 0; i < count; i++) {
            in[i].block = b + (size_t)(done + i) * 128 * s->r;
            in[i].rows = a->memory + i * s->v;
        }
        a->peak = size_max(a->peak, count * s->v);
        lanes_romix(a->path, in, count, work, s->n, s->r);
        done += count;
    }
}

/* Wipe the memory of ${a} from offset ${from} on. */
static void
wipe_after(struct kdf_arena *a, size_t from) {
    if (a->peak <= from) return;
    explicit_bzero(a->memory + from, a->peak - from);
    a->peak = from;
}

static int
derive_in_lanes(struct kdf_arena *a, struct kdf_params params, const struct kdf_input *in,
                unsigned count) {
    const struct kdf_sizes s = sizes_of(params, a->lanes);
    uint8_t *b = a->memory + a->lanes * s.v + s.work;
    int err = 0;

    for (unsigned i = 0; i < count && err == 0; i++)
        err = stretch(&in[i], in[i].salt, in[i].salt_len, b + i * s.b, s.b);
    if (err == 0) mix_blocks(a, &s, b, count * params.p);
    for (unsigned i = 0; i < count && err == 0; i++)
        err = stretch(&in[i], b + i * s.b, s.b, in[i].out, in[i].out_len);

    explicit_bzero(a->memory + a->lanes * s.v, s.work + count * s.b);
    return err;
}

int
kdf_derive_all(struct kdf_arena *a, struct kdf_params params, const struct kdf_input *in,
               unsigned count) {
    int err = 0;
    if (kdf_bytes_needed(params, a->lanes) > a->len) return ERR_TOO_LARGE;
    if (params.log2_n == 0 || params.r == 0 || params.p == 0) return ERR_CRYPTO;

    /* What earlier derivations left in lanes that these do not use would stay for long. */
    if (a->path != NULL) {
        wipe_after(a, (size_t)count * params.p * sizes_of(params, a->lanes).v);
        return derive_in_lanes(a, params, in, count);
    }

    for (unsigned i = 0; i < count && err == 0; i++)
        err = kdf_reference(a, params, &in[i]);
    return err;
}

int
kdf_derive(struct kdf_arena *a, struct kdf_params params, const void *secret, size_t secret_len,
           const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len) {
    const struct kdf_input in = {secret, secret_len, salt, salt_len, out, out_len};
    int err = kdf_derive_all(a, params, &in, 1);
    kdf_arena_wipe(a);
    return err;
}

/* --- the choice of the code ------------------------------------------------------------------- */

/* RFC 7914, section 12: the key of an empty secret and an empty salt. */
static const uint8_t known_key[64] = {
    0x77, 0xd6, 0x57, 0x62, 0x38, 0x65, 0x7b, 0x20, 0x3b, 0x19, 0xca, 0x42, 0xc1, 0x8a, 0x04, 0x97,
    0xf1, 0x6b, 0x48, 0x44, 0xe3, 0x07, 0x4a, 0xe8, 0xdf, 0xdf, 0xfa, 0x3f, 0xed, 0xe2, 0x14, 0x42,
    0xfc, 0xd0, 0x06, 0x9d, 0xed, 0x09, 0x48, 0xf8, 0x32, 0x6a, 0x75, 0x3a, 0x0f, 0xc8, 0x1f, 0x17,
    0xe8, 0xd3, 0xe0, 0xfb, 0x2e, 0x0d, 0x36, 0x28, 0xcf, 0x35, 0xe2, 0x0c, 0x38, 0xd1, 0x89, 0x06,
};
static const struct kdf_params known_params = {.log2_n = 4, .r = 1, .p = 1};
static const struct kdf_params random_params = {.log2_n = 5, .r = 8, .p = 1};

static pthread_once_t choice_once = PTHREAD_ONCE_INIT;
static const struct lanes_path *chosen_path;
static enum kdf_code chosen_code;
static bool choice_made;

/* Whether ${count} lanes derive the known key. */
static bool
lanes_derive_known_key(struct kdf_arena *a, unsigned count) {
    uint8_t keys[LANES_MAX][sizeof(known_key)] = {{0}};
    struct kdf_input in[LANES_MAX];

    for (unsigned i = 0; i < count; i++)
        in[i] = (struct kdf_input){"", 0, known_key, 0, keys[i], sizeof(keys[i])};
    if (kdf_derive_all(a, known_params, in, count) != 0) return false;

    for (unsigned i = 0; i < count; i++)
        if (memcmp(keys[i], known_key, sizeof(known_key)) != 0) return false;
    return true;
}

/* Whether ${count} lanes derive from random secrets what libscrypt-kdf derives. */
static bool
lanes_derive_as_reference(struct kdf_arena *a, unsigned count) {
    uint8_t random[LANES_MAX][32];
    uint8_t keys[LANES_MAX][32] = {{0}};
    uint8_t expected[32];
    struct kdf_input in[LANES_MAX];

    random_fill(&random_system, random, sizeof(random));
    for (unsigned i = 0; i < count; i++)
        in[i] = (struct kdf_input){random[i], 16, random[i] + 16, 16, keys[i], sizeof(keys[i])};
    if (kdf_derive_all(a, random_params, in, count) != 0) return false;

    for (unsigned i = 0; i < count; i++) {
        in[i].out = expected;
        if (kdf_reference(a, random_params, &in[i]) != 0) return false;
        if (memcmp(keys[i], expected, sizeof(expected)) != 0) return false;
    }
    return true;
}

/* Whether each lane of each kernel of the arena's path derives the right keys. */
static bool
lanes_are_right(struct kdf_arena *a) {
    unsigned count = a->lanes;

    while (lanes_derive_known_key(a, count) && lanes_derive_as_reference(a, count)) {
        if (count == 1) return true;
        count = lanes_count(a->path, count - 1);
    }
    return false;
}

/* Also has libscrypt-kdf choose its code, before several threads can make it do so at once. */
static void
choose_code(void) {
    uint8_t key[sizeof(known_key)];
    const struct kdf_input in = {"", 0, known_key, 0, key, sizeof(key)};
    const struct lanes_path *path = lanes_path(0);
    struct kdf_arena *a = kdf_arena_make(path, random_params, LANES_MAX);
    if (a == NULL) return;

    choice_made = kdf_reference(a, known_params, &in) == 0;
    if (path == NULL) chosen_code = KDF_CODE_REFERENCE;
    else if (lanes_are_right(a)) chosen_path = path;
    else chosen_code = KDF_CODE_FALLBACK;
    kdf_arena_free(a);
}

enum kdf_code
kdf_code(const char **name) {
    (void)pthread_once(&choice_once, choose_code);
    *name = "libscrypt-kdf";
    if (chosen_path != NULL) *name = lanes_name(chosen_path);
    return chosen_code;
}

struct kdf_arena *
kdf_arena_new_lanes(struct kdf_params params, unsigned lanes) {
    (void)pthread_once(&choice_once, choose_code);
    if (!choice_made) return NULL;
    return kdf_arena_make(chosen_path, params, lanes);
}

struct kdf_arena *
kdf_arena_new(struct kdf_params params) {
    return kdf_arena_new_lanes(params, 1);
}
