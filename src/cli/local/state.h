/* SPDX-License-Identifier: MIT */
/*
 * What outlives one run of the program: owner tokens, unfinished uploads and leases, each a JSON
 * file of mode 0600 in a folder of mode 0700 ($XDG_STATE_HOME/secrets).  No link key, passphrase or
 * plaintext is ever put there.  A file is named by the hash of the secret's id.
 */
#ifndef CLI_LOCAL_STATE_H
#define CLI_LOCAL_STATE_H

#include "base/buf.h"
#include "base/text/json.h"

enum state_kind {
    STATE_OWNED,  /* {"server", "owner_token", "expires_at"} */
    STATE_UPLOAD, /* {"id", "server", "owner_token", "size", "part_size", "expires_at", "shown"} */
    STATE_DOWNLOAD, /* {"lease"}, and of an unfinished file {"temp", "inode", "header", "boot"} */
};

enum { STATE_PATH_MAX = 4096, STATE_NAME_LEN = 32 };

struct state {
    char dir[STATE_PATH_MAX]; /* "" where nothing is to be kept */
};

/* The path of the record of ${kind} of ${id}, with ${suffix} for its ending (".json"). */
void state_path(const struct state *s, enum state_kind kind, const char *id, const char *suffix,
                char out[static STATE_PATH_MAX]);

/* Make the folder of ${kind} where it is missing.  Returns 0 or ERR_IO. */
MUST_CHECK
int state_make_folder(const struct state *s, enum state_kind kind);

/* Write ${value} as the record of ${kind} of ${id}, in one step.  Does nothing where nothing is to
 * be kept.  Returns 0, ERR_IO, ERR_NOMEM or ERR_TOO_LARGE. */
MUST_CHECK
int state_save(const struct state *s, enum state_kind kind, const char *id, const json_t *value);

/* The record of ${kind} of ${id}, for json_decref(); NULL if there is none that can be read. */
json_t *state_load(const struct state *s, enum state_kind kind, const char *id);

/* Forget the record of ${kind} of ${id} and the files beside it. */
void state_forget(const struct state *s, enum state_kind kind, const char *id);

/*
 * Give each unfinished upload's record to ${each} until it returns non-zero, which is returned; 0
 * at the end.  The record is the function's for the call.
 */
int state_each_upload(const struct state *s, int (*each)(void *ctx, json_t *record), void *ctx);

/* Remove what is of no use any more at ${now}: owner tokens whose receipt is over, uploads that the
 * server has given up, leases that have lapsed with their half-written files. */
void state_prune(const struct state *s, int64_t now);

/*
 * Open a new file for sealed bytes, locked for this process: in the folder of uploads, its path in
 * ${path}; or without a name (path "") in ${temp_dir} where nothing is to be kept.  Returns a
 * descriptor or ERR_IO.
 */
MUST_CHECK
int state_spool(const struct state *s, const char *temp_dir, char path[static STATE_PATH_MAX]);

/* Open the file of sealed bytes of ${id} and lock it, where files can be locked.  Returns a
 * descriptor; ERR_BUSY if another process has it; ERR_IO if it is not there. */
MUST_CHECK
int state_spool_again(const struct state *s, const char *id);

#endif
