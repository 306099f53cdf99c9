/* SPDX-License-Identifier: MIT */
/*
 * The record store of one machine: one SQLite file in a directory of its own (docs/FORMAT.md, "How
 * SQLite keeps a record").  One connection on one thread does every write.  All changes that wait
 * at the same time share one commit, and each is answered only after it.  Records are addressed by
 * the SHA-256 of their id: no id, token or plaintext is ever in the file.
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
    const char *dir;     /* made with mode 0700 if absent; refused if it is open to other users */
    int readers;         /* reading connections, at most SQLITE_STORE_READERS_MAX; 0: the default */
    uint64_t min_free;   /* create is ERR_FULL while the disk has fewer bytes free; 0: no limit */
    int wait_ms;         /* how long a call may take; 0: the default */
    bool events;         /* write events (docs/FORMAT.md, "Events") */
    int64_t events_days; /* how long events are kept; 0: without a limit */
    int64_t events_max;  /* how many are kept; 0: without a limit */
    struct buf *reason;  /* gets one line for the operator if opening fails; NULL: none */

    /* For tests only. */
    const char *vfs;  /* SQLite's VFS by name; NULL: the system's */
    int log_pages;    /* pages in the log that start a checkpoint; 0: the default */
    bool sync_normal; /* synchronous=NORMAL, which loses acknowledged work in a power failure */
};

/*
 * Open the store in ${config}->dir, and make it if it is not there.  ${config} is not used after
 * the return.  No process can open a second store on the same directory.  Returns 0 with ${out},
 * which the caller closes by its ops; or ERR_STORE, ERR_NOMEM or ERR_CONFIG with ${out} NULL.
 */
MUST_CHECK
int sqlite_store_open(const struct sqlite_store_config *config, struct store **out);

#endif
