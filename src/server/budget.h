/* SPDX-License-Identifier: MIT */
/*
 * Memory for what slow clients can hold: request bodies on their way in, answers on their way out.
 * There is so much for all, and one client has a share of it, so that nobody can hold all of it.
 */
#ifndef SERVER_BUDGET_H
#define SERVER_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

struct budget;

enum { BUDGET_FREE = 16 * 1024 }; /* bytes that are never counted: a small request always fits */

/* A budget of ${total} bytes, ${share} of them for one client (IPv6 by its /64).  NULL if memory is
 * short. */
struct budget *budget_new(size_t total, size_t share);

/* Release ${b}; NULL is allowed. */
void budget_free(struct budget *b);

/*
 * Take ${bytes} for ${client}: true if they fit, or if ${forced} all the same.  What was taken is
 * given back by budget_give() with the same arguments.  Any thread.
 */
MUST_CHECK
bool budget_take(struct budget *b, const struct http_address *client, size_t bytes, bool forced);
void budget_give(struct budget *b, const struct http_address *client, size_t bytes);

#endif
