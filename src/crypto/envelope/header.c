/* SPDX-License-Identifier: MIT */
#include "crypto/envelope/header.h"

#include "base/err.h"

static const uint8_t magic[4] = {'E', 'S', 'v', '1'};

enum {
    LOG2_N_MIN = 10,
    LOG2_N_MAX = 20,
    R_MAX = 32,
    P_MAX = 16,
    MEMORY_MAX = 256 << 20, /* bytes: 128 * N * r */
    WORK_MAX = 1 << 22,     /* N * r * p */

    /* With a passphrase in the secret input: at least what N = 2^15, r = 8, p = 3 takes. */
    FLOOR_MEMORY = (1 << 15) * 8, /* N * r */
    FLOOR_WORK = FLOOR_MEMORY * 3,
};

/* Return N * r, which is the memory of scrypt in units of 128 bytes. */
static uint64_t
header_cost_blocks(const struct envelope_header *h) {
    return ((uint64_t)1 << h->log2_n) * h->r;
}

static bool
header_cost_ok(const struct envelope_header *h) {
    if (h->log2_n < LOG2_N_MIN || h->log2_n > LOG2_N_MAX) return false;
    if (h->r < 1 || h->r > R_MAX || h->p < 1 || h->p > P_MAX) return false;
    return 128 * header_cost_blocks(h) <= MEMORY_MAX && header_cost_blocks(h) * h->p <= WORK_MAX;
}

bool
envelope_header_meets_floor(const struct envelope_header *h) {
    return header_cost_blocks(h) >= FLOOR_MEMORY && header_cost_blocks(h) * h->p >= FLOOR_WORK;
}

int
envelope_header_parse(const uint8_t bytes[static ENVELOPE_HEADER_LEN],
                      struct envelope_header *out) {
    struct envelope_header h = {.log2_n = bytes[4], .r = bytes[5], .p = bytes[6]};
    if (memcmp(bytes, magic, sizeof(magic)) != 0 || bytes[7] != 0 || !header_cost_ok(&h))
        return ERR_INVALID;

    memcpy(h.salt, bytes + 8, sizeof(h.salt));
    *out = h;
    return 0;
}

void
envelope_header_write(const struct envelope_header *h, uint8_t out[static ENVELOPE_HEADER_LEN]) {
    memcpy(out, magic, sizeof(magic));
    out[4] = h->log2_n;
    out[5] = h->r;
    out[6] = h->p;
    out[7] = 0;
    memcpy(out + 8, h->salt, sizeof(h->salt));
}

static unsigned
header_floor_log2(uint64_t v) {
    return 63U - (unsigned)__builtin_clzll(v);
}

uint64_t
envelope_padded_len(uint64_t len) {
    if (len <= ENVELOPE_PADDED_MIN) return ENVELOPE_PADDED_MIN;

    /* Padmé: a length keeps as many leading bits as its exponent has, and the rest is rounded
     * up. */
    unsigned exponent = header_floor_log2(len);
    unsigned rounded_bits = exponent - (header_floor_log2(exponent) + 1);
    uint64_t mask = ((uint64_t)1 << rounded_bits) - 1;
    return (len + mask) & ~mask;
}

uint64_t
envelope_sealed_len(uint64_t padded) {
    uint64_t chunks = (padded + ENVELOPE_CHUNK_LEN - 1) / ENVELOPE_CHUNK_LEN;
    if (chunks == 0) chunks = 1;
    return ENVELOPE_HEADER_LEN + padded + chunks * ENVELOPE_TAG_LEN;
}
