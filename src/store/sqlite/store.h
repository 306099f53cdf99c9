/* SPDX-License-Identifier: MIT */
/*
 * The record store of one machine: one SQLite file in a directory of its own (docs/FORMAT.md, "How
 * SQLite keeps a record").  One connection on one thread does every write and every checkpoint; all
 * changes that wait at once share one commit, and each is answered only after it.  Records are
 * addressed by the SHA-256 of their id: no id, token or plaintext is ever in the file.
 */
#ifndef STORE_SQLITE_STORE_H
#define STORE_SQLITE_STORE_H

#include "vault/store.h"

enum {
    SQLITE_STORE_READERS = 4,
    SQLITE_STORE_READERS_MAX = 64,
    SQLITE_STORE_WAIT_MS = 5000,
    SQLITE_STORE_INLINE_MAX = 1024 * 1024, /* largest content kept with its record */
};

struct sqlite_store_config {
    const char *dir;    /* made (0700) if absent; one that is open to others is refused */
    int readers;        /* reading connections, at most SQLITE_STORE_READERS_MAX; 0: the default */
    uint64_t min_free;  /* create answers ERR_FULL while the disk has fewer bytes free; 0: none */
    int wait_ms;        /* after which a call is given up; 0: the default */
    struct buf *reason; /* gets a line when open fails; NULL: none */

    /* For tests alone. */
    const char *vfs;  /* SQLite's VFS by name; NULL: the system's */
    int log_pages;    /* in the log before it is emptied; 0: the default */
    bool sync_normal; /* synchronous=NORMAL: loses acknowledged work when the power fails */
};

/*
 * Open, and make if absent, the store in ${config}->dir.  The settings are not used after the
 * return.  A second store, of this or another process, cannot be opened on the same directory.
 * Returns 0 with ${out}, which the caller closes by its ops; or ERR_STORE, ERR_NOMEM or ERR_CONFIG
 * with ${out} NULL and the reason in config->reason.
 */
MUST_CHECK
int sqlite_store_open(const struct sqlite_store_config *config, struct store **out);

#endif
