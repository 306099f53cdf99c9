/* SPDX-License-Identifier: MIT */
/*
 * Credentials.  The sources are, in this order: the environment (or, for each variable, the file of
 * its name in the directory CREDENTIALS_DIRECTORY, which systemd sets), a web identity (STS), the
 * container's endpoint, the instance's metadata (IMDSv2), and a profile file.  Keys are cached.
 * One thread renews them before they expire while the others go on with the old ones.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include "aws/transport.h"
#include "base/clock.h"

enum {
    AWS_KEY_ID_MAX = 128,
    AWS_SECRET_MAX = 256,
    AWS_TOKEN_MAX = 8192,
    AWS_RENEW_BEFORE = 300, /* seconds before the keys expire */
    AWS_RENEW_PAUSE = 30,   /* seconds after a renewal before the next one */
};

struct aws_keys {
    char id[AWS_KEY_ID_MAX + 1];
    char secret[AWS_SECRET_MAX + 1];
    char token[AWS_TOKEN_MAX + 1]; /* "" for none */
    int64_t expires;               /* 0: never */
};

struct aws_credentials_config {
    struct aws_env env;
    struct aws_transport transport;
    struct clock clock;
};

struct aws_credentials;

/* Make a cache over ${config}, which is copied.  What it refers to must outlive the cache.  Nothing
 * is fetched yet.  Returns NULL if memory is short. */
struct aws_credentials *aws_credentials_new(const struct aws_credentials_config *config);

/* Wipe and free ${c}, which no thread may be using.  NULL is allowed. */
void aws_credentials_free(struct aws_credentials *c);

/*
 * Copy keys that are valid now to ${out}, which the caller wipes.  Waits for a renewal only if
 * there are no valid keys.  Any thread.  Returns 0; ERR_CONFIG if no source is set up; or ERR_STORE
 * if the source that is set up fails.  On failure ${out} is zeroed.
 */
MUST_CHECK
int aws_credentials_get(struct aws_credentials *c, struct aws_keys *out);

enum { AWS_CREDENTIALS_PATHS = 7 };

/*
 * Fill ${paths} with the files and directories that a renewal reads, for a sandbox.  An empty path
 * is none.  The directory of a token's or profile's file is included, because a renewed file
 * replaces the old one.  It is left out, with a line in the log, if it has subdirectories and is
 * not ~/.aws, and always if it is the root.  The caller frees the paths.  Returns 0 or ERR_NOMEM.
 */
MUST_CHECK
int aws_credentials_paths(const struct aws_env *env,
                          struct buf paths[static AWS_CREDENTIALS_PATHS]);

/* Drop the keys with ${id}, which a service refused as expired.  The next get fetches new ones.
 * Any thread. */
void aws_credentials_reject(struct aws_credentials *c, const char *id);

#endif
