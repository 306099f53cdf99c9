/* SPDX-License-Identifier: MIT */
/*
 * The file of API tokens (SECRETS_API_TOKENS).  A thread looks every second whether the file
 * has changed, and then reads it again.  While it cannot be read or understood, the tokens of
 * before stay in force, and the log says why once.
 */
#ifndef SERVER_TOKEN_FILE_H
#define SERVER_TOKEN_FILE_H

#include "api/access/api_tokens.h"

struct token_file;

/*
 * Read the tokens of ${path}, which outlives ${*out}; "" is no file, and ${*out} becomes NULL.
 * Every function below takes NULL.  Returns 0; or ERR_CONFIG with a line in ${reason}; or
 * ERR_NOMEM.
 */
MUST_CHECK
int token_file_open(const char *path, struct token_file **out, struct buf *reason);

/* Start the thread.  Returns 0 or ERR_NOMEM. */
MUST_CHECK
int token_file_watch(struct token_file *f);

/* The tokens of ${f}, or NULL. */
struct api_tokens *token_file_tokens(struct token_file *f);

enum { TOKEN_FILE_PATHS = 2 };

/*
 * Set ${paths} to what the thread reads, for a sandbox: the file and its directory, since a new
 * file may replace it.  The directory is left out, with a line in the log, if it has
 * subdirectories.  What is not there is NULL.  The paths live as long as ${f}.
 */
void token_file_paths(struct token_file *f, const char *paths[static TOKEN_FILE_PATHS]);

/* Stop the thread and free ${f}. */
void token_file_close(struct token_file *f);

#endif
