/* SPDX-License-Identifier: MIT */
/*
 * What the program keeps between runs: owner tokens, requests, unfinished uploads and leases.  Each
 * is a JSON file of mode 0600 in a directory of mode 0700 ($XDG_STATE_HOME/secrets), named by the
 * hash of the id.  The seed and the link key of a request, which read its answers, are stored.  No
 * other link key and no passphrase or plaintext is ever stored.
 */
#ifndef CLI_LOCAL_STATE_H
#define CLI_LOCAL_STATE_H

#include "base/buf.h"
#include "base/text/json.h"

/* The fields of the records:
 *   owned     server, owner_token, expires_at
 *   upload    id, server, owner_token, size, content_size, part_size, begun_at, expires_at, shown;
 *             of an answer also complete, the body of the call that completes it
 *   asked     id, server, seed, link_key, expires_at
 *   download  (for "SERVER ID" in place of the id)
 *             lease; with an unfinished file also temp, inode, header, boot */
enum state_kind { STATE_OWNED, STATE_UPLOAD, STATE_DOWNLOAD, STATE_ASKED };

enum { STATE_PATH_MAX = 4096, STATE_NAME_LEN = 32 };

struct state {
    char dir[STATE_PATH_MAX]; /* "" where nothing is kept */
};

/* Write to ${out} the path of the record of ${kind} for ${id}, ending with ${suffix} (".json"). */
void state_path(const struct state *s, enum state_kind kind, const char *id, const char *suffix,
                char out[static STATE_PATH_MAX]);

/* Create the directory of ${kind} if it is missing.  Returns 0 or ERR_IO. */
MUST_CHECK
int state_make_dir(const struct state *s, enum state_kind kind);

/* Write ${value} atomically as the record of ${kind} for ${id}.  Does nothing where nothing is
 * kept. Returns 0, ERR_IO, ERR_NOMEM or ERR_TOO_LARGE. */
MUST_CHECK
int state_save(const struct state *s, enum state_kind kind, const char *id, const json_t *value);

/* Return the record of ${kind} for ${id}, which the caller gives to json_decref(); NULL if it does
 * not exist or cannot be read. */
json_t *state_load(const struct state *s, enum state_kind kind, const char *id);

/* Remove the record of ${kind} for ${id} and the files that belong to it. */
void state_forget(const struct state *s, enum state_kind kind, const char *id);

/*
 * Call ${each} with ${ctx} and each record of ${kind}, until it returns non-zero.  The record is
 * valid during the call.  Returns what ${each} returned last; 0 if there is none.
 */
int state_each(const struct state *s, enum state_kind kind, int (*each)(void *ctx, json_t *record),
               void *ctx);

/* Remove what is of no use at ${now}: owner tokens whose receipt has expired, uploads that the
 * server has erased, lapsed leases with their unfinished files, and the keys of requests 90 days
 * after a run first found that they had ended. */
void state_prune(const struct state *s, int64_t now);

/*
 * Create a file for sealed bytes and lock it.  It is in the directory of uploads, with its path in
 * ${path}; or, where nothing is kept, in ${temp_dir} without a name, and ${path} is "".  Returns
 * the descriptor or ERR_IO.
 */
MUST_CHECK
int state_spool(const struct state *s, const char *temp_dir, char path[static STATE_PATH_MAX]);

/* Open the file of sealed bytes of ${id} and lock it, if the file system has locks.  Returns the
 * descriptor; ERR_BUSY if another process has it; ERR_IO if it is not there. */
MUST_CHECK
int state_spool_again(const struct state *s, const char *id);

#endif
