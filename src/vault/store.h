/* SPDX-License-Identifier: MIT */
/*
 * The interface of a record store.  Each backend fills one table of functions, and one contract
 * test (tests/support/store_contract.c) runs over all of them.
 *
 * Any thread may call any function at any time.  A call blocks until it is done or the store's
 * deadline passes.  It then returns ERR_STORE, or ERR_UNKNOWN_OUTCOME if it had begun to write.
 * Two kinds of call on a disk have no deadline: scrub, and a read that has begun (load, due and
 * knows_blob), of which a few run at once and the others get ERR_STORE in time.
 *
 * The functions with a store_later never block.
 */
#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include "base/buf.h"
#include "crypto/audit/audit.h"
#include "vault/policy.h"
#include "vault/record.h"
#include "vault/survey.h"

enum { STORE_DUE_MAX = 256, STORE_CHANGES_MAX = 32 };

/* What a change did to one of several records. */
struct store_change {
    int found; /* 1, or 0 if there is no such record */
    struct effect effect;
    struct record after;
};

/* A create or an open for which no caller waits.  It stays in place until its outcome was taken. */
struct store_later {
    /* Set by the caller.  Called once, when the outcome is durable or nothing will happen, on a
     * thread of the store and possibly before create_later or open_later returns.  Must not
     * block. */
    void (*done)(struct store_later *l);

    /* The rest belongs to the store. */
    void *job;
    int outcome; /* if there is no job */
};

struct store;

struct store_ops {
    /*
     * The time that decisions use while the clock shows ${clock}: the later of ${clock} and the
     * latest time that this store has seen.  SQLite keeps this high-water mark with the data, so a
     * clock that is set back revives nothing, even across a restart.
     */
    int64_t (*now)(struct store *s, int64_t clock);

    /* The time that the service of this store shows while the clock shows ${clock}.  NULL: it has
     * no clock. */
    int64_t (*service_time)(struct store *s, int64_t clock);

    /* Set ${out} to the address of the secret ${id}. */
    void (*ref)(struct store *s, const char *id, struct store_ref *out);

    /*
     * Insert the record ${r}.  ${content} is its content if that is CONTENT_INLINE, else NULL.
     * ${wrap} is its wrap of r->wrap_len bytes, or NULL if it has none.
     * Returns 1 once it is durable; 0 if the id is taken (nothing changed); ERR_FULL; ERR_NOMEM;
     * ERR_STORE; or ERR_UNKNOWN_OUTCOME.
     */
    int (*create)(struct store *s, const struct store_ref *ref, const struct record *r,
                  const struct buf *content, const struct buf *wrap);

    /*
     * Read a record into ${out}, which the caller clears, and its inline content into ${content} if
     * that is not NULL (empty, with a limit set by the caller).  The read is consistent, and record
     * and content are of the same moment.  No rules are applied: an expired record is returned.
     * Returns 1 if found; 0 if absent; ERR_TOO_LARGE if the content exceeds the limit of
     * ${content}; ERR_NOMEM; or ERR_STORE.  On anything but 1 ${out} is zeroed.
     */
    int (*load)(struct store *s, const struct store_ref *ref, struct record *out,
                struct buf *content);

    /* The same as load, with the wrap instead of the content: ${wrap} stays empty if the record has
     * none. */
    int (*load_wrap)(struct store *s, const struct store_ref *ref, struct record *out,
                     struct buf *wrap);

    /*
     * Apply ${c} with policy_apply() in one atomic step that is durable when this returns.  c->now
     * is a time that now() returned: the decision is made as of then or later.  It uses only data
     * read in that step.  ${effect} is the result.  ${after}, which may be NULL and which the
     * caller clears, is the record afterwards without its content.  If the record was dropped,
     * ${after} is its last state.  The store sets c->part_is_new itself, because it keeps the set
     * of registered parts.
     *
     * Returns 1 if decided (see effect->verdict); 0 if there is no such record; ERR_NOMEM or
     * ERR_STORE if nothing happened; or ERR_UNKNOWN_OUTCOME if it may have happened or may still
     * happen.  Retrying with the same ${c} is safe for opens, because the lease hash identifies our
     * write, and on DynamoDB for classic claims, because the mark does.  On anything but 1
     * ${effect} and ${after} are zeroed.
     */
    int (*change)(struct store *s, const struct store_ref *ref, const struct change *c,
                  struct effect *effect, struct record *after);

    /*
     * Begin a create, or an open, without blocking.  An open is a change that in the same step also
     * reads the inline content, of at most ${content_max} bytes, if it gives a view of it.  The
     * store copies what it needs.  Return 0: l->done is called, unless ${l} is
     * abandoned.  Or return a negative code: nothing happens, and l->done is not called.  A backend
     * has these five functions, or NULL for each of them.
     */
    int (*create_later)(struct store *s, const struct store_ref *ref, const struct record *r,
                        const struct buf *content, const struct buf *wrap, struct store_later *l);
    int (*open_later)(struct store *s, const struct store_ref *ref, const struct change *c,
                      size_t content_max, struct store_later *l);

