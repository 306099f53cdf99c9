/* SPDX-License-Identifier: MIT */
/*
 * Sealed (v1) secrets: the client encrypts, and the server stores bytes that it cannot read.  An
 * open needs a proof of key before a view is counted, and the view is a lease (docs/DESIGN.md, "v1
 * API").  Nothing here uses a key or a KDF.
 *
 * Functions return 1 with a verdict, or a negative ERR_* code with nothing delivered.  Tokens are
 * passed as text, and only their hashes are stored.
 */
#ifndef VAULT_SEALED_H
#define VAULT_SEALED_H

#include "base/buf.h"
#include "vault/vault.h"

enum { VAULT_PROOF_LEN = 32 }; /* bytes of an access key, and of a gate */

struct vault_sealed_new {
    uint8_t verifier[TOKEN_HASH_LEN];
    uint8_t header[ENVELOPE_HEADER_LEN]; /* checked by envelope_header_parse() */
    int views;                           /* 1 to RECORD_VIEWS_MAX */
    int64_t ttl;                         /* seconds */
    int attempts;                        /* 1 to RECORD_ATTEMPTS_MAX; 0: not counted */
    bool passphrase;
    const struct actor *by;          /* who creates it, for its event; NULL if unknown */
    const uint8_t *gate_verifier;    /* TOKEN_HASH_LEN bytes, or NULL for none */
    uint64_t size;                   /* bytes of the whole envelope */
    const struct buf *content;       /* the whole envelope, or NULL if parts follow */
    const struct buf *wrap;          /* 1 to RECORD_WRAP_MAX bytes, or NULL for none */
    const struct store_ref *request; /* that it answers, so that it opens once it is complete; NULL:
                                        it is no answer */
};

struct vault_sealed_created {
    char id[TOKEN_SEALED_ID_LEN + 1];
    char owner_token[TOKEN_LEN + 1]; /* wiped by the caller */
    int64_t expires_at;
    uint32_t part_size; /* 0 if inline */
};

struct vault_sealed_opened {
    enum verdict verdict; /* OK, REPEAT, ABSENT, UPLOADING, LEASE_ENDED, WRONG_KEY, WRONG_PROOF */
    int64_t lease_expires_at;
    int views_left;
    int attempts_left; /* -1: not counted */
    bool has_content;
    struct buf content; /* the envelope, if inline */
};

/* What ${in} counts for, with the parts that may follow. */
struct vault_charge vault_sealed_charge(const struct vault_sealed_new *in);

/*
 * Store the new secret ${in}.  Returns 1 with ${out} filled once it is durable; or, with ${out}
 * zeroed, ERR_TOO_LARGE if the content exceeds store->inline_max, or another negative code.
 */
MUST_CHECK
int vault_sealed_create(struct vault *v, const struct vault_sealed_new *in,
                        struct vault_sealed_created *out);

/* A create between its two halves. */
struct vault_sealed_creation {
    struct vault_charge held;
    struct vault_sealed_created out;
};

/*
 * vault_sealed_create() in two halves that do not block, for a vault_has_later().  The first half
 * returns 0: l->done is called, or vault_abandon() returns true, and then the second half takes the
 * outcome, once.  Or it returns a negative code, and nothing happens.  The second half returns as
 * vault_sealed_create(); or 0 if nothing was stored because the id was taken, and
 * vault_sealed_create() would try another one.
 */
MUST_CHECK
int vault_sealed_begin_create(struct vault *v, const struct vault_sealed_new *in,
                              struct vault_sealed_creation *c, struct store_later *l);
MUST_CHECK
int vault_sealed_end_create(struct vault *v, struct vault_sealed_creation *c, struct store_later *l,
                            struct vault_sealed_created *out);

/*
 * Load the record of ${id} into ${out} if policy_visible() says so.  The caller clears ${out} with
 * record_clear().  Takes no view.  Returns 1 with ${verdict}, or a negative code.  The verdict is
 * OK with ${out} filled; ABSENT; or UPLOADING.
 */
MUST_CHECK
int vault_sealed_info(struct vault *v, const char *id, enum verdict *verdict, struct record *out);

/*
 * Append the wrap of ${id} to ${wrap} if ${gate}, VAULT_PROOF_LEN bytes, is the gate of the secret.
 * Takes no view.  Returns 1 with ${verdict} as policy_wrap() has it, or a negative code.  ${wrap}
 * stays empty unless the verdict is OK.
 */
MUST_CHECK
int vault_sealed_wrap(struct vault *v, const char *id, const uint8_t gate[static VAULT_PROOF_LEN],
                      enum verdict *verdict, struct buf *wrap);

/* Set ${out} to the address of ${id} in the store, which may reveal less than the id. */
void vault_sealed_ref(struct vault *v, const char *id, struct store_ref *out);

/* Whether the upload at ${ref} is in progress.  Returns 1, 0, or a negative code. */
MUST_CHECK
int vault_sealed_uploading(struct vault *v, const struct store_ref *ref);

/* What vault_sealed_open() gets from the opener. */
struct vault_sealed_opening {
    const uint8_t *access;  /* VAULT_PROOF_LEN bytes: the access key as sent */
    const uint8_t *gate;    /* VAULT_PROOF_LEN bytes: the gate as sent; NULL for none */
    const char *lease;      /* the token that the opener wants as its lease */
    const struct actor *by; /* who opens, for the events; NULL if unknown */
    size_t content_max;     /* bytes of inline content that can be delivered */
    size_t unreserved_max;  /* up to this many of them ${reserve} need not be called */

    /* Called before the claim with the length of the inline content, 0 if there is none.  Returns
     * 0, or a negative code, and then no view is taken.  NULL for none. */
    int (*reserve)(void *ctx, size_t content_len);
    void *ctx;
};

