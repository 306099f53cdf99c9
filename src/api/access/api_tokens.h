/* SPDX-License-Identifier: MIT */
/*
 * API tokens: each gives a program the right to create, and has a name.  Only their hashes are
 * kept.  Any thread may call any function, but for api_tokens_free().
 */
#ifndef API_ACCESS_API_TOKENS_H
#define API_ACCESS_API_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    API_TOKENS_MAX = 1000,
    API_TOKENS_NAME_MAX = 64,
    API_TOKENS_TEXT_MAX = 256 * 1024, /* bytes of a list, for its readers */
};

struct api_tokens;

/* Make an empty set.  Returns NULL if memory is short.  Free it with api_tokens_free(). */
struct api_tokens *api_tokens_new(void);

/* Wipe and free ${t}.  NULL is allowed. */
void api_tokens_free(struct api_tokens *t);

/*
 * Put the tokens of ${text} in place of those in ${t}.  Each line, or part of a line between
 * commas, is NAME HASH, where HASH is the SHA-256 of a token in hexadecimal.  Empty ones, and lines
 * that begin with '#', are comments.  A name is 1 to API_TOKENS_NAME_MAX letters, digits and
 * "._@+-", and comes once.  Returns 0; or ERR_INVALID with the line that is not understood in
 * ${reason}, or ERR_NOMEM: then the tokens of before stay.  One thread at a time calls this.
 */
MUST_CHECK
int api_tokens_load(struct api_tokens *t, const char *text, struct buf *reason);

/* Whether ${token}, a text of the form that token_mint() makes, is one of ${t}.  The time that it
 * takes does not depend on the tokens. */
MUST_CHECK
bool api_tokens_have(struct api_tokens *t, const char *token);

/* Copy the name of ${token}, if it is one of ${t}, to ${name}.  Returns and takes time as
 * api_tokens_have(). */
MUST_CHECK
bool api_tokens_name(struct api_tokens *t, const char *token,
                     char name[static API_TOKENS_NAME_MAX + 1]);

/* How many tokens ${t} has. */
size_t api_tokens_count(struct api_tokens *t);

#endif
