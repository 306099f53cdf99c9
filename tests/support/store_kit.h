/* SPDX-License-Identifier: MIT */
/* What tests of stores share: records to store, and changes in one line. */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include "vault/store.h"

/* When every test begins. */
#define KIT_T0 INT64_C(2000000000)

enum { KIT_TTL = 100000, KIT_PROOF = 7, KIT_OWNER = 8, KIT_GATE = 9, KIT_WRONG = 99 };

/* A hash that stands for the number ${n}. */
void kit_hash(unsigned n, uint8_t out[static TOKEN_HASH_LEN]);

/*
 * Records made at KIT_T0 that live for KIT_TTL: a sealed one whose proof is KIT_PROOF and whose
 * owner is KIT_OWNER, inline or in ${parts} parts of 64 KiB, uploading; a classic text; a classic
 * file in the blobs.
 */
struct record kit_sealed(int views, int attempts, uint64_t size);
struct record kit_upload(int views, uint32_t parts);
struct record kit_text(int views, uint64_t size);
struct record kit_file(uint64_t size);

/* Put ${r} under an id of its own, with r->size bytes of content if it is inline. */
struct store_ref kit_create(struct store *s, const struct record *r);

/* The content that kit_create() stores.  Free it with buf_free(). */
struct buf kit_content(uint64_t size);

/* Apply a change with the hash and proof of these numbers; it must be decided. */
enum verdict kit_change(struct store *s, const struct store_ref *ref, enum change_kind kind,
                        int64_t now, unsigned hash, unsigned proof);
enum verdict kit_part(struct store *s, const struct store_ref *ref, int64_t now, unsigned hash,
                      uint32_t part);

/* The record now; it must be there.  Clear it with record_clear(). */
struct record kit_load(struct store *s, const struct store_ref *ref);

/* Whether the record is there at all. */
bool kit_exists(struct store *s, const struct store_ref *ref);

/* Whether content comes with the record, and it is that of kit_create(). */
bool kit_has_content(struct store *s, const struct store_ref *ref, uint64_t size);

#endif
