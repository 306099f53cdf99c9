/* SPDX-License-Identifier: MIT */
/*
 * Requests: somebody asks, whoever has the link answers, and only the asker can read the answers.
 * An answer is a sealed secret with one view.  The server can read neither the description of a
 * request nor an answer, nor the wrap in which the answerer puts the answer's link.
 *
 * Functions return 1 with a verdict, or a negative ERR_* code with nothing delivered.
 */
#ifndef VAULT_REQUEST_REQUEST_H
#define VAULT_REQUEST_REQUEST_H

#include "base/buf.h"
#include "vault/sealed.h"

enum { VAULT_DESCRIPTION_MAX = 5 * 1024 }; /* bytes of a sealed description */

struct vault_request_new {
    uint8_t owner_hash[TOKEN_HASH_LEN];  /* SHA-256 of the owner token, which the asker derives */
    uint8_t header[ENVELOPE_HEADER_LEN]; /* of the description; envelope_header_parse() took it */
    uint8_t gate_verifier[TOKEN_HASH_LEN];
    int answers;                   /* 1 to RECORD_ANSWERS_MAX */
    int64_t ttl;                   /* seconds */
    int64_t answer_ttl;            /* seconds, of each answer from its beginning */
    uint64_t answer_size;          /* bytes of content that an answer may have */
    const struct actor *by;        /* who asks, for its event; NULL if unknown */
    const struct buf *description; /* the whole envelope */
};

struct vault_request_created {
    char id[TOKEN_SEALED_ID_LEN + 1];
    int64_t expires_at;
};

/* What ${in} counts for. */
struct vault_charge vault_request_charge(const struct vault_request_new *in);

/*
 * Store the new request ${in}.  Returns 1 with ${out} filled once it is durable; or, with ${out}
 * zeroed, a negative code.
 */
MUST_CHECK
int vault_request_create(struct vault *v, const struct vault_request_new *in,
                         struct vault_request_created *out);

/*
 * Load the request ${id} into ${out} and its description into ${description} (empty, with a limit;
 * NULL for none) if it takes another answer.  The caller clears ${out}.  Returns 1 with
 * ${verdict}, OK or ABSENT; or a negative code.
 */
MUST_CHECK
int vault_request_info(struct vault *v, const char *id, enum verdict *verdict, struct record *out,
                       struct buf *description);

/* What an answerer has to know of a request, and of the server. */
struct vault_request_admitted {
    struct store_ref ref; /* of the request, for vault_sealed_new.request */
    int64_t answer_ttl;
    uint64_t answer_size;
};

/*
 * Check that the request ${id} takes another answer from somebody who sends ${gate}, of
 * VAULT_PROOF_LEN bytes.  Returns 1 with ${verdict}, or a negative code.  The verdict is OK with
 * ${out} filled, ABSENT, or WRONG_KEY.
 */
MUST_CHECK
int vault_request_admit(struct vault *v, const char *id, const uint8_t *gate, enum verdict *verdict,
                        struct vault_request_admitted *out);

/*
 * Complete the answer ${id}, which was loaded as ${r}: count it in its request and open it with
 * ${wrap}.  ${by} is the answerer, for the event; NULL if unknown.  An answer that its request does
 * not take is burnt.  Returns 1 with ${verdict}, or a negative code, after which the call may be
 * repeated.  The verdict is OK, FULL, or ABSENT.
 */
MUST_CHECK
int vault_request_complete(struct vault *v, const char *id, const char *owner_token,
                           const struct record *r, const struct buf *wrap, const struct actor *by,
                           enum verdict *verdict);

/*
 * Load the request ${id} into ${out} for its owner, in any state while it lists answers, with its
 * description as vault_request_info() does.  The caller clears ${out}.  Returns 1; 0 if the id is
 * unknown or the token does not match; or a negative code.
 */
MUST_CHECK
int vault_request_load(struct vault *v, const char *id, const char *owner_token, struct record *out,
                       struct buf *description);

/*
 * Load answer ${i} of the request ${r} into ${out}, which the caller clears, and its wrap into
 * ${wrap} (empty, with a limit), as long as its content is stored.  Returns 1; 0 if the answer is
 * not complete; or a negative code.
 */
MUST_CHECK
int vault_request_answer(struct vault *v, const struct record *r, size_t i, struct record *out,
                         struct buf *wrap);

/*
 * End the request ${id} by its owner token, and burn the answers that were never opened.  The
 * sweeper finishes what fails.  ${by} is who ends it, for the event; NULL if unknown.  Returns 1
 * with ${verdict}, OK or ABSENT; or a negative code.
 */
MUST_CHECK
int vault_request_end(struct vault *v, const char *id, const char *owner_token,
                      const struct actor *by, enum verdict *verdict);

#endif
