/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/size.h"
#include "crypto/kdf/internal.h"

/* The memory begins at such an address, so that the system can map it by pages of this size. */
#define HUGE_PAGE ((size_t)2 << 20)

/* Linux 5.18.  Older headers do not name it. */
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static size_t
round_up(size_t len, size_t to) {
    return (len + to - 1) / to * to;
}

/* Map ${len} bytes between two guard pages.  Returns 0 or ERR_NOMEM. */
static int
map_arena(struct kdf_arena *a, size_t len) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapping_len = round_up(len, page) + HUGE_PAGE + page;
    void *at = mmap(NULL, mapping_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return ERR_NOMEM;

    a->mapping = at;
    a->mapping_len = mapping_len;
    a->memory = a->mapping + (HUGE_PAGE - (uintptr_t)at % HUGE_PAGE);
    a->len = round_up(len, page);
    if (mprotect(a->memory, a->len, PROT_READ | PROT_WRITE) != 0 ||
        madvise(a->memory, a->len, MADV_DONTDUMP) != 0 ||
        madvise(a->memory, a->len, MADV_DONTFORK) != 0)
        return ERR_NOMEM;

    /* Rows are read at random.  With small pages most reads would look up an address as well. */
    (void)madvise(a->memory, a->len, MADV_HUGEPAGE);
    return 0;
}

struct kdf_arena *
kdf_arena_make(const struct lanes_path *path, struct kdf_params params, unsigned lanes) {
    unsigned most = 1;
    if (path != NULL) most = lanes_count(path, lanes);
    size_t need = kdf_bytes_needed(params, most);
    if (need == SIZE_MAX) return NULL;

    struct kdf_arena *a = calloc(1, sizeof(*a));
    if (a == NULL) return NULL;
    a->path = path;
    a->lanes = most;
    if (map_arena(a, need) != 0) {
        kdf_arena_free(a);
        return NULL;
    }

    /* Each page is locked on its first use, so that an idle service stays small and starts fast. */
    a->locked = mlock2(a->memory, a->len, MLOCK_ONFAULT) == 0;
    return a;
}

void
kdf_arena_free(struct kdf_arena *a) {
    if (a == NULL) return;
    if (a->mapping != NULL) {
        kdf_arena_wipe(a);
        (void)munmap(a->mapping, a->mapping_len);
    }
    free(a);
}

void
kdf_arena_release_memory(struct kdf_arena *a) {
    kdf_arena_wipe(a);

    /* A kernel before 5.18 keeps locked memory. */
    if (a->locked) (void)madvise(a->memory, a->len, MADV_DONTNEED_LOCKED);
    else (void)madvise(a->memory, a->len, MADV_DONTNEED);
}

int
kdf_arena_is_locked(const struct kdf_arena *a) {
    return a->locked;
}

unsigned
kdf_arena_lanes(const struct kdf_arena *a) {
    return a->lanes;
}

void
kdf_arena_wipe(struct kdf_arena *a) {
    if (a->peak > 0) explicit_bzero(a->memory, a->peak);
    a->peak = 0;
}
