/* SPDX-License-Identifier: MIT */
/*
 * Sealed envelope v1 (docs/FORMAT.md, "Sealed envelope"): its keys, its metadata, and what
 * crypto/envelope/sealer.h and crypto/envelope/opener.h share.
 *
 * A function that reads returns a positive verdict about the envelope, or a negative code of
 * base/err.h if the computer failed.
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
    /* No envelope, one of another version, or a cost that is out of range. */
    ENVELOPE_HEADER_FAILURE = 1,
    /* A chunk does not verify: wrong secret, or the envelope was changed, cut or extended. */
    ENVELOPE_PAYLOAD_FAILURE = 2,
    /* Every chunk so far verifies, but what was sealed violates the format. */
    ENVELOPE_CONTENT_FAILURE = 3,
};

enum {
    ENVELOPE_NAME_MAX = 255,
    ENVELOPE_TYPE_MAX = 127,
    ENVELOPE_PASSPHRASE_MAX = 1024,
    ENVELOPE_SEALED_CHUNK_LEN = ENVELOPE_CHUNK_LEN + ENVELOPE_TAG_LEN,
};

/* The cost that a writer chooses: with only a link key in the secret input, and with a
 * passphrase or with a link key that is sent apart from the link. */
#define ENVELOPE_COST_LINK       ((struct kdf_params){.log2_n = 14, .r = 8, .p = 1})
#define ENVELOPE_COST_PASSPHRASE ((struct kdf_params){.log2_n = 15, .r = 8, .p = 3})

struct envelope_keys {
    uint8_t header[ENVELOPE_HEADER_LEN]; /* the header they were derived for */
    uint8_t key[AEAD_KEY_LEN];
    uint8_t access[32];   /* the proof of key that a client sends to open */
    uint8_t verifier[32]; /* the SHA-256 of access, which the server stores */
};

struct envelope_meta {
    uint64_t size; /* bytes of content */
    bool is_file;
    size_t name_len; /* the name is hostile: any UTF-8, including U+0000 and '/' */
    char name[ENVELOPE_NAME_MAX + 1];
    char type[ENVELOPE_TYPE_MAX + 1]; /* hostile too; ends at its first NUL */
};

/* Receives the ${len} bytes at ${data}, whose place is ${offset}.  Returns 0, or an error to
 * stop. */
typedef int (*envelope_sink)(void *ctx, uint64_t offset, const uint8_t *data, size_t len);

/*
 * Append the secret input of the derivation to ${out}: the link key and, if ${passphrase_len} is
 * not 0, a zero byte and the passphrase (UTF-8 in NFC).  The caller frees ${out}.  Returns 0;
 * ERR_INVALID if the passphrase is too long or not UTF-8; ERR_TOO_LARGE or ERR_NOMEM.
 */
MUST_CHECK
int envelope_secret(const void *link_key, size_t link_key_len, const char *passphrase,
                    size_t passphrase_len, struct buf *out);

/*
 * Derive the keys for ${header} from the secret input ${secret}, in ${arena}.  The caller wipes
 * ${out}.  Returns ENVELOPE_OK; ENVELOPE_HEADER_FAILURE, without deriving, for a bad header;
 * ERR_TOO_LARGE if the arena is too small for the cost in the header; or ERR_CRYPTO.
 */
MUST_CHECK
int envelope_derive(struct kdf_arena *arena, const uint8_t header[static ENVELOPE_HEADER_LEN],
                    const void *secret, size_t secret_len, struct envelope_keys *out);

/*
 * Set ${meta} for content of ${size} bytes: a file with ${name} and ${type}, or a text, which has
 * neither, if ${name} is NULL.  Returns 0; ERR_INVALID for a name or type that is not UTF-8 or
 * whose length is out of range; ERR_TOO_LARGE for a size that no envelope can have.
 */
MUST_CHECK
int envelope_meta_set(struct envelope_meta *meta, uint64_t size, const char *name,
                      const char *type);

/* Append ${meta} as JSON to ${out}.  Returns 0; ERR_TOO_LARGE for its size or for the JSON; or
 * ERR_NOMEM. */
MUST_CHECK
int envelope_meta_write(const struct envelope_meta *meta, struct buf *out);

/* Read the ${len} bytes at ${json} into ${out}.  Returns ENVELOPE_OK or
 * ENVELOPE_CONTENT_FAILURE. */
MUST_CHECK
int envelope_meta_parse(const uint8_t *json, size_t len, struct envelope_meta *out);

/* Return where chunk ${number} begins in an envelope. */
uint64_t envelope_chunk_offset(uint64_t number);

/*
 * Return the key, nonce and additional data of chunk ${number}, which is the last one if ${last}.
 * Writes ${nonce}.  The result points into ${keys} and ${nonce}.
 */
struct aead_params envelope_chunk_params(const struct envelope_keys *keys, uint32_t number,
                                         bool last, uint8_t nonce[static AEAD_NONCE_LEN]);

#endif
