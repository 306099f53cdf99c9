/* SPDX-License-Identifier: MIT */
/*
 * Shares out what clients can hold for long: memory of request bodies and of responses, and
 * connections.  All clients together have a total.  Each client and each network has a share of it,
 * so that none can hold all of it.  The second half may be given out in smaller shares, so that
 * holding all of it takes many networks.
 */
#ifndef SERVER_HTTP_BUDGET_H
#define SERVER_HTTP_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

struct budget;

struct budget_share {
    size_t most;
    size_t scarce; /* the same, once all together hold more than half of the total */
};

struct budget_limits {
    size_t total;                /* bytes, or another unit */
    struct budget_share client;  /* for one client (IPv6 by its /64) */
    struct budget_share network; /* for one network (the /24 of IPv4, the /48 of IPv6) */
    size_t small;                /* amounts up to this are never counted */
};

/* Limits by which one client may hold all of ${total}. */
struct budget_limits budget_unshared(size_t total);

/* A budget of ${limits}.  NULL if memory is short. */
struct budget *budget_new(const struct budget_limits *limits);

/* Release ${b}; NULL is allowed. */
void budget_free(struct budget *b);

enum budget_rule {
    BUDGET_SHARES,  /* it has to fit into the shares of the client and of its network */
    BUDGET_NETWORK, /* only into the share of the network: the client stands for many */
    BUDGET_FORCED,  /* it is taken even if it does not fit */
};

/*
 * Take ${amount} for ${client} by ${rule}.  Returns true if it was
 * taken, until budget_give().  Returns false if it does not fit, or if memory for the lists is
 * short.  Any thread.
 */
MUST_CHECK
bool budget_take(struct budget *b, const struct http_address *client, size_t amount,
                 enum budget_rule rule);

/* Take ${to} in place of ${from}, which is less and was taken for ${client}.  Returns as
 * budget_take(); if it does not fit, ${from} stays taken.  Any thread. */
MUST_CHECK
bool budget_grow(struct budget *b, const struct http_address *client, size_t from, size_t to);

/* Of the amount ${from} that was taken for ${client}, give back all but ${to}.  Any thread. */
void budget_shrink(struct budget *b, const struct http_address *client, size_t from, size_t to);

/* Give back ${amount}, all that was taken for ${client} by one call and by those that grew it.  Any
 * thread. */
void budget_give(struct budget *b, const struct http_address *client, size_t amount);

#endif
