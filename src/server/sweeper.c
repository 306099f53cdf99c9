/* SPDX-License-Identifier: MIT */
#include "server/sweeper.h"

#include "base/err.h"
#include "base/log.h"
#include "server/process/ticker.h"

enum { RECORDS_MAX = 200000 }; /* of one sweep; the rest waits for the next */

struct sweeper {
    struct ticker *ticker;
    struct vault *vault;
    struct kdf_pool *kdf;
    int64_t ms;
    atomic_int_fast64_t last; /* when a sweep succeeded */
};

/* Sweep once.  Returns the milliseconds to the next sweep. */
static int64_t
sweeper_run(void *arg) {
    struct sweeper *s = arg;
    struct vault_sweep_result result = {0};
    int err = vault_sweep(s->vault, RECORDS_MAX, &result);

    if (err != 0)
        log_error("sweep", LOG_TEXT("error", err_text(err)), LOG_NUMBER("errors", result.errors));
    else if (result.erased > 0)
        log_info("sweep", LOG_NUMBER("records", result.records),
                 LOG_NUMBER("erased", result.erased));

    if (err == 0) atomic_store(&s->last, clock_now(&s->vault->clock));
    kdf_pool_trim(s->kdf);
    return s->ms;
}

struct sweeper *
sweeper_start(struct vault *v, struct kdf_pool *kdf, int seconds) {
    struct sweeper *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;
    s->vault = v;
    s->kdf = kdf;
    s->ms = (int64_t)seconds * 1000;
    atomic_init(&s->last, clock_now(&v->clock));
    s->ticker = ticker_start("sweeper", s->ms, sweeper_run, s);
    if (s->ticker != NULL) return s;
    free(s);
    return NULL;
}

int64_t
sweeper_last(const struct sweeper *s) {
    return atomic_load(&s->last);
}

void
sweeper_stop(struct sweeper *s) {
    if (s == NULL) return;
    vault_end_sweeps(s->vault);
    (void)ticker_stop(s->ticker, -1);
    free(s);
}
