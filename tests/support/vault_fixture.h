/* SPDX-License-Identifier: MIT */
/* A vault over given stores, with a clock that the test sets and randomness from a seed. */
#ifndef VAULT_FIXTURE_H
#define VAULT_FIXTURE_H

#include <stdatomic.h>

#include "vault/classic.h"
#include "vault/sealed.h"
#include "vault/vault.h"

#define FIXTURE_T0 INT64_C(2000000000)

enum { FIXTURE_PART = 65536, FIXTURE_INLINE_MAX = 131072 };

struct vault_fixture {
    struct vault vault;
    _Atomic int64_t now;
    atomic_uint_fast64_t seed;
};

/* Set up ${w} over these stores, from FIXTURE_T0 on. */
void fixture_init(struct vault_fixture *w, struct store *store, struct blobs *blobs, uint64_t seed);

/* The same over new stores in memory; and close them. */
void fixture_open(struct vault_fixture *w);
void fixture_close(struct vault_fixture *w);

/* Derivations for classic secrets: two at once.  Set-up and tear-down of a group of tests. */
extern struct kdf_pool *fixture_kdf;
int fixture_start_kdf(void **state);
int fixture_stop_kdf(void **state);

/* The access key that stands for the number ${n}, and its verifier. */
void fixture_access(unsigned n, uint8_t access[static 32], uint8_t verifier[static 32]);

/* An envelope's header, and a whole one of ${size} bytes that begins with it. */
void fixture_header(uint8_t header[static ENVELOPE_HEADER_LEN]);
struct buf fixture_envelope(size_t size);

/* A sealed secret of access key 1: inline, or in parts if ${content} is NULL. */
struct vault_sealed_new fixture_new(int views, int attempts, uint64_t size,
                                    const struct buf *content);

/* As vault_sealed_create() and vault_sealed_open(), but in two halves where the store can. */
int fixture_create_later(struct vault *v, const struct vault_sealed_new *in,
                         struct vault_sealed_created *out);
int fixture_open_later(struct vault *v, const char *id, const struct vault_sealed_opening *in,
                       struct vault_sealed_opened *out);

/*
 * A reader of classic secrets that keeps what it is to deliver.  Set up with fixture_reader(); once
 * the secret was opened fixture_reader_end() forgets what was prepared, as an API does after a
 * refusal.
 */
struct fixture_reader {
    struct vault_classic_reader base;
    int refuse; /* what prepare answers; 0 */
    int calls;
    struct vault_classic_opened got;
};
void fixture_reader(struct fixture_reader *r, size_t text_max, size_t file_max);
void fixture_reader_end(struct fixture_reader *r);

/* The token that stands for the number ${n}: 43 characters. */
const char *fixture_token(unsigned n, char out[static TOKEN_LEN + 1]);

/* Open with access key ${access} and lease ${lease}; anything but 1 fails.  Checks the content
 * against ${want} if that is not NULL.  Returns the verdict. */
enum verdict fixture_open_secret(struct vault_fixture *w, const char *id, unsigned access,
                                 unsigned lease, const struct buf *want);

#endif
