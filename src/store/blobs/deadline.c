/* SPDX-License-Identifier: MIT */
#include "store/blobs/deadline.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/jobs.h"
#include "base/log.h"

enum {
    THREADS_MAX = 16,
    THREADS_KEPT = 2,
    QUEUE_MAX = 1024,
    STACK_SIZE = 256 * 1024,
    ERASE_STEP = 32, /* parts erased in one run of a job; then other jobs get their turn */
};

enum blob_call { CALL_PUT, CALL_GET, CALL_GET_PIPED, CALL_ERASE, CALL_PING };

struct blob_job {
    struct job base;
    struct blobs *inner;
    enum blob_call call;
    uint32_t part; /* to put or get; for an erase the next part to erase */
    uint32_t end;  /* of an erase: the first part that stays */
    struct buf data;
    size_t len; /* of a part that is got by a pipe */
    struct piped piped;
    int result;
    size_t name_len; /* with its NUL */
    char name[];
};

struct blobs_deadline {
    struct blobs base;
    struct blobs *inner;
    struct jobs *jobs;
    int ms;
    atomic_bool stalled; /* as logged last */
};

static struct blobs_deadline *
deadline_of(struct blobs *b) {
    return (struct blobs_deadline *)b;
}

/* --- jobs ------------------------------------------------------------------------------------- */

/* Erase the next parts.  A part that fails does not keep the others.  Returns whether that was
 * all. */
static bool
erase_step(struct blob_job *job) {
    uint32_t left = job->end - job->part;
    uint32_t count = left < ERASE_STEP ? left : ERASE_STEP;

    int err = job->inner->ops->erase(job->inner, job->name, job->part, count);
    job->part += count;
    if (err != 0 && job->result == 0) job->result = err;
    return job->part == job->end;
}

static bool
run_blob_job(struct job *base) {
    struct blob_job *job = (struct blob_job *)base;
    struct blobs *b = job->inner;

    switch (job->call) {
    case CALL_PUT:
        job->result = b->ops->put(b, job->name, job->part, job->data.data, job->data.len);
        return true;
    case CALL_GET: job->result = b->ops->get(b, job->name, job->part, &job->data); return true;
    case CALL_GET_PIPED:
        job->result = b->ops->get_piped(b, job->name, job->part, job->len, &job->piped);
        return true;
    case CALL_ERASE: return erase_step(job);
    case CALL_PING: job->result = b->ops->ping(b); return true;
    }
    return true;
}

static void
drop_blob_job(struct job *base) {
    struct blob_job *job = (struct blob_job *)base;
    if (job == NULL) return;
    buf_free(&job->data);
    piped_close(&job->piped);
    explicit_bzero(job->name, job->name_len); /* some stores name a blob by the secret's id */
    free(job);
}

/* Make a job that may hold ${max} bytes of data.  NULL if memory is short. */
static struct blob_job *
new_blob_job(struct blobs_deadline *d, enum blob_call call, const char *name, size_t max) {
    size_t len = strlen(name) + 1;
    struct blob_job *job = calloc(1, sizeof(*job) + len);
    if (job == NULL) return NULL;

    job->base.run = run_blob_job;
    job->base.drop = drop_blob_job;
    job->inner = d->inner;
    job->call = call;
    job->name_len = len;
    memcpy(job->name, name, len);
    buf_init(&job->data, max);
    return job;
}

/* An abandoned call stalls if a run of it lasts too long.  One that merely began late does not: the
 * disk is slow then, but it works. */
static bool
call_stalls(const struct job *job, const void *ctx) {
    const int64_t *late_ms = ctx;
    return job->state == JOB_RUNS && job->since_ms <= *late_ms;
}

/* Whether an abandoned call stalls.  Logs when that begins. */
static bool
is_stalled(struct blobs_deadline *d) {
    int64_t late_ms = clock_monotonic_ms() - (d->ms - d->ms / 4);
    bool stalled = jobs_abandoned(d->jobs, call_stalls, &late_ms);
    bool was = atomic_exchange(&d->stalled, stalled);
    if (stalled && !was)
        log_error("blobs.stalled", LOG_TEXT("error", "no answer in time"), LOG_NUMBER("ms", d->ms));
    return stalled;
}

/* Whether ${base} still changes the blob of the job ${ctx}. */
static bool
changes_same_blob(const struct job *base, const void *ctx) {
    const struct blob_job *job = (const struct blob_job *)base;
    const struct blob_job *wanted = ctx;
    if (job->call != CALL_ERASE && job->call != CALL_PUT) return false;
    return strcmp(job->name, wanted->name) == 0;
}

static bool
is_put(const struct job *base, const void *ctx) {
    const struct blob_job *job = (const struct blob_job *)base;
    (void)ctx;
    return job->call == CALL_PUT;
}

/* What a call returns that was abandoned. */
static int
abandoned_result(struct blobs_deadline *d, enum blob_call call) {
    bool stalled = is_stalled(d);
    switch (call) {
    case CALL_PUT: return ERR_UNKNOWN_OUTCOME;
    case CALL_GET:
    case CALL_GET_PIPED: return ERR_STORE;
    case CALL_ERASE: return stalled ? ERR_STORE : ERR_BUSY;
    case CALL_PING: return stalled ? ERR_STUCK : ERR_STORE;
    }
    return ERR_STORE;
}

/*
 * Let a thread of the pool do ${job}.  Returns its result, or that of a call that was given up.
 * ${job} becomes NULL if it was abandoned.
 */
