/* SPDX-License-Identifier: MIT */
/*
 * The rules of the vault as pure functions.  They take a record, a change and the time, and give a
 * verdict and the record afterwards.  There is no I/O, clock or store here.  Every store calls
 * these functions inside its own atomic step, so that the rules are the same everywhere.
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
    POLICY_RENEW_GAIN_INLINE = 10, /* seconds; a smaller renewal is not written */
    POLICY_RENEW_GAIN_PARTS = 60,
    POLICY_UPLOAD_IDLE = 60 * 60, /* seconds without a new part */
    POLICY_UPLOAD_LIFE = 24 * 60 * 60,
    POLICY_RECEIPT_LIFE = 7 * 24 * 60 * 60, /* seconds that a receipt stays after expiry */
};

/* The result of a change.  vault/sealed_parts.c gives VERDICT_CONFLICT, too, for a part or a
 * complete whose data contradict the record. */
enum verdict {
    VERDICT_OK = 1,      /* done, or it was so already (idempotent) */
    VERDICT_ABSENT,      /* unknown, expired, burnt, locked or used up */
    VERDICT_UPLOADING,   /* open: the upload is not complete yet */
    VERDICT_REPEAT,      /* open: this lease is live, so the same view is given again */
    VERDICT_LEASE_ENDED, /* open: this lease has ended */
    VERDICT_WRONG_KEY,   /* open: the gate is absent or wrong, and nothing changed */
    VERDICT_WRONG_PROOF, /* open: the proof does not match; see record.attempts_left */
    VERDICT_CONFLICT,    /* part: the upload is finished; complete: an answer without a wrap */
    VERDICT_INCOMPLETE,  /* complete: parts are missing */
    VERDICT_FULL,        /* answer: the request has all the answers that it asked for */
};

enum change_kind {
    CHANGE_CLAIM_CLASSIC, /* take one view of a classic record; uses mark */
    CHANGE_OPEN,          /* take one view of a sealed record; uses hash (lease), proof and gate */
    CHANGE_FETCH,         /* renew a live lease; uses hash (lease) */
    CHANGE_CONFIRM,       /* end a lease; uses hash (lease, live or ended) */
    CHANGE_BURN,          /* burn the secret; uses hash (owner, or lease, live or ended).  End the
                             request; uses hash (owner) */
    CHANGE_PART,          /* register a stored part; uses hash (owner), part and part_is_new */
    CHANGE_COMPLETE,      /* finish an upload; uses hash (owner), and wrap for an answer */
    CHANGE_ANSWER,        /* count an answer in its request; uses answer */
    CHANGE_DISCARD,       /* the request of an answer has ended: burn the answer unless it was
                             opened; needs nothing but the id */
    CHANGE_REMOVE,        /* the operator takes the secret down; needs nothing but the id */
    CHANGE_LAPSE,         /* sweeper: record what time has ended and release the content */
    CHANGE_ERASED,        /* the doomed blobs are erased, or the answers of a request burnt */
};

struct change {
    enum change_kind kind;
    int64_t now;
    uint8_t hash[TOKEN_HASH_LEN];  /* SHA-256 of the token that was sent */
    uint8_t proof[TOKEN_HASH_LEN]; /* SHA-256 of the access key that was sent */
    bool has_gate;                 /* a gate was sent */
    uint8_t gate[TOKEN_HASH_LEN];  /* SHA-256 of the gate that was sent */
    uint8_t mark[RECORD_MARK_LEN]; /* idempotency key, kept over retries; the policy ignores it */
    uint32_t part;                 /* counted from 0 */
    bool part_is_new;              /* set by the store from its set of parts */
    struct actor by;               /* not known: the sweeper or the operator */
    struct store_ref answer;       /* address of the answer that is complete */
    const struct buf *wrap;        /* of an answer; NULL: none.  It outlives the call */
};

