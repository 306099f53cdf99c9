/* SPDX-License-Identifier: MIT */
/*
 * The rules of the vault as pure functions: a record, a change and the time give a verdict and the
 * record as it is afterwards.  No I/O, no clock, no store.  Every store decides by these functions
 * inside its own atomic step, so that the rules are the same everywhere.
 */
#ifndef VAULT_POLICY_H
#define VAULT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "vault/record.h"

enum {
    POLICY_LEASE_IDLE_INLINE = 120, /* seconds after the last fetch */
    POLICY_LEASE_IDLE_PARTS = 15 * 60,
    POLICY_LEASE_LIFE_INLINE = 10 * 60, /* seconds after its open */
    POLICY_LEASE_LIFE_PARTS = 6 * 60 * 60,
    POLICY_RENEW_GAIN_INLINE = 10, /* a renewal that gains less is not written */
    POLICY_RENEW_GAIN_PARTS = 60,
    POLICY_UPLOAD_IDLE = 60 * 60, /* seconds without a new part */
    POLICY_UPLOAD_LIFE = 24 * 60 * 60,
    POLICY_RECEIPT_LIFE = 7 * 24 * 60 * 60, /* seconds that a receipt stays after expiry */
};

/* What came of a change. */
enum verdict {
    VERDICT_OK = 1,      /* done, or already so (idempotent) */
    VERDICT_ABSENT,      /* unknown, incomplete, expired, burnt, locked or used up */
    VERDICT_REPEAT,      /* open: the same lease is live; the same view again */
    VERDICT_LEASE_ENDED, /* open: this lease was used and is over */
    VERDICT_WRONG_PROOF, /* open: proof does not fit; result tells attempts_left */
    VERDICT_CONFLICT,    /* part or complete: not as the record says it must be */
    VERDICT_INCOMPLETE,  /* complete: parts are missing */
};

enum change_kind {
    CHANGE_CLAIM_CLASSIC, /* take one view of a classic record; mark */
    CHANGE_OPEN,          /* hash = lease hash, proof = SHA-256 of the access key sent */
    CHANGE_FETCH,         /* hash = lease hash: is it live? renew it */
    CHANGE_CONFIRM,       /* hash = lease hash, live or ended */
    CHANGE_BURN,          /* hash = owner's token, or any lease's, live or ended */
    CHANGE_PART,          /* hash = owner's: count one more part, the first time it is stored */
    CHANGE_COMPLETE,      /* hash = owner's */
    CHANGE_LAPSE,  /* sweeper: whatever time alone has ended is written down; content erased */
    CHANGE_ERASED, /* the doomed blobs are gone */
};

struct change {
    enum change_kind kind;
    int64_t now;
    uint8_t hash[TOKEN_HASH_LEN];
    uint8_t proof[TOKEN_HASH_LEN];
    uint8_t mark[RECORD_MARK_LEN]; /* random, kept over retries of one claim; policy ignores it */
    uint32_t part;                 /* CHANGE_PART: 0-based */
    bool part_is_new;              /* CHANGE_PART: set by the store, from its list of parts */
};

/* What a store has to write after policy_apply(), all in the one atomic step. */
struct effect {
    enum verdict verdict;
    bool write;        /* the record changed and its rev was bumped: store it */
    bool claimed;      /* a view was taken: views_left went down by one */
    bool drop_content; /* erase the inline content in the same step */
    bool drop_record;  /* forget the record and its inline content; write is false then */
    int lease;         /* index of the lease that was added or changed, -1 for none */
    bool lease_is_new;
    bool all_leases; /* more than one lease changed (burn, lapse) */
};

/*
 * Decide change ${c} on ${r} and alter ${r} to what it is afterwards, r->rev included.  ${r} is as
 * stored; time counts here, so a record that has expired is absent whether or not it is still
 * there.  Content in the blob store that nobody may read any more becomes CONTENT_DOOMED; whoever
 * sees that erases the blobs and then applies CHANGE_ERASED.  Returns 0 and fills ${out}, or
 * ERR_NOMEM with ${r} unchanged.
 */
MUST_CHECK
int policy_apply(struct record *r, const struct change *c, struct effect *out);

/* Whether ${r} can be seen by info at ${now}: complete, not expired, not locked or burnt, and a
 * view left or a lease live. */
bool policy_visible(const struct record *r, int64_t now);

/*
 * Whether anyone may still read the content of ${r} at ${now}: a view is left or a lease live, or
 * it is an upload that goes on.  Content that nobody may read is erased.
 */
bool policy_readable(const struct record *r, int64_t now);

/* Whether an open that needs a new view can succeed at ${now}. */
bool policy_can_claim(const struct record *r, int64_t now);

/* When ${l} of ${r} ends by itself; the lease is live before that time unless it was ended. */
int64_t policy_lease_expires(const struct record *r, const struct lease *l);

/* Whether ${l} of ${r} is live at ${now}. */
bool policy_lease_live(const struct record *r, const struct lease *l, int64_t now);

/*
 * How ${l} of ${r} stands at ${now}, true whether or not the sweeper wrote it down, and since when
 * in ${at} (0 while it is live).
 */
enum lease_end policy_lease_end(const struct record *r, const struct lease *l, int64_t now,
                                int64_t *at);

/* When the upload of ${r} is given up unless another part comes. */
int64_t policy_upload_ends(const struct record *r);

/* Whether the upload of ${r} still goes on at ${now}. */
bool policy_uploading(const struct record *r, int64_t now);

/* Whether the owner's receipt of ${r} still answers at ${now}. */
bool policy_receipt_kept(const struct record *r, int64_t now);

/*
 * The next moment at which the sweeper has work with ${r}: the last lease lapses with no view left,
 * it expires, the upload is given up, doomed content waits (0), the receipt's time is over.  Stores
 * index it.
 */
int64_t policy_sweep_at(const struct record *r);

/* The states that a receipt tells. */
enum receipt_state {
    RECEIPT_UPLOADING,
    RECEIPT_WAITING, /* never opened */
    RECEIPT_OPENED,  /* opened, and can be opened again */
    RECEIPT_USED_UP, /* no view is left, whether or not a lease is still live */
    RECEIPT_BURNT,
    RECEIPT_EXPIRED, /* with views left, or an upload given up */
    RECEIPT_LOCKED,
};

/* The state of ${r} at ${now}, true to what happened whether or not the sweeper has come by. */
enum receipt_state policy_receipt_state(const struct record *r, int64_t now);

#endif
