/* SPDX-License-Identifier: MIT */
/*
 * A thread that waits for events of many descriptors (epoll), and runs what other threads give it.
 */
#ifndef SERVER_HTTP_LOOP_H
#define SERVER_HTTP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct loop;

/* What is watched: the owner's own struct begins with it, or has it as a member. */
struct watched {
    /* Called on the loop's thread with the events (EPOLLIN, ...) that have come. */
    void (*ready)(struct watched *w, unsigned events);
};

/* What another thread gives to the loop. */
struct task {
    void (*run)(struct task *t); /* called on the loop's thread */
    struct task *next;           /* of the loop */
};

struct loop_config {
    const char *name; /* of the thread; at most 15 bytes */
    size_t stack;     /* bytes of its stack */

    /* Called on the loop's thread with ${arg} after each round of events and tasks.  Returns the
     * milliseconds after which it is to be called at the latest; -1: no limit. */
    int (*tick)(void *arg);
    void *arg;
};

/* Make a loop without its thread.  Returns NULL if memory or descriptors are short. */
struct loop *loop_new(const struct loop_config *config);

/* Start the thread of ${l}.  Returns 0 or ERR_NOMEM. */
MUST_CHECK
int loop_start(struct loop *l);

/*
 * Watch ${fd} for ${events} of epoll(7) until it is closed, or loop_unwatch().  ${w} stays valid
 * until then, and until the round is over in which that happens.  Any thread.  Returns 0 or ERR_IO.
 */
MUST_CHECK
int loop_watch(struct loop *l, int fd, unsigned events, struct watched *w);

/* Watch ${fd} no more.  On the loop's thread, or before it has started. */
void loop_unwatch(struct loop *l, int fd);

/* Run ${t}, once.  It belongs to the loop until then.  Any thread, the loop's own as well. */
void loop_post(struct loop *l, struct task *t);

/* Whether the thread of ${l} ends a round before ${until} of the monotonic clock.  One thread at a
 * time, not the loop's own. */
bool loop_alive(struct loop *l, int64_t until);

/* End the thread, then run the tasks that are left. */
void loop_stop(struct loop *l);

/* Free ${l}, whose thread has ended or was never started.  NULL is allowed. */
void loop_free(struct loop *l);

#endif
