/* SPDX-License-Identifier: MIT */
/*
 * The interface of a blob store: it keeps numbered parts under a name, which token_mint_blob() made
 * or which is "ID.enc" (see pysecrets_layout in store.h).  Each backend fills one table of
 * functions, and one contract test runs over all of them.
 *
 * Any thread may call any function at any time.  A call blocks until it is done.  Where the backend
 * has a deadline (store/blobs/deadline.h), a call other than tidy and close returns when the
 * deadline passes, and the abandoned operation may still take effect.
 */
#ifndef VAULT_BLOBS_H
#define VAULT_BLOBS_H

#include "base/buf.h"
#include "base/files/piped.h"

struct blobs;

struct blobs_ops {
    /*
     * Store part ${k} of ${name}.  The first bytes stored win.  The part is durable when this
     * returns 1 or 0.  Returns 1 if stored; 0 if the same bytes were there already; ERR_CONFLICT if
     * other bytes are there; ERR_FULL; ERR_NOMEM; ERR_STORE; or ERR_UNKNOWN_OUTCOME (retry it).
     */
    int (*put)(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len);

    /*
     * The same with the content of ${data}, which is empty afterwards.  NULL if the backend gains
     * nothing by it.
     */
    int (*put_taking)(struct blobs *b, const char *name, uint32_t k, struct buf *data);

    /*
     * Append part ${k} of ${name} to ${out}.  Returns 1 if found; 0 if absent; ERR_TOO_LARGE if
     * ${out} cannot hold it; ERR_NOMEM; or ERR_STORE.
     */
    int (*get)(struct blobs *b, const char *name, uint32_t k, struct buf *out);

    /*
     * Put part ${k} of ${name}, of ${len} bytes, into ${out}, which is empty.  Returns 1 if found;
     * 0 if absent; ERR_TOO_LARGE if no pipe can hold it, and then get() may succeed; ERR_NOMEM; or
     * ERR_STORE, also for a part of another length.  NULL if the backend has no files to take the
     * bytes from.
     */
    int (*get_piped)(struct blobs *b, const char *name, uint32_t k, size_t len, struct piped *out);

    /*
     * Erase parts ${first} to ${first} + ${count} - 1 of ${name}, as far as they exist.  Returns 0
     * once that is durable, even if there were none; ERR_BUSY if it takes longer (it continues in
     * the background or with the next call); or ERR_STORE if some may still exist.
     */
    int (*erase)(struct blobs *b, const char *name, uint32_t first, uint32_t count);

    /*
     * Remove the parts of names for which ${known} returns false, which a crash left.  Temporary
     * files are removed when the store is opened (store/blobs/directory.h).  May run at the
     * same time as other calls, because ${known} returns true for a name that is being written (see
     * vault_tidy()).  Returns 0 or ERR_STORE.
     */
    int (*tidy)(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx);

    /* Bytes stored on this machine; 0 if the backend stores elsewhere. */
    uint64_t (*usage)(struct blobs *b);

    /* Returns 0 if the blob store responds, else ERR_STUCK or ERR_STORE as in store.h. */
    int (*ping)(struct blobs *b);

    /* As in store.h. */
    bool (*stuck)(struct blobs *b);

    /* Close and free ${b}.  NULL is allowed. */
    void (*close)(struct blobs *b);
};

/* The first member of every backend's struct. */
struct blobs {
    const struct blobs_ops *ops;
};

#endif
