/* SPDX-License-Identifier: MIT */
/*
 * Envelopes for tests, sealed and opened in memory, also such as our writers never make.
 */
#ifndef TESTS_SEALED_H
#define TESTS_SEALED_H

#include "crypto/envelope/opener.h"
#include "crypto/envelope/sealer.h"
#include "prng.h"

#define SEALED_SECRET "abcdefghijklmnopABCDEFGHIJKLMNOP"

/* The lowest cost that readers accept: the tests are not about the derivation. */
#define SEALED_COST ((struct kdf_params){.log2_n = 10, .r = 8, .p = 1})

/* A sink that appends to the struct buf ${ctx}, and fails the test if bytes come out of order. */
int sealed_collect(void *ctx, uint64_t offset, const uint8_t *data, size_t len);

/* Make a header of SEALED_COST with a salt from ${p}, and its keys. */
void sealed_keys(struct prng *p, struct envelope_keys *keys);

/* Seal ${content} with ${meta}, fed in blocks of random sizes. */
void sealed_write(struct prng *p, const struct envelope_meta *meta, const struct buf *content,
                  struct buf *out, struct envelope_keys *keys);

/* Append the header and the chunks of ${plain}, which need not be well formed. */
void sealed_write_raw(const struct envelope_keys *keys, const struct buf *plain, struct buf *out);

/* Append one chunk. */
void sealed_write_chunk(const struct envelope_keys *keys, uint32_t number, bool last,
                        const uint8_t *plain, size_t len, struct buf *out);

/* Open ${len} bytes, fed in blocks of random sizes (one block if ${p} is NULL).  Returns the
 * verdict. */
int sealed_open(struct prng *p, const struct envelope_keys *keys, const uint8_t *sealed, size_t len,
                struct buf *content);

#endif
