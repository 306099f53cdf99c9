/* SPDX-License-Identifier: MIT */
#include "crypto/audit/audit.h"

/* The encoding of a row begins with this, so that no other data of the project has its hash. */
static const char magic[4] = {'E', 'S', 'e', '1'};

enum { FIXED_LEN = sizeof(magic) + AUDIT_HASH_LEN + 8 + 8 + 1 + AUDIT_REF_LEN + 2 };

static const struct {
    enum audit_kind kind;
    const char *name;
} kinds[] = {
#define X(name, number, wire) {AUDIT_##name, (wire)},
    AUDIT_KIND_LIST(X)
#undef X
};

const char *
audit_name(enum audit_kind kind) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].kind == kind) return kinds[i].name;
    return NULL;
}

int
audit_kind_of(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0) return (int)kinds[i].kind;
    return 0;
}

bool
audit_has_ref(enum audit_kind kind) {
    return kind != AUDIT_STARTED && kind != AUDIT_STOPPED;
}

/* Write the ${len} low bytes of ${value}, the highest first, to ${at}.  Returns what follows. */
static uint8_t *
put_number(uint8_t *at, uint64_t value, int len) {
    for (int i = len - 1; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
    return at + len;
}

static uint8_t *
put_bytes(uint8_t *at, const void *data, size_t len) {
    memcpy(at, data, len);
    return at + len;
}

static void
hash_row(const struct audit_event *e, const uint8_t previous[static AUDIT_HASH_LEN],
         uint8_t hash[static AUDIT_HASH_LEN]) {
    uint8_t row[FIXED_LEN + AUDIT_BY_MAX];
    size_t len = strnlen(e->by, AUDIT_BY_MAX);

    uint8_t *at = put_bytes(row, magic, sizeof(magic));
    at = put_bytes(at, previous, AUDIT_HASH_LEN);
    at = put_number(at, (uint64_t)e->number, 8);
    at = put_number(at, (uint64_t)e->at, 8);
    at = put_number(at, (uint64_t)e->kind, 1);
    at = put_bytes(at, e->ref, AUDIT_REF_LEN);
    at = put_number(at, len, 2);
    at = put_bytes(at, e->by, len);

    token_hash(row, (size_t)(at - row), hash);
}

void
audit_seal(struct audit_event *e, const uint8_t previous[static AUDIT_HASH_LEN]) {
    hash_row(e, previous, e->hash);
}

bool
audit_follows(const struct audit_event *e, const uint8_t previous[static AUDIT_HASH_LEN]) {
    uint8_t hash[AUDIT_HASH_LEN];
    hash_row(e, previous, hash);
    return token_hash_equal(hash, e->hash);
}
