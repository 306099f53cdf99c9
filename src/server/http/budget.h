/* SPDX-License-Identifier: MIT */
/*
 * What clients can hold for long: memory of request bodies on their way in and of answers on their
 * way out, and connections.  There is so much for all, and one client has a share of it, so that
 * nobody can hold all of it; the second half may go in smaller shares, so that it takes many
 * clients to hold all of it.
 */
#ifndef SERVER_HTTP_BUDGET_H
#define SERVER_HTTP_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

struct budget;

struct budget_limits {
    size_t total;  /* bytes, or what it may be */
    size_t share;  /* for one client (IPv6 by its /64) */
    size_t scarce; /* the same, of what makes all together hold more than half of the total */
    size_t small;  /* amounts up to this are never counted */
};

/* A budget of ${limits}.  NULL if memory is short. */
struct budget *budget_new(const struct budget_limits *limits);

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
