/* SPDX-License-Identifier: MIT */
/* What tests of stores share: records to store, and changes in one line. */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include "vault/store.h"

/* The time at which every test begins. */
#define KIT_T0 INT64_C(2000000000)

enum { KIT_TTL = 100000, KIT_PROOF = 7, KIT_OWNER = 8, KIT_GATE = 9, KIT_WRONG = 99 };

/* Make the hash that stands for the number ${n}. */
void kit_hash(unsigned n, uint8_t out[static TOKEN_HASH_LEN]);

/*
 * Return records made at KIT_T0 that live for KIT_TTL: a sealed one with the proof KIT_PROOF and
 * the owner KIT_OWNER, inline, or an upload of ${parts} parts of 64 KiB; a classic text; and a
 * classic file in the blobs.
 */
struct record kit_sealed(int views, int attempts, uint64_t size);
struct record kit_upload(int views, uint32_t parts);
struct record kit_text(int views, uint64_t size);
struct record kit_file(uint64_t size);

/* Put ${r} under an id of its own, with r->size bytes of content if it is inline. */
struct store_ref kit_create(struct store *s, const struct record *r);

/* The content that kit_create() stores.  Free it with buf_free(). */
struct buf kit_content(uint64_t size);

/* Apply a change with the hash and proof of these numbers.  The test fails if it is not decided. */
enum verdict kit_change(struct store *s, const struct store_ref *ref, enum change_kind kind,
                        int64_t now, unsigned hash, unsigned proof);
enum verdict kit_part(struct store *s, const struct store_ref *ref, int64_t now, unsigned hash,
                      uint32_t part);

/* Returns the record.  The test fails if there is none.  Clear it with record_clear(). */
struct record kit_load(struct store *s, const struct store_ref *ref);

/* Whether there is such a record. */
bool kit_exists(struct store *s, const struct store_ref *ref);

/* Whether the record has content, and it is that of kit_create(). */
bool kit_has_content(struct store *s, const struct store_ref *ref, uint64_t size);

#endif
