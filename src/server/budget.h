/* SPDX-License-Identifier: MIT */
/*
 * What clients can hold for long: memory of request bodies on their way in and of answers on their
 * way out, and connections.  There is so much for all, and one client has a share of it, so that
 * nobody can hold all of it.
 */
#ifndef SERVER_BUDGET_H
#define SERVER_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

struct budget;

/*
 * A budget of ${total} (bytes, or what it may be), ${share} of it for one client (IPv6 by its /64).
 * Amounts up to ${small} are never counted.  NULL if memory is short.
 */
struct budget *budget_new(size_t total, size_t share, size_t small);

/* Release ${b}; NULL is allowed. */
void budget_free(struct budget *b);

/*
 * Take ${amount} for ${client}: true if they fit, or if ${forced} all the same; false, too, if
 * memory for its own list is short.  What was taken is given back by budget_give() with the same
 * arguments.  Any thread.
 */
MUST_CHECK
bool budget_take(struct budget *b, const struct http_address *client, size_t amount, bool forced);
void budget_give(struct budget *b, const struct http_address *client, size_t amount);

#endif
