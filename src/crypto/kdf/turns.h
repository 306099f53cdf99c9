/* SPDX-License-Identifier: MIT */
/*
 * Shares out the derivations between clients: who may wait, and whose turn is next.
 *
 * What waits for one network leaves as many places free as it takes: of an empty queue a network
 * gets half, the next one half of the rest, and so on.  In the same way a client leaves as many
 * places of its network's share to others of that network.  Who waits for nothing yet gets any
 * place that its network has left.
 *
 * Networks take turns, and the clients of a network take turns among themselves.  So a client that
 * is alone in its network waits for at most one derivation of each other network, however many
 * these have in the queue.
 */
#ifndef CRYPTO_KDF_TURNS_H
#define CRYPTO_KDF_TURNS_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/party.h"

struct turns;

struct turns_load {
    unsigned running; /* between turns_enter() and turns_leave() */
    unsigned waiting;
    uint64_t refused; /* calls of turns_enter() since the start */
};

/* Let ${running} callers in at once and ${waiting} wait.  Returns NULL if memory is short. */
struct turns *turns_new(unsigned running, unsigned waiting);

/*
 * Wait for the turn of ${client}.  Returns 0, and the caller calls turns_leave() after its work; or
 * ERR_BUSY, at once if the share of the client or of its network is used up.
 * Any thread.
 */
MUST_CHECK
int turns_enter(struct turns *t, const struct party *client);

/* End the work of one caller that turns_enter() let in.  Any thread. */
void turns_leave(struct turns *t);

/* What runs and waits now.  Any thread. */
struct turns_load turns_load(struct turns *t);

/*
 * Refuse all that wait and come with ERR_BUSY, wait until those inside have called turns_leave(),
 * and free ${t}.  NULL is allowed.
 */
void turns_free(struct turns *t);

#endif
