/* SPDX-License-Identifier: MIT */
/*
 * What the vault needs of a blob store: a place for numbered pieces of bytes under a name that
 * token_mint_blob() made (or "ID.enc", see pysecrets_layout in store.h).  One table of functions
 * a backend, one contract test over all of them.  Every function may be called from any thread at
 * once.  It blocks until what it does is done; or, but for tidy and close, until it is given up
 * where the backend has a deadline (store/blobs_deadline.h), and what was given up may still
 * happen.
 */
#ifndef VAULT_BLOBS_H
#define VAULT_BLOBS_H

#include "base/buf.h"

struct blobs;

struct blobs_ops {
    /*
     * Store piece ${k} of ${name}.  The first bytes stored win.  Durable when it returns 1 or 0.
     * Returns 1 stored; 0 the same bytes were there already; ERR_CONFLICT other bytes are there;
     * ERR_FULL; ERR_NOMEM; ERR_STORE; or ERR_UNKNOWN_OUTCOME (repeat it).
     */
    int (*put)(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len);

    /*
     * Append piece ${k} of ${name} to ${out}.  Returns 1 found; 0 absent; ERR_TOO_LARGE if ${out}
     * cannot hold it; ERR_NOMEM; or ERR_STORE.
     */
    int (*get)(struct blobs *b, const char *name, uint32_t k, struct buf *out);

    /*
     * Erase those of the ${count} pieces of ${name} from ${first} on that are there.  Returns 0
     * once that is durable, also if none was there; ERR_BUSY: it takes longer, ask again later,
     * meanwhile or then it goes on; or ERR_STORE: some may be there still.
     */
    int (*erase)(struct blobs *b, const char *name, uint32_t first, uint32_t count);

    /*
     * Remove what a crash left behind: half-written pieces, and names for which ${known} returns
     * false.  May run at any time beside the other calls: a name that is being written is known
     * (see vault_tidy()).  Returns 0 or ERR_STORE.
     */
    int (*tidy)(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx);

    /* Bytes kept on this machine now; 0 where none are kept here. */
    uint64_t (*usage)(struct blobs *b);

    /* 0 if the blob store answers, else ERR_STUCK or ERR_STORE as in store.h. */
    int (*ping)(struct blobs *b);

    /* As in store.h. */
    bool (*stuck)(struct blobs *b);

    /* Close and free.  NULL is allowed. */
    void (*close)(struct blobs *b);
};

/* Every backend's struct begins with this. */
struct blobs {
    const struct blobs_ops *ops;
};

#endif
