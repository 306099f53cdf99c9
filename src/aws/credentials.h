/* SPDX-License-Identifier: MIT */
/*
 * Credentials: from the environment (each variable may be a file of that name in the folder
 * CREDENTIALS_DIRECTORY instead, where systemd puts them), else the container's endpoint, else the
 * instance's metadata (IMDSv2), else a profile file.  They are cached, and renewed before they
 * lapse by one thread while the others go on with what they have.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include "aws/transport.h"
#include "base/clock.h"

enum {
    AWS_KEY_ID_MAX = 128,
    AWS_SECRET_MAX = 256,
    AWS_TOKEN_MAX = 8192,
    AWS_RENEW_BEFORE = 300, /* seconds before they lapse */
    AWS_RENEW_PAUSE = 30,   /* seconds until a renewal that failed is tried again */
};

struct aws_keys {
    char id[AWS_KEY_ID_MAX + 1];
    char secret[AWS_SECRET_MAX + 1];
    char token[AWS_TOKEN_MAX + 1]; /* "" for none */
    int64_t expires;               /* 0: never */
};

struct aws_credentials_options {
    struct aws_env env;
    struct aws_transport transport;
    struct clock clock;
};

struct aws_credentials;

/* Make a cache over ${options}, what they refer to outlives it.  Nothing is fetched yet.  NULL if
 * memory is short. */
struct aws_credentials *aws_credentials_new(const struct aws_credentials_options *options);

/* Wipe and free.  NULL is allowed; no thread may be using it. */
void aws_credentials_free(struct aws_credentials *c);

/*
 * Copy keys that are good now to ${out}, which the caller wipes.  Waits for a renewal only where
 * there are none.  Any thread.  Returns 0; ERR_CONFIG if no source has any; or ERR_STORE if the
 * source that should have them fails.  ${out} is zeroed on failure.
 */
MUST_CHECK
int aws_credentials_get(struct aws_credentials *c, struct aws_keys *out);

enum { AWS_CREDENTIALS_PATHS = 5 };

/*
 * Fill ${paths} with the files and folders that are read again when credentials are renewed, for a
 * process that confines itself; an empty one is none.  The folder of a token's or profile's file is
 * among them, since whoever renews the file puts a new one in its place; but only if it is ~/.aws
 * or has no folders below it, and so holds little else, and never the root.  The caller frees
 * them.  Returns 0 or ERR_NOMEM.
 */
MUST_CHECK
int aws_credentials_paths(const struct aws_env *env,
                          struct buf paths[static AWS_CREDENTIALS_PATHS]);

/* A service refused the keys named ${id} as lapsed: the next get fetches new ones.  Any thread. */
void aws_credentials_reject(struct aws_credentials *c, const char *id);

#endif
