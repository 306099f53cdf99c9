/* SPDX-License-Identifier: MIT */
#include "vault/record.h"

bool
record_is_classic(const struct record *r) {
    return r->kind == RECORD_CLASSIC_TEXT || r->kind == RECORD_CLASSIC_FILE;
}

bool
record_is_answer(const struct record *r) {
    return r->request.len > 0;
}

void
record_clear(struct record *r) {
    if (r == NULL) return;
    if (r->leases != NULL) explicit_bzero(r->leases, r->lease_count * sizeof(*r->leases));
    if (r->answers != NULL) explicit_bzero(r->answers, r->answer_count * sizeof(*r->answers));
    free(r->leases);
    free(r->answers);
    explicit_bzero(r, sizeof(*r));
}

/* A copy of ${count} items of ${size} bytes.  NULL if there are none, or memory is short. */
static void *
copy_items(const void *from, size_t count, size_t size) {
    if (count == 0) return NULL;
    void *copy = calloc(count, size);
    if (copy != NULL) memcpy(copy, from, count * size);
    return copy;
}

int
record_copy(struct record *to, const struct record *from) {
    struct lease *leases = copy_items(from->leases, from->lease_count, sizeof(*leases));
    struct record_answer *answers = copy_items(from->answers, from->answer_count, sizeof(*answers));

    if ((leases == NULL && from->lease_count > 0) || (answers == NULL && from->answer_count > 0)) {
        free(leases);
        free(answers);
        return ERR_NOMEM;
    }

    *to = *from;
    to->leases = leases;
    to->answers = answers;
    return 0;
}

/* Move the ${count} items of ${size} bytes at ${items} to memory with room for one more, which is
 * zero.  Not realloc(), which would leave the old hashes in freed memory.  NULL if memory is
 * short. */
static void *
grow_items(void *items, size_t count, size_t size) {
    void *more = calloc(count + 1, size);
    if (more == NULL) return NULL;

    if (count > 0) {
        memcpy(more, items, count * size);
        explicit_bzero(items, count * size);
    }
    free(items);
    return more;
}

struct lease *
record_add_lease(struct record *r) {
    if (r->lease_count >= RECORD_VIEWS_MAX) return NULL;
    struct lease *leases = grow_items(r->leases, r->lease_count, sizeof(*leases));
    if (leases == NULL) return NULL;
    r->leases = leases;
    return &leases[r->lease_count++];
}

struct lease *
record_find_lease(const struct record *r, const uint8_t hash[static TOKEN_HASH_LEN]) {
    for (size_t i = 0; i < r->lease_count; i++)
        if (token_hash_equal(r->leases[i].hash, hash)) return &r->leases[i];
    return NULL;
}

int
record_add_answer(struct record *r, const struct record_answer *answer) {
    if (r->answer_count >= RECORD_ANSWERS_MAX) return ERR_NOMEM;
    struct record_answer *answers = grow_items(r->answers, r->answer_count, sizeof(*answers));
    if (answers == NULL) return ERR_NOMEM;
    r->answers = answers;
    answers[r->answer_count++] = *answer;
    return 0;
}

bool
record_has_answer(const struct record *r, const struct store_ref *ref) {
    for (size_t i = 0; i < r->answer_count; i++) {
        const struct store_ref *known = &r->answers[i].ref;
        if (known->len == ref->len && memcmp(known->bytes, ref->bytes, ref->len) == 0) return true;
    }
    return false;
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
    if (record_is_classic(r)) return r->blob[0] != '\0';
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
