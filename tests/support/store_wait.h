/* SPDX-License-Identifier: MIT */
/* Waits for what a store does later.  It is all in this header, since benchmarks use it, too. */
#ifndef TESTS_SUPPORT_STORE_WAIT_H
#define TESTS_SUPPORT_STORE_WAIT_H

#include <semaphore.h>

#include "vault/store.h"

struct store_wait {
    struct store_later later;
    sem_t done;
};

static inline void
store_wait_tell(struct store_later *l) {
    (void)sem_post(&((struct store_wait *)l)->done);
}

/* Prepare ${w} for one call of create_later or open_later with &w->later. */
static inline void
store_wait_begin(struct store_wait *w) {
    *w = (struct store_wait){.later = {.done = store_wait_tell}};
    (void)sem_init(&w->done, 0, 0);
}

/* Wait until the call that began with 0 is done. */
static inline void
store_wait_end(struct store_wait *w) {
    while (sem_wait(&w->done) != 0)
        continue;
    (void)sem_destroy(&w->done);
}

#endif