/* What a store writes after policy_apply(), in the same atomic step. */
struct effect {
    enum verdict verdict;
    bool write;        /* the record and its rev changed: write it */
    bool claimed;      /* a view was taken: views_left was decremented */
    bool confirmed;    /* a lease ended because its holder has the content */
    bool answered;     /* an answer was counted: the last one of answers, and views_left was
                          decremented */
    bool put_wrap;     /* store c->wrap, whose length the record has */
    bool drop_content; /* erase the inline content and the wrap */
    bool drop_record;  /* delete the record with what drop_content erases; write is false then */
    int lease;         /* index of the lease that was added or changed; -1 for none */
    bool lease_is_new;
    bool all_leases; /* any number of leases changed (burn, lapse) */
};

/*
 * Decide the change ${c} on ${r}, which is as stored, and change ${r} accordingly, r->rev included.
 * An expired record counts as absent.  Content in the blob store that can no longer be read becomes
 * CONTENT_DOOMED: the caller erases the blobs and then applies CHANGE_ERASED.  Returns 0 with
 * ${out} filled, or ERR_NOMEM with ${r} unchanged.
 */
MUST_CHECK
int policy_apply(struct record *r, const struct change *c, struct effect *out);

/* Whether info shows ${r} at ${now}: it is complete, neither expired nor burnt, and a view can be
 * claimed or a lease is live. */
bool policy_visible(const struct record *r, int64_t now);

/*
 * Whether the holder of the gate with the hash ${gate} gets the wrap of ${r} at ${now}.  Returns
 * VERDICT_OK; VERDICT_ABSENT, also if there is no wrap; VERDICT_UPLOADING; or VERDICT_WRONG_KEY.
 */
enum verdict policy_wrap(const struct record *r, const uint8_t gate[static TOKEN_HASH_LEN],
                         int64_t now);

/*
 * Whether the content of ${r} can still be read at ${now}: a view is left, a lease is live, or an
 * upload is in progress.  Content that cannot be read is erased.
 */
bool policy_readable(const struct record *r, int64_t now);

/* Whether an open of ${r} that needs a new view can succeed at ${now}; whether the request ${r}
 * takes another answer. */
bool policy_can_claim(const struct record *r, int64_t now);

/*
 * The time from which the request ${r} no longer lists its answers, and is deleted: it has expired,
 * and the last of its answers as well.
 */
int64_t policy_request_ends(const struct record *r);

/* The time at which the lease ${l} of ${r} lapses.  Before it the lease is live unless it ended. */
int64_t policy_lease_expires(const struct record *r, const struct lease *l);

/* Whether the lease ${l} of ${r} is live at ${now}. */
bool policy_lease_live(const struct record *r, const struct lease *l, int64_t now);

/*
 * How the lease ${l} of ${r} has ended at ${now}, whether or not the sweeper has recorded it, with
 * the time in ${at} (0 while it is live).  Returns LEASE_LIVE while it is live.
 */
enum lease_end policy_lease_end(const struct record *r, const struct lease *l, int64_t now,
                                int64_t *at);

/* The time at which the upload of ${r} is abandoned unless another part arrives. */
int64_t policy_upload_ends(const struct record *r);

/* Whether the upload of ${r} is in progress at ${now}. */
bool policy_uploading(const struct record *r, int64_t now);

/* Whether the owner can still read the receipt of ${r}, or list its answers, at ${now}. */
bool policy_receipt_kept(const struct record *r, int64_t now);

/*
 * The next time at which the sweeper has work with ${r}: doomed content waits (0), the last lease
 * lapses with no view left, ${r} expires, its upload is abandoned, or its receipt is deleted.  A
 * request that has ended has work at once, while answers are to be burnt.
 * Stores index it.
 */
int64_t policy_sweep_at(const struct record *r);

/* The states that a receipt reports. */
enum receipt_state {
    RECEIPT_UPLOADING,
    RECEIPT_WAITING, /* never opened */
    RECEIPT_OPENED,  /* opened, and can be opened again */
    RECEIPT_USED_UP, /* no view is left; a lease may be live */
    RECEIPT_BURNT,
    RECEIPT_EXPIRED, /* with views left, or an abandoned upload */
    RECEIPT_LOCKED,
    RECEIPT_REMOVED, /* taken down by the operator */
    RECEIPT_STATES,
};

/* The state of ${r} at ${now}, whether or not the sweeper has recorded it. */
enum receipt_state policy_receipt_state(const struct record *r, int64_t now);

#endif