/*
 * Open ${id} by proof of key, in the order of docs/DESIGN.md ("Order of open").  Inline content
 * above in->content_max is refused with ERR_TOO_LARGE before the claim.  Returns 1 with
 * out->verdict, or a negative code.  The caller clears ${out} in every case.
 */
MUST_CHECK
int vault_sealed_open(struct vault *v, const char *id, const struct vault_sealed_opening *in,
                      struct vault_sealed_opened *out);

/* An open between its two halves. */
struct vault_sealed_claim {
    struct store_ref ref;
    struct change change;
    size_t content_max;
};

/*
 * vault_sealed_open() in two halves, as vault_sealed_begin_create() and the other half.  The second
 * half returns 0 if nothing has happened because the content needs a reservation, for which
 * vault_sealed_open() is to be called.  ${in} is needed in the first half only.
 */
MUST_CHECK
int vault_sealed_begin_open(struct vault *v, const char *id, const struct vault_sealed_opening *in,
                            struct vault_sealed_claim *c, struct store_later *l);
MUST_CHECK
int vault_sealed_end_open(struct vault *v, struct vault_sealed_claim *c, struct store_later *l,
                          struct vault_sealed_opened *out);

/* Wipe ${o} and free what it owns.  NULL is allowed. */
void vault_sealed_opened_clear(struct vault_sealed_opened *o);

/* Pays for the bytes of a part. */
struct vault_sealed_payer {
    /* Charge ${c}, which lives for ${ttl} seconds.  Returns 0, or a negative code with nothing
     * charged. */
    int (*take)(void *ctx, const struct vault_charge *c, int64_t ttl);
    /* Take back the charge: no bytes were stored. */
    void (*give_back)(void *ctx, const struct vault_charge *c, int64_t ttl);
    void *ctx;
};

/*
 * Store ${data} as part ${k} for the owner, and charge ${payer}, if not NULL, for bytes that were
 * not there before.  ${data} may be empty afterwards.  Returns 1 with ${verdict}, or a negative
 * code, that of payer->take() included.  The verdict is OK; ABSENT if the id is unknown or the
 * token does not match; or CONFLICT if other bytes are stored, the length is wrong, or the upload
 * is complete.
 */
MUST_CHECK
int vault_sealed_put_part(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                          struct buf *data, const struct vault_sealed_payer *payer,
                          enum verdict *verdict);

/*
 * Set ${len} to the length that vault_sealed_put_part() requires of part ${k}, so that a body can
 * be limited before it is read.  Returns 1; 0 if the id is unknown, the token does not match or
 * there is no such part; or a negative code.
 */
MUST_CHECK
int vault_sealed_part_len(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                          uint32_t *len);

/*
 * Complete an upload, so that the secret can be opened.  An answer to a request comes with its
 * ${wrap}, of which the first one stays, and anything else with NULL.  ${by} is who completes it,
 * for the event of an answer; NULL if unknown.  Returns 1 with ${verdict};
 * ERR_INVALID if it is the other way round; or another negative code.  The verdict is OK, also if
 * it was complete already; ABSENT; INCOMPLETE if ${missing} parts are missing; CONFLICT if the
 * stored header differs from the one given to create; or FULL if the request of an answer has all
 * its answers, and then the answer is burnt.
 */
MUST_CHECK
int vault_sealed_complete(struct vault *v, const char *id, const char *owner_token,
                          const struct buf *wrap, const struct actor *by, enum verdict *verdict,
                          uint32_t *missing);

/* Where vault_sealed_get_part() puts a part. */
struct vault_sealed_fetch {
    struct buf *out;     /* empty, with a limit */
    struct piped *piped; /* empty; in place of ${out} for a part that the store can put into a pipe.
                            NULL for none */

    /* Called with the length of the part before it is read.  Returns 0, or a negative code, and
     * then nothing is read.  NULL for none. */
    int (*reserve)(void *ctx, size_t len);
    void *ctx;
};

/*
 * Fetch part ${k} into to->out or to->piped and renew ${lease}.  Returns 1 with ${verdict}, OK or
 * ABSENT; or a negative code with both empty.
 */
MUST_CHECK
int vault_sealed_get_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                          const struct vault_sealed_fetch *to, enum verdict *verdict);

/*
 * Set ${len} to the length of part ${k} without renewing ${lease}, for HEAD.  Returns 1; 0 if a
 * fetch would find nothing; or a negative code.
 */
MUST_CHECK
int vault_sealed_peek_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                           uint32_t *len);

/*
 * Confirm ${lease}, which ends it.  ${by} is who does that, for the event; NULL if unknown.
 * Returns 1 with ${verdict}, or a negative code.  The verdict is OK for a known lease, live or
 * ended, else ABSENT.
 */
MUST_CHECK
int vault_sealed_confirm(struct vault *v, const char *id, const char *lease, const struct actor *by,
                         enum verdict *verdict);

/*
 * Burn the secret by its owner token or a lease token.  ${by} is as in vault_sealed_confirm().
 * Returns 1 with ${verdict}, OK or ABSENT, or a negative code.
 */
MUST_CHECK
int vault_sealed_burn(struct vault *v, const char *id, const char *token, const struct actor *by,
                      enum verdict *verdict);

/*
 * Load the record into ${out} for the owner's receipt, in any state.  The caller clears ${out}.
 * Returns 1; 0 if the id is unknown or the token does not match; or a negative code.
 */
MUST_CHECK
int vault_sealed_receipt(struct vault *v, const char *id, const char *owner_token,
                         struct record *out);

#endif
