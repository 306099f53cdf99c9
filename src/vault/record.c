/* SPDX-License-Identifier: MIT */
#include "vault/record.h"

void
record_clear(struct record *r) {
    if (r == NULL) return;
    if (r->leases != NULL) explicit_bzero(r->leases, r->lease_count * sizeof(*r->leases));
    free(r->leases);
    explicit_bzero(r, sizeof(*r));
}

int
record_copy(struct record *to, const struct record *from) {
    struct lease *leases = NULL;

    if (from->lease_count > 0) {
        leases = calloc(from->lease_count, sizeof(*leases));
        if (leases == NULL) return ERR_NOMEM;
        memcpy(leases, from->leases, from->lease_count * sizeof(*leases));
    }

    *to = *from;
    to->leases = leases;
    return 0;
}

struct lease *
record_add_lease(struct record *r) {
    if (r->lease_count >= RECORD_VIEWS_MAX) return NULL;
    struct lease *leases = calloc(r->lease_count + 1, sizeof(*leases));
    if (leases == NULL) return NULL;

    /* Not realloc(): it would leave the old hashes in freed memory. */
    if (r->lease_count > 0) {
        memcpy(leases, r->leases, r->lease_count * sizeof(*leases));
        explicit_bzero(r->leases, r->lease_count * sizeof(*leases));
    }
    free(r->leases);
    r->leases = leases;

    return &leases[r->lease_count++];
}

struct lease *
record_find_lease(const struct record *r, const uint8_t hash[static TOKEN_HASH_LEN]) {
    for (size_t i = 0; i < r->lease_count; i++)
        if (token_hash_equal(r->leases[i].hash, hash)) return &r->leases[i];
    return NULL;
}

uint64_t
record_cost(const struct record *r) {
    uint64_t cost = RECORD_ROW_COST + RECORD_VIEW_COST * (uint64_t)r->views;
    if (r->content != CONTENT_NONE) cost += RECORD_CONTENT_COST;
    if (r->content == CONTENT_INLINE) cost += r->size;
    if (record_has_wrap(r)) cost += RECORD_CONTENT_COST + r->wrap_len;
    return cost;
}

bool
record_has_wrap(const struct record *r) {
    return r->wrap_len > 0 && (r->content == CONTENT_INLINE || r->content == CONTENT_BLOBS);
}

uint32_t
record_part_count(const struct record *r) {
    if (r->kind != RECORD_SEALED) return r->blob[0] != '\0';
    if (r->part_size == 0) return 0;
    return (uint32_t)((r->size + r->part_size - 1) / r->part_size);
}

uint32_t
record_part_len(const struct record *r, uint32_t k) {
    uint32_t count = record_part_count(r);
    if (k >= count) return 0;
    if (k + 1 < count) return r->part_size;
    return (uint32_t)(r->size - (uint64_t)k * r->part_size);
}
