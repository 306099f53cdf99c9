/* SPDX-License-Identifier: MIT */
#include "server/sweeper.h"

#include <malloc.h>

#include "base/err.h"
#include "base/log.h"
#include "server/process/ticker.h"

enum {
    RECORDS_MAX = 200000, /* of one sweep; the rest waits for the next */
    REST_MS = 1000,       /* until the next sweep if this one could not do all */
};

struct sweeper {
    struct ticker *ticker;
    struct vault *vault;
    struct kdf_pool *kdf;
    int64_t ms;
    int64_t next_ms;          /* when the next whole sweep is due, on the monotonic clock */
    bool failed;              /* the last sweep did; a change does not start another */
    atomic_int_fast64_t last; /* when a sweep succeeded */
};

/* Log a sweep that returned ${err}.  What was erased at a change of its own is no news. */
static void
log_sweep(int err, const struct vault_sweep_result *result, bool whole) {
    if (err != 0)
        log_error("sweep", LOG_TEXT("error", err_text(err)), LOG_NUMBER("errors", result->errors));
    else if (whole && result->erased > 0)
        log_info("sweep", LOG_NUMBER("records", result->records),
                 LOG_NUMBER("erased", result->erased));
}

/* Log that new secrets are refused because the clock is wrong. */
static void
report_clock(struct vault *v) {
    int64_t behind = vault_clock_behind(v);
    if (behind > 0) log_error("clock", LOG_NUMBER("behind", behind));
}

/* Milliseconds to the next whole sweep. */
static int64_t
ms_to_next(const struct sweeper *s) {
    int64_t left = s->next_ms - clock_monotonic_ms();
    return left > 0 ? left : 0;
}

/* Sweep if it is time, or erase what a change has left.  Returns the milliseconds to the next
 * sweep. */
static int64_t
sweeper_run(void *arg) {
    struct sweeper *s = arg;
    struct vault_sweep_result result = {0};
    bool whole = clock_monotonic_ms() >= s->next_ms;
    int err = 0;

    /* What failed would most likely fail again. */
    if (!whole && s->failed) return ms_to_next(s);

    if (whole) err = vault_sweep(s->vault, RECORDS_MAX, &result);
    else err = vault_sweep_due(s->vault, RECORDS_MAX, &result);
    log_sweep(err, &result, whole);
    s->failed = err != 0;

    if (whole) {
        report_clock(s->vault);
        if (err == 0) atomic_store(&s->last, clock_now(&s->vault->clock));
        kdf_pool_trim(s->kdf);
        (void)malloc_trim(0);
        s->next_ms = clock_monotonic_ms();
        s->next_ms += err == 0 && result.more ? REST_MS : s->ms;
    }
    return ms_to_next(s);
}

static void
wake_sweeper(void *arg) {
    struct sweeper *s = arg;
    ticker_wake(s->ticker);
}

struct sweeper *
sweeper_start(struct vault *v, struct kdf_pool *kdf, int seconds, bool wakes) {
    struct sweeper *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;
    s->vault = v;
    s->kdf = kdf;
    s->ms = (int64_t)seconds * 1000;
    s->next_ms = clock_monotonic_ms() + s->ms;
    atomic_init(&s->last, clock_now(&v->clock));
    report_clock(v);

    s->ticker = ticker_start("sweeper", s->ms, sweeper_run, s);
    if (s->ticker == NULL) {
        free(s);
        return NULL;
    }
    v->wake_ctx = s;
    if (wakes) v->wake_sweep = wake_sweeper;
    return s;
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