    /*
     * Return the outcome of ${l}, which is done or abandoned, as create and change return theirs.
     * opened puts the content into ${content}, which is empty; it is ERR_TOO_LARGE, with nothing
     * changed, if the content exceeds ${content_max}.  To be called once, because they release what
     * ${l} holds.  Do not block.
     */
    int (*created)(struct store *s, struct store_later *l);
    int (*opened)(struct store *s, struct store_later *l, struct effect *effect,
                  struct record *after, struct buf *content);

    /* Abandon ${l}, whose outcome was not taken yet.  Does not block.  Returns true if l->done is
     * never called: the outcome is ERR_STORE or ERR_UNKNOWN_OUTCOME.  Returns false if l->done was
     * called or is about to be. */
    bool (*abandon)(struct store *s, struct store_later *l);

    /*
     * Apply ${c} to each of ${n} records, at most STORE_CHANGES_MAX, in one atomic step, for a
     * fraction of what as many calls of change would cost.  NULL if the backend has no such step.
     * Returns 0 with ${out} filled as change() does, and the caller clears each out[i].after.  On
     * an error ${out} is zeroed: ERR_NOMEM or ERR_STORE if nothing happened; or
     * ERR_UNKNOWN_OUTCOME.
     */
    int (*change_all)(struct store *s, const struct store_ref *refs, int n, const struct change *c,
                      struct store_change *out);

    /*
     * Apply ${c}[0] to the record at ${refs}[0] and ${c}[1] to the one at ${refs}[1], both or none
     * of them, in one atomic step: none, unless both give VERDICT_OK.  The records differ.  NULL if
     * the backend has no such step: then the caller makes one change after the other.  Returns 0
     * with ${out} filled as change() does, and the caller clears each out[i].after; or an error as
     * change_all().
     */
    int (*change_both)(struct store *s, const struct store_ref refs[static 2],
                       const struct change c[static 2], struct store_change out[static 2]);

    /*
     * List records whose policy_sweep_at() is at or before ${now}, the longest due first.  The
     * order is stable.  Skip the first ${skip} and return at most ${max}, which is at most
     * STORE_DUE_MAX.  Returns their number, ERR_NOMEM or ERR_STORE.
     */
    int (*due)(struct store *s, int64_t now, int skip, struct store_ref *out, int max);

    /*
     * Whether a record names ${blob} as its content (CONTENT_BLOBS or CONTENT_DOOMED).  Used by
     * blobs_ops.tidy.  Returns 1, 0, or ERR_STORE.
     */
    int (*knows_blob)(struct store *s, const char *blob);

    /*
     * Count every record into ${out} with survey_count(), as it is at ${now}, until the monotonic
     * clock shows ${until_ms}.  Records that are created or dropped meanwhile may be missed or
     * counted.  Returns 1; 0 if the time was over before all were counted; ERR_NOMEM or ERR_STORE.
     */
    int (*survey)(struct store *s, int64_t now, int64_t until_ms, struct survey *out);

    /*
     * Copy the events after the one with the number ${after} to ${out}, the oldest first and at
     * most ${max}.  Returns their number, ERR_NOMEM or ERR_STORE.  NULL if the backend has no
     * events.
     */
    int (*events)(struct store *s, int64_t after, struct audit_event *out, int max);

    /* The number of the newest event, 0 if there is none.  Never blocks.  NULL as events. */
    int64_t (*last_event)(struct store *s);

    /* After a sweep, make erased data unreadable on disk (SQLite truncates its WAL). */
    int (*scrub)(struct store *s);

    /* The sum of record_cost() over the records; 0 if the backend is not on this machine. */
    uint64_t (*usage)(struct store *s);

    /* Returns 0 if the store responds; ERR_STUCK if a thread of this process is stuck, so that a
     * restart may help; else ERR_STORE. */
    int (*ping)(struct store *s);

    /*
     * Whether a thread of this process is stuck, so that a restart may help.  Contacts no other
     * machine and returns within the store's deadline.  NULL if the backend depends only on a
     * remote service.
     */
    bool (*stuck)(struct store *s);

    /* Finish running calls, close and free ${s}.  NULL is allowed. */
    void (*close)(struct store *s);
};

/* The first member of every backend's struct. */
struct store {
    const struct store_ops *ops;
    uint64_t inline_max;   /* largest inline content in bytes; larger ones go to the blob store */
    bool look_first;       /* a change costs much more than a load, which may make it unnecessary */
    bool pysecrets_layout; /* as in pysecrets: each classic file is the blob "ID.enc" */
};

#endif
