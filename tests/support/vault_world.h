/* SPDX-License-Identifier: MIT */
/* A vault over given stores, with a clock that the test sets and randomness from a seed. */
#ifndef VAULT_WORLD_H
#define VAULT_WORLD_H

#include <stdatomic.h>

#include "vault/classic.h"
#include "vault/sealed.h"
#include "vault/vault.h"

#define WORLD_T0 INT64_C(2000000000)

enum { WORLD_PART = 65536, WORLD_INLINE_MAX = 131072 };

struct world {
    struct vault vault;
    _Atomic int64_t now;
    atomic_uint_fast64_t seed;
};

/* Set up ${w} over these stores, from WORLD_T0 on. */
void world_init(struct world *w, struct store *store, struct blobs *blobs, uint64_t seed);

/* The same over new stores in memory; and close them. */
void world_open(struct world *w);
void world_close(struct world *w);

/* Derivations for classic secrets: two at once.  Set-up and tear-down of a group of tests. */
extern struct kdf_pool *world_kdf;
int world_start_kdf(void **state);
int world_stop_kdf(void **state);

/* The access key that stands for the number ${n}, and its verifier. */
void world_access(unsigned n, uint8_t access[static 32], uint8_t verifier[static 32]);

/* An envelope's header, and a whole one of ${size} bytes that begins with it. */
void world_header(uint8_t header[static ENVELOPE_HEADER_LEN]);
struct buf world_envelope(size_t size);

/* A sealed secret of access key 1: inline, or in parts if ${content} is NULL. */
struct vault_sealed_new world_new(int views, int attempts, uint64_t size,
                                  const struct buf *content);

/*
 * A reader of classic secrets that keeps what it is to deliver.  Set up with world_reader(); once
 * the secret was opened world_reader_end() forgets what was prepared, as an API does after a
 * refusal.
 */
struct world_reader {
    struct vault_classic_reader base;
    int refuse; /* what prepare answers; 0 */
    int calls;
    struct vault_classic_opened got;
};
void world_reader(struct world_reader *r, size_t text_max, size_t file_max);
void world_reader_end(struct world_reader *r);

/* The token that stands for the number ${n}: 43 characters. */
const char *world_token(unsigned n, char out[static TOKEN_LEN + 1]);

/* Open with access key ${access} and lease ${lease}; anything but 1 fails.  Checks the content
 * against ${want} if that is not NULL.  Returns the verdict. */
enum verdict world_open_secret(struct world *w, const char *id, unsigned access, unsigned lease,
                               const struct buf *want);

#endif
