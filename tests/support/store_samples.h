/* SPDX-License-Identifier: MIT */
/* What tests of stores share: records to store, and changes in one line. */
#ifndef STORE_SAMPLES_H
#define STORE_SAMPLES_H

#include "vault/store.h"

/* The time at which every test begins. */
#define SAMPLE_T0 INT64_C(2000000000)

enum {
    SAMPLE_TTL = 100000,
    SAMPLE_PROOF = 7,
    SAMPLE_OWNER = 8,
    SAMPLE_GATE = 9,
    SAMPLE_WRONG = 99
};

/* Make the hash that stands for the number ${n}. */
void sample_hash(unsigned n, uint8_t out[static TOKEN_HASH_LEN]);

/*
 * Return records made at SAMPLE_T0 that live for SAMPLE_TTL: a sealed one with the proof
 * SAMPLE_PROOF and the owner SAMPLE_OWNER, inline, or an upload of ${parts} parts of 64 KiB; a
 * classic text; and a classic file in the blobs.
 */
struct record sample_sealed(int views, int attempts, uint64_t size);
struct record sample_upload(int views, uint32_t parts);
struct record sample_text(int views, uint64_t size);
struct record sample_file(uint64_t size);

/* Put ${r} under an id of its own, with r->size bytes of content if it is inline, and with a wrap
 * of r->wrap_len bytes. */
struct store_ref sample_create(struct store *s, const struct record *r);

/* The content that sample_create() stores.  Free it with buf_free(). */
struct buf sample_content(uint64_t size);

/* Apply a change with the hash and proof of these numbers.  The test fails if it is not decided. */
enum verdict sample_change(struct store *s, const struct store_ref *ref, enum change_kind kind,
                           int64_t now, unsigned hash, unsigned proof);
enum verdict sample_part(struct store *s, const struct store_ref *ref, int64_t now, unsigned hash,
                         uint32_t part);

/* Returns the record.  The test fails if there is none.  Clear it with record_clear(). */
struct record sample_load(struct store *s, const struct store_ref *ref);

/* Whether there is such a record. */
bool sample_exists(struct store *s, const struct store_ref *ref);

/* Whether the record has content, and it is that of sample_create(). */
bool sample_has_content(struct store *s, const struct store_ref *ref, uint64_t size);

/* Whether the record has a wrap, and it is that of sample_create(), of ${len} bytes. */
bool sample_has_wrap(struct store *s, const struct store_ref *ref, uint32_t len);

#endif
