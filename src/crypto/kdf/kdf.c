/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/kdf.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/size.h"

/*
 * The core of libscrypt-kdf allocates with posix_memalign() and free().  In our copy of that object
 * both are renamed (mk/programs.mk) to the two functions below, which use the arena that
 * kdf_derive() set for its thread.  The core allocates three blocks, always in the same order: B,
 * XY and V.
 */
int crypto_scrypt(const uint8_t *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
                  uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_len);
int kdf_arena_memalign(void **out, size_t alignment, size_t len);
void kdf_arena_release(void *block);

enum {
    LARGEST_LOG2_N = 30, /* no size below overflows; the limits of callers are far lower */
    BLOCK_ALIGNMENT = 4096,
};

/* On its first call the library compares its fastest code with a known answer, for N = 16, r =
 * 8. */
#define SELF_TEST ((struct kdf_params){.log2_n = 4, .r = 8, .p = 1})

struct kdf_arena {
    uint8_t *mapping; /* guard page, memory, guard page */
    size_t mapping_len;
    uint8_t *memory;
    size_t len;
    size_t used;   /* bytes allocated now */
    size_t peak;   /* bytes to wipe */
    unsigned held; /* blocks allocated now */
    int locked;
};

static _Thread_local struct kdf_arena *kdf_current_arena;

static size_t
kdf_round_up(size_t len, size_t to) {
    return (len + to - 1) / to * to;
}

/* Return how many bytes of an arena a derivation uses, or SIZE_MAX if no arena is that large. */
static size_t
kdf_bytes_needed(struct kdf_params params) {
    if (params.log2_n > LARGEST_LOG2_N) return SIZE_MAX;
    size_t b = (size_t)128 * params.r * params.p;
    size_t xy = (size_t)256 * params.r + 64;
    size_t v = ((size_t)128 * params.r) << params.log2_n;
    return kdf_round_up(b, BLOCK_ALIGNMENT) + kdf_round_up(xy, BLOCK_ALIGNMENT) + v;
}

int
kdf_arena_memalign(void **out, size_t alignment, size_t len) {
    struct kdf_arena *a = kdf_current_arena;
    *out = NULL;
    if (a == NULL || alignment > BLOCK_ALIGNMENT || len > a->len - a->used) return ENOMEM;

    *out = a->memory + a->used;
    a->used += len;
    if (a->used > a->peak) a->peak = a->used;
    a->used = kdf_round_up(a->used, BLOCK_ALIGNMENT);
    if (a->used > a->len) a->used = a->len;
    a->held++;
    return 0;
}

void
kdf_arena_release(void *block) {
    if (block == NULL || kdf_current_arena == NULL) return;
    if (--kdf_current_arena->held == 0) kdf_current_arena->used = 0;
}

/* Map ${len} bytes between two guard pages.  Returns 0 or ERR_NOMEM. */
static int
kdf_arena_map(struct kdf_arena *a, size_t len) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    a->len = kdf_round_up(len, page);
    a->mapping_len = a->len + 2 * page;
    void *at = mmap(NULL, a->mapping_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return ERR_NOMEM;

    a->mapping = at;
    a->memory = a->mapping + page;
    if (mprotect(a->memory, a->len, PROT_READ | PROT_WRITE) != 0 ||
        madvise(a->memory, a->len, MADV_DONTDUMP) != 0 ||
        madvise(a->memory, a->len, MADV_DONTFORK) != 0)
        return ERR_NOMEM;
    return 0;
}

/* Have the library choose its code before several threads can make it do so at once. */
static pthread_once_t self_test_once = PTHREAD_ONCE_INIT;
static _Thread_local struct kdf_arena *self_test_arena;
static bool self_test_ok;

static void
kdf_self_test(void) {
    uint8_t out[16] = {0};
    self_test_ok = kdf_derive(self_test_arena, SELF_TEST, "", 0, out, 0, out, sizeof(out)) == 0;
}

struct kdf_arena *
kdf_arena_new(struct kdf_params params) {
    size_t need = kdf_bytes_needed(params), least = kdf_bytes_needed(SELF_TEST);
    struct kdf_arena *a = NULL;

    if (need == SIZE_MAX || (a = calloc(1, sizeof(*a))) == NULL) return NULL;
    if (kdf_arena_map(a, size_max(need, least)) != 0) goto fail;

    /* Each page is locked on its first use, so that an idle service stays small and starts fast. */
    a->locked = mlock2(a->memory, a->len, MLOCK_ONFAULT) == 0;
    self_test_arena = a;
    (void)pthread_once(&self_test_once, kdf_self_test);
    self_test_arena = NULL;
    if (self_test_ok) return a;

fail:
    kdf_arena_free(a);
    return NULL;
}

void
kdf_arena_free(struct kdf_arena *a) {
    if (a == NULL) return;
    if (a->memory != NULL) explicit_bzero(a->memory, a->peak);
    if (a->mapping != NULL) (void)munmap(a->mapping, a->mapping_len);
    free(a);
}

int
kdf_arena_is_locked(const struct kdf_arena *a) {
    return a->locked;
}

int
kdf_derive(struct kdf_arena *a, struct kdf_params params, const void *secret, size_t secret_len,
           const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len) {
    if (kdf_bytes_needed(params) > a->len) return ERR_TOO_LARGE;

    kdf_current_arena = a;
    int failed = crypto_scrypt(secret, secret_len, salt, salt_len, UINT64_C(1) << params.log2_n,
                               params.r, params.p, out, out_len);
    kdf_current_arena = NULL;

    explicit_bzero(a->memory, a->peak);
    a->peak = 0;
    if (failed != 0) return ERR_CRYPTO;
    return 0;
}
