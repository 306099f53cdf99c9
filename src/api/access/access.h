/* SPDX-License-Identifier: MIT */
/*
 * The right to create of one request: what it brings, judged by SECRETS_CREATE.
 */
#ifndef API_ACCESS_ACCESS_H
#define API_ACCESS_ACCESS_H

#include "api/api.h"

struct access {
    bool allowed;
    const char *user; /* whose name may be shown to the client; NULL if none is known */
};

/* The user that ${req} comes from, or NULL if none is known: on the open plane and on the pages of
 * others a name counts for nothing. */
const char *access_user(const struct api_config *config, const struct http_request *req);

/*
 * Set ${out} to who sends ${req}, for the events of what it does: the network of its client and,
 * with ${named}, the name of its user, or "token:" and the name of its API token.
 */
void access_actor(const struct api_config *config, const struct http_request *req, bool named,
                  struct actor *out);

/* The right of ${req}.  Never blocks. */
struct access access_of(const struct api_config *config, const struct http_request *req);

#endif