static int
do_blob_job(struct blobs_deadline *d, struct blob_job **job) {
    struct job *base = &(*job)->base;
    enum blob_call call = (*job)->call;

    if (is_stalled(d)) return call == CALL_PING ? ERR_STUCK : ERR_STORE;

    /* An abandoned put would store its part after the erase. */
    if (call == CALL_ERASE && jobs_abandoned(d->jobs, changes_same_blob, *job)) return ERR_BUSY;

    switch (jobs_do(d->jobs, &base, d->ms)) {
    case 0: return (*job)->result;
    case ERR_STUCK: *job = NULL; return abandoned_result(d, call);
    default: return ERR_STORE;
    }
}

/* --- the blob store --------------------------------------------------------------------------- */

static int
deadline_put_taking(struct blobs *b, const char *name, uint32_t k, struct buf *data) {
    struct blob_job *job = new_blob_job(deadline_of(b), CALL_PUT, name, 0);
    if (job == NULL) return ERR_NOMEM;
    job->part = k;
    buf_move(&job->data, data);

    int result = do_blob_job(deadline_of(b), &job);
    if (job != NULL) drop_blob_job(&job->base);
    return result;
}

static int
deadline_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct buf copy = BUF_INIT(len);
    int result = buf_add(&copy, data, len);
    if (result == 0) result = deadline_put_taking(b, name, k, &copy);
    buf_free(&copy);
    return result;
}

/* Append what ${job} got to ${out}, without a copy where ${out} is empty.  Returns as buf_add(). */
static int
take_data(struct blob_job *job, struct buf *out) {
    size_t max = out->max;
    if (out->len > 0) return buf_add(out, job->data.data, job->data.len);
    buf_move(out, &job->data);
    out->max = max;
    return 0;
}

static int
deadline_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct blob_job *job = new_blob_job(deadline_of(b), CALL_GET, name, out->max - out->len);
    if (job == NULL) return ERR_NOMEM;
    job->part = k;

    int result = do_blob_job(deadline_of(b), &job);
    if (job == NULL) return result;
    if (result == 1) {
        int err = take_data(job, out);
        if (err != 0) result = err;
    }
    drop_blob_job(&job->base);
    return result;
}

static int
deadline_get_piped(struct blobs *b, const char *name, uint32_t k, size_t len, struct piped *out) {
    struct blobs_deadline *d = deadline_of(b);
    if (d->inner->ops->get_piped == NULL) return ERR_TOO_LARGE;
    struct blob_job *job = new_blob_job(d, CALL_GET_PIPED, name, 0);
    if (job == NULL) return ERR_NOMEM;
    job->part = k;
    job->len = len;

    int result = do_blob_job(d, &job);
    if (job == NULL) return result;
    if (result == 1) {
        *out = job->piped;
        job->piped = (struct piped){0};
    }
    drop_blob_job(&job->base);
    return result;
}

static int
deadline_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct blob_job *job = new_blob_job(deadline_of(b), CALL_ERASE, name, 0);
    if (job == NULL) return ERR_NOMEM;
    job->part = first;
    job->end = first + count;

    int result = do_blob_job(deadline_of(b), &job);
    if (job != NULL) drop_blob_job(&job->base);
    return result;
}

static int
deadline_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct blobs_deadline *d = deadline_of(b);
    /* An abandoned put may still store a part that no record knows. */
    if (is_stalled(d) || jobs_abandoned(d->jobs, is_put, NULL)) return ERR_STORE;
    return d->inner->ops->tidy(d->inner, known, ctx);
}

static uint64_t
deadline_usage(struct blobs *b) {
    struct blobs *inner = deadline_of(b)->inner;
    return inner->ops->usage(inner);
}

static int
deadline_ping(struct blobs *b) {
    struct blob_job *job = new_blob_job(deadline_of(b), CALL_PING, "", 0);
    if (job == NULL) return ERR_STORE;

    int result = do_blob_job(deadline_of(b), &job);
    if (job != NULL) drop_blob_job(&job->base);
    return result;
}

static bool
deadline_stuck(struct blobs *b) {
    return deadline_ping(b) == ERR_STUCK;
}

static void
deadline_close(struct blobs *b) {
    struct blobs_deadline *d = deadline_of(b);
    if (d == NULL) return;
    jobs_free(d->jobs);
    d->inner->ops->close(d->inner);
    free(d);
}

struct blobs *
blobs_deadline_new(struct blobs *inner, int ms) {
    static const struct blobs_ops ops = {
        .put = deadline_put,
        .put_taking = deadline_put_taking,
        .get = deadline_get,
        .get_piped = deadline_get_piped,
        .erase = deadline_erase,
        .tidy = deadline_tidy,
        .usage = deadline_usage,
        .ping = deadline_ping,
        .stuck = deadline_stuck,
        .close = deadline_close,
    };
    static const struct jobs_config config = {
        .name = "blobs_deadline",
        .threads_max = THREADS_MAX,
        .threads_kept = THREADS_KEPT,
        .queue_max = QUEUE_MAX,
        .stack = STACK_SIZE,
        .shared = true,
    };

    /* ${inner} is closed on failure, so that the caller has one thing less to release. */
    struct blobs_deadline *d = calloc(1, sizeof(*d));
    struct jobs *jobs = jobs_new(&config);
    if (d == NULL || jobs == NULL) {
        jobs_free(jobs);
        free(d);
        inner->ops->close(inner);
        return NULL;
    }

    d->base.ops = &ops;
    d->inner = inner;
    d->jobs = jobs;
    d->ms = ms;
    return &d->base;
}
