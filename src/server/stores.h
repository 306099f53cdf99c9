/* SPDX-License-Identifier: MIT */
/*
 * Opens the stores that the settings name.
 */
#ifndef SERVER_STORES_H
#define SERVER_STORES_H

#include "server/settings.h"
#include "vault/blobs.h"
#include "vault/store.h"

struct stores {
    struct store *store;
    struct blobs *blobs;
};

/*
 * Make the data directory (0700) if it is not there.  Returns 0, or ERR_IO with the reason in
 * ${why}.
 */
MUST_CHECK
int stores_prepare(const struct settings *s, struct buf *why);

/*
 * After stores_prepare(): open what ${s} asks for into ${out}, which
 * the caller closes.  Returns 0; or an error with the reason in ${why} and nothing open.
 */
MUST_CHECK
int stores_open(const struct settings *s, struct stores *out, struct buf *why);

/* Finish what runs and close ${s}. */
void stores_close(struct stores *s);

#endif
