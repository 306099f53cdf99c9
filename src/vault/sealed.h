/* SPDX-License-Identifier: MIT */
/*
 * Sealed (v1) secrets: the client seals, the server keeps bytes that it cannot read, checks a proof
 * of key before it counts a view, and a view is a lease.  Nothing here reaches a key or a KDF.
 *
 * Functions return 1 with a verdict in their result, or a negative ERR_* code with nothing
 * delivered.  Tokens come as text; only their hashes are stored.
 */
#ifndef VAULT_SEALED_H
#define VAULT_SEALED_H

#include "base/buf.h"
#include "vault/vault.h"

struct vault_sealed_new {
    uint8_t verifier[TOKEN_HASH_LEN];
    uint8_t header[ENVELOPE_HEADER_LEN]; /* checked by envelope_header_parse() */
    int views;                           /* 1..RECORD_VIEWS_MAX */
    int64_t ttl;                         /* seconds */
    int attempts;                        /* 0, or 1..RECORD_ATTEMPTS_MAX */
    bool passphrase;
    uint64_t size;             /* whole envelope */
    const struct buf *content; /* whole envelope, or NULL: parts follow */
};

struct vault_sealed_created {
    char id[TOKEN_SEALED_ID_LEN + 1];
    char owner_token[TOKEN_LEN + 1]; /* the caller wipes it */
    int64_t expires_at;
    uint32_t part_size; /* 0 if inline */
};

struct vault_sealed_opened {
    enum verdict verdict; /* OK, REPEAT, ABSENT, LEASE_ENDED or WRONG_PROOF */
    int64_t lease_expires_at;
    int views_left;
    int attempts_left; /* -1 if not counted */
    bool has_content;
    struct buf content; /* the envelope, if inline */
};

/*
 * Store a new secret.  Returns 1 once it is durable; ERR_TOO_LARGE if ${content} is above
 * store->inline_max; or another negative code, ${out} zeroed.
 */
MUST_CHECK
int vault_sealed_create(struct vault *v, const struct vault_sealed_new *in,
                        struct vault_sealed_created *out);

/*
 * Fill ${out} (caller clears with record_clear()) with the record of ${id} if info may show it.
 * Counts nothing.  Returns 1, 0 absent, or a negative code.
 */
MUST_CHECK
int vault_sealed_info(struct vault *v, const char *id, struct record *out);

/* What the store calls ${id}: less than the id where the store keeps less. */
void vault_sealed_ref(struct vault *v, const char *id, struct store_ref *out);

/* Whether the upload that the store calls ${ref} goes on.  Returns 1, 0, or a negative code. */
MUST_CHECK
int vault_sealed_uploading(struct vault *v, const struct store_ref *ref);

/*
 * Open by proof of key: ${access} is the access key as sent, ${lease} the token the opener wants as
 * its lease.  In the order of docs/DESIGN.md ("Order of open"); content is read before the claim.
 * Inline content above ${response_max} is ERR_TOO_LARGE before the claim.  Returns 1 with
 * out->verdict; or a negative code.  Clear ${out} in every case.
 */
MUST_CHECK
int vault_sealed_open(struct vault *v, const char *id, const uint8_t access[static 32],
                      const char *lease, size_t response_max, struct vault_sealed_opened *out);
void vault_sealed_opened_clear(struct vault_sealed_opened *o);

/*
 * Store part ${k} for the owner.  ${verdict}: OK; ABSENT (unknown id, foreign token); CONFLICT
 * (other bytes are there, wrong length, or already complete).
 */
MUST_CHECK
int vault_sealed_put_part(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                          const struct buf *data, enum verdict *verdict);

/*
 * The part length that put_part will ask for, so that a body can be bounded before it is read.
 * Returns 1 with ${len}; 0 absent, foreign or no such part; or a negative code.
 */
MUST_CHECK
int vault_sealed_part_len(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                          uint32_t *len);

/*
 * All parts are there: the secret can be opened.  ${verdict}: OK (also when it was complete
 * already), ABSENT, INCOMPLETE (${missing} = how many), or CONFLICT (the stored header differs from
 * the one named at create).
 */
MUST_CHECK
int vault_sealed_complete(struct vault *v, const char *id, const char *owner_token,
                          enum verdict *verdict, uint32_t *missing);

/*
 * Fetch part ${k} under a lease, renewing it, into ${out} (bound set by the caller).  ${verdict}:
 * OK or ABSENT.
 */
MUST_CHECK
int vault_sealed_get_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                          struct buf *out, enum verdict *verdict);

/*
 * What a fetch of part ${k} would give, for HEAD: its length in ${len}, and nothing is renewed.
 * Returns 1; 0 where the fetch would find nothing; or a negative code.
 */
MUST_CHECK
int vault_sealed_peek_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                           uint32_t *len);

/* The holder has it: end the lease.  ${verdict}: OK (again too, for a known lease) or ABSENT. */
MUST_CHECK
int vault_sealed_confirm(struct vault *v, const char *id, const char *lease, enum verdict *verdict);

/* Burn by the owner's or a lease's token.  ${verdict}: OK or ABSENT. */
MUST_CHECK
int vault_sealed_burn(struct vault *v, const char *id, const char *token, enum verdict *verdict);

/*
 * The owner's receipt: fill ${out} (caller clears) with the record, whatever became of it.  Returns
 * 1, 0 absent or foreign, or a negative code.
 */
MUST_CHECK
int vault_sealed_receipt(struct vault *v, const char *id, const char *owner_token,
                         struct record *out);

#endif
