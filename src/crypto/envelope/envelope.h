/* SPDX-License-Identifier: MIT */
/*
 * Sealed envelope v1 (docs/FORMAT.md, "Sealed envelope"): its keys, its metadata, and what the
 * sealer (envelope_sealer.h) and the opener (envelope_opener.h) share.
 *
 * A reader's verdict is positive, an error of the machine is a negative code of base/err.h.
 */
#ifndef CRYPTO_ENVELOPE_ENVELOPE_H
#define CRYPTO_ENVELOPE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "crypto/aead.h"
#include "crypto/envelope/header.h"
#include "crypto/kdf/kdf.h"

enum envelope_verdict {
    ENVELOPE_OK = 0,
    ENVELOPE_HEADER_FAILURE = 1, /* no envelope, or one of another version or of bad cost */
    ENVELOPE_PAYLOAD_FAILURE =
        2, /* a chunk does not verify: wrong secret, or changed, cut, longer */
    ENVELOPE_CONTENT_FAILURE = 3, /* all verifies so far, but what was sealed breaks the rules */
};

enum {
    ENVELOPE_NAME_MAX = 255,
    ENVELOPE_TYPE_MAX = 127,
    ENVELOPE_PASSPHRASE_MAX = 1024,
    ENVELOPE_SEALED_CHUNK_LEN = ENVELOPE_CHUNK_LEN + ENVELOPE_TAG_LEN,
};

/* What a writer asks of the derivation: a link key alone, and where a person's passphrase counts or
 * the link key travels apart from the link. */
#define ENVELOPE_COST_LINK       ((struct kdf_params){.log2_n = 14, .r = 8, .p = 1})
#define ENVELOPE_COST_PASSPHRASE ((struct kdf_params){.log2_n = 15, .r = 8, .p = 3})

struct envelope_keys {
    uint8_t header[ENVELOPE_HEADER_LEN]; /* what they were derived for */
    uint8_t key[AEAD_KEY_LEN];
    uint8_t access[32];   /* the proof of key that opens at the server */
    uint8_t verifier[32]; /* SHA-256 of it, what the server keeps */
};

struct envelope_meta {
    uint64_t size; /* bytes of content */
    bool is_file;
    size_t name_len; /* the name is hostile input: any UTF-8, U+0000 and '/' included */
    char name[ENVELOPE_NAME_MAX + 1];
    char type[ENVELOPE_TYPE_MAX + 1]; /* likewise; cut at its first NUL */
};

/* Takes ${len} bytes that belong at ${offset}.  Returns 0, or an error that ends the work. */
typedef int (*envelope_sink)(void *ctx, uint64_t offset, const uint8_t *data, size_t len);

/*
 * Append the secret input of the derivation to ${out}: the link key, and behind a zero byte the
 * passphrase (UTF-8 in NFC) if ${passphrase_len} is not 0.  The caller frees ${out}, which wipes.
 * Returns 0; ERR_INVALID if the passphrase is too long or not UTF-8; ERR_TOO_LARGE or ERR_NOMEM.
 */
MUST_CHECK
int envelope_secret(const void *link_key, size_t link_key_len, const char *passphrase,
                    size_t passphrase_len, struct buf *out);

/*
 * Derive the keys for ${header} from the secret input, in ${arena}.  The caller wipes ${out}.
 * Returns ENVELOPE_OK; ENVELOPE_HEADER_FAILURE without deriving anything; ERR_TOO_LARGE if the
 * arena is too small for the cost that the header names; or ERR_CRYPTO.
 */
MUST_CHECK
int envelope_derive(struct kdf_arena *arena, const uint8_t header[static ENVELOPE_HEADER_LEN],
                    const void *secret, size_t secret_len, struct envelope_keys *out);

/*
 * Make ${meta} that of a file of ${size} bytes; ${name} == NULL means a text, of which neither name
 * nor type is told.  Returns 0; ERR_INVALID for a name or type of a forbidden length or not UTF-8;
 * ERR_TOO_LARGE for a size that no envelope holds.
 */
MUST_CHECK
int envelope_meta_set(struct envelope_meta *meta, uint64_t size, const char *name,
                      const char *type);

/* Append ${meta} as JSON to ${out}.  Returns 0, ERR_TOO_LARGE (of the size too) or ERR_NOMEM. */
MUST_CHECK
int envelope_meta_write(const struct envelope_meta *meta, struct buf *out);

/* Read ${len} bytes of JSON into ${out}.  Returns ENVELOPE_OK or ENVELOPE_CONTENT_FAILURE. */
MUST_CHECK
int envelope_meta_parse(const uint8_t *json, size_t len, struct envelope_meta *out);

/* Where chunk ${number} begins in an envelope. */
uint64_t envelope_chunk_offset(uint64_t number);

/*
 * What chunk ${number} is sealed under; ${last} if it is the last.  ${nonce} is written, and must
 * live, with ${keys}, as long as the result.
 */
struct aead_params envelope_chunk_params(const struct envelope_keys *keys, uint32_t number,
                                         bool last, uint8_t nonce[static AEAD_NONCE_LEN]);

#endif
