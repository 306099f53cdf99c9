/* SPDX-License-Identifier: MIT */
#include "store/blobs/deadline.h"

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"

enum {
    THREADS_MAX = 16,
    STACK_SIZE = 256 * 1024,
    SLICE = 32, /* pieces that are erased at once; then others have their turn */
};

enum call { CALL_PUT, CALL_GET, CALL_ERASE, CALL_PING };
enum progress { WAITS, RUNS, ENDED };

struct job {
    struct job *next;
    struct job *other; /* in erases */
    enum call call;
    enum progress progress;
    bool left;        /* nobody waits for it any more */
    uint32_t k;       /* the piece; to erase, the first that stays */
    uint32_t first;   /* to erase */
    uint32_t at;      /* the next to erase */
    int64_t since_ms; /* when this run of it began */
    struct buf data;  /* to put, or what was got */
    int result;
    size_t name_len;
    char name[];
};

struct blobs_deadline {
    struct blobs base;
    struct blobs *inner;
    int ms;
    pthread_mutex_t lock;    /* guards all below, and progress and next of jobs */
    pthread_cond_t work;     /* a job came, or the end did */
    pthread_cond_t ended;    /* a job has ended; on the monotonic clock */
    struct job *head, *tail; /* that wait */
    struct job *erases;      /* that were left, and go on */
    int waiting, idle;
    int left; /* other jobs that were left: each hangs */
    bool closing, hung;
    int thread_count;
    pthread_t threads[THREADS_MAX];
};

static struct blobs_deadline *
self(struct blobs *b) {
    return (struct blobs_deadline *)b;
}

static void
free_job(struct job *job) {
    buf_free(&job->data);
    explicit_bzero(job->name, job->name_len); /* of some stores it is an id */
    free(job);
}

static struct job *
new_job(enum call call, const char *name, uint32_t k, size_t max) {
    size_t len = strlen(name) + 1;
    struct job *job = calloc(1, sizeof(*job) + len);
    if (job == NULL) return NULL;
    memcpy(job->name, name, len);
    job->name_len = len;
    job->call = call;
    job->k = k;
    buf_init(&job->data, max);
    return job;
}

/* Erase the next pieces; what failed keeps none of the others. */
static int
erase_slice(struct blobs *b, struct job *job) {
    uint32_t rest = job->k - job->at, n = rest < SLICE ? rest : SLICE;
    int err = b->ops->erase(b, job->name, job->at, n);
    job->at += n;
    return job->result != 0 ? job->result : err;
}

static int
run(struct blobs *b, struct job *job) {
    switch (job->call) {
    case CALL_PUT: return b->ops->put(b, job->name, job->k, job->data.data, job->data.len);
    case CALL_GET: return b->ops->get(b, job->name, job->k, &job->data);
    case CALL_ERASE: return erase_slice(b, job);
    case CALL_PING: return b->ops->ping(b);
    }
    return ERR_STORE;
}

/* The next job, or NULL at the end.  The lock is held. */
static struct job *
await(struct blobs_deadline *d) {
    while (d->head == NULL && !d->closing) {
        d->idle++;
        (void)pthread_cond_wait(&d->work, &d->lock);
        d->idle--;
    }
    struct job *job = d->head;
    if (job == NULL) return NULL;
    d->head = job->next;
    d->waiting--;
    job->progress = RUNS;
    job->since_ms = clock_monotonic_ms();
    return job;
}

static void
append(struct blobs_deadline *d, struct job *job) {
    job->next = NULL;
    job->progress = WAITS;
    if (d->head == NULL) d->head = job;
    else d->tail->next = job;
    d->tail = job;
    d->waiting++;
}

/* Forget ${job}, for which nobody waits. */
static void
drop(struct blobs_deadline *d, struct job *job) {
    if (job->call == CALL_ERASE) {
        struct job **at = &d->erases;
        while (*at != job)
            at = &(*at)->other;
        *at = job->other;
    } else {
        d->left--;
    }
    free_job(job);
}

/* ${job} has run.  A long erase stands at the end of the queue again.  The lock is held. */
static void
settle(struct blobs_deadline *d, struct job *job) {
    if (job->call == CALL_ERASE && job->at < job->k && !d->closing) {
        append(d, job);
    } else if (job->left) {
        drop(d, job);
    } else {
        job->progress = ENDED;
        (void)pthread_cond_broadcast(&d->ended);
    }
}

static void *
thread_main(void *arg) {
    struct blobs_deadline *d = arg;
    struct job *job = NULL;
    (void)pthread_setname_np(pthread_self(), "blobs");
    (void)pthread_mutex_lock(&d->lock);
    while ((job = await(d)) != NULL) {
        (void)pthread_mutex_unlock(&d->lock);
        int result = run(d->inner, job);
        (void)pthread_mutex_lock(&d->lock);
        job->result = result;
        settle(d, job);
    }
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* One more thread, if there can be one.  The lock is held. */
static void
start_thread(struct blobs_deadline *d) {
    if (d->thread_count == THREADS_MAX) return;
    if (thread_start(&d->threads[d->thread_count], STACK_SIZE, thread_main, d) == 0)
        d->thread_count++;
}

static void
enqueue(struct blobs_deadline *d, struct job *job) {
    append(d, job);
    if (d->waiting > d->idle) start_thread(d);
    (void)pthread_cond_signal(&d->work);
}

static void
dequeue(struct blobs_deadline *d, struct job *job) {
    struct job **at = &d->head, *before = NULL;
    while (*at != job) {
        before = *at;
        at = &before->next;
    }
    *at = job->next;
    if (d->tail == job) d->tail = before;
    d->waiting--;
}

/* Wait until ${job} has ended or the time is over.  The lock is held. */
static void
wait_ended(struct blobs_deadline *d, const struct job *job) {
    struct timespec until = thread_deadline(d->ms);
    while (job->progress != ENDED)
        if (pthread_cond_timedwait(&d->ended, &d->lock, &until) == ETIMEDOUT) break;
}

/* Whether something that was left does not get on; the log hears when that begins.  The lock is
 * held. */
static bool
hangs(struct blobs_deadline *d) {
    int64_t late = clock_monotonic_ms() - (d->ms - d->ms / 4);
    bool hung = d->left > 0;
    for (const struct job *e = d->erases; e != NULL && !hung; e = e->other)
        hung = e->progress == RUNS && e->since_ms <= late;
    if (hung && !d->hung)
        log_error("blobs", LOG_TEXT("error", "no answer in time"), LOG_NUMBER("ms", d->ms));
    d->hung = hung;
    return hung;
}

/* Leave ${job}, which has begun, to the thread.  Returns what to say of it. */
static int
leave(struct blobs_deadline *d, struct job *job) {
    static const int results[] = {[CALL_PUT] = ERR_UNKNOWN_OUTCOME,
                                  [CALL_GET] = ERR_STORE,
                                  [CALL_ERASE] = ERR_BUSY,
                                  [CALL_PING] = ERR_STUCK};
    job->left = true;
    if (job->call == CALL_ERASE) {
        job->other = d->erases;
        d->erases = job;
    } else {
        d->left++;
    }
    return hangs(d) && job->call == CALL_ERASE ? ERR_STORE : results[job->call];
}

/* Whether an erase of the same blob goes on already. */
static bool
is_at_it(const struct blobs_deadline *d, const struct job *job) {
    const struct job *e = job->call == CALL_ERASE ? d->erases : NULL;
    while (e != NULL && strcmp(e->name, job->name) != 0)
        e = e->other;
    return e != NULL;
}

/*
 * Let a thread do ${job} (NULL: memory was short).  Returns its result, or what a call is that was
 * given up; ${job} is NULL then.
 */
static int
do_job(struct blobs_deadline *d, struct job **job) {
    struct job *j = *job;
    int result = ERR_STORE;
    if (j == NULL) return ERR_NOMEM;
    (void)pthread_mutex_lock(&d->lock);
    if (hangs(d)) {
        result = j->call == CALL_PING ? ERR_STUCK : ERR_STORE;
    } else if (is_at_it(d, j)) {
        result = ERR_BUSY;
    } else {
        enqueue(d, j);
        wait_ended(d, j);
        if (j->progress == ENDED) {
            result = j->result;
        } else if (j->progress == WAITS && j->at == j->first) {
            dequeue(d, j);
        } else {
            result = leave(d, j);
            *job = NULL;
        }
    }
    (void)pthread_mutex_unlock(&d->lock);
    return result;
}

static int
deadline_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct job *job = new_job(CALL_PUT, name, k, len);
    int result = job == NULL ? ERR_NOMEM : buf_add(&job->data, data, len);
    if (result == 0) result = do_job(self(b), &job);
    if (job != NULL) free_job(job);
    return result;
}

static int
deadline_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct job *job = new_job(CALL_GET, name, k, out->max - out->len);
    int result = do_job(self(b), &job);
    if (job == NULL) return result;
    if (result == 1 && out->len > 0) {
        int err = buf_add(out, job->data.data, job->data.len);
        if (err != 0) result = err;
    } else if (result == 1) {
        size_t max = out->max;
        buf_move(out, &job->data);
        out->max = max;
    }
    free_job(job);
    return result;
}

static int
deadline_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct job *job = new_job(CALL_ERASE, name, first + count, 0);
    if (job != NULL) job->first = job->at = first;
    int result = do_job(self(b), &job);
    if (job != NULL) free_job(job);
    return result;
}

static int
deadline_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct blobs_deadline *d = self(b);
    (void)pthread_mutex_lock(&d->lock);
    bool hung = hangs(d);
    (void)pthread_mutex_unlock(&d->lock);
    /* What was given up may still put a piece that nobody knows of. */
    return hung ? ERR_STORE : d->inner->ops->tidy(d->inner, known, ctx);
}

static uint64_t
deadline_usage(struct blobs *b) {
    struct blobs *inner = self(b)->inner;
    return inner->ops->usage(inner);
}

static int
deadline_ping(struct blobs *b) {
    struct job *job = new_job(CALL_PING, "", 0, 0);
    int result = do_job(self(b), &job);
    if (job != NULL) free_job(job);
    return result;
}

static bool
deadline_stuck(struct blobs *b) {
    return deadline_ping(b) == ERR_STUCK;
}

static void
deadline_close(struct blobs *b) {
    struct blobs_deadline *d = self(b);
    if (d == NULL) return;
    (void)pthread_mutex_lock(&d->lock);
    d->closing = true;
    (void)pthread_cond_broadcast(&d->work);
    (void)pthread_mutex_unlock(&d->lock);
    for (int i = 0; i < d->thread_count; i++)
        (void)pthread_join(d->threads[i], NULL);
    (void)pthread_cond_destroy(&d->work);
    (void)pthread_cond_destroy(&d->ended);
    (void)pthread_mutex_destroy(&d->lock);
    d->inner->ops->close(d->inner);
    free(d);
}

struct blobs *
blobs_deadline_new(struct blobs *inner, int ms) {
    static const struct blobs_ops ops = {
        .put = deadline_put,
        .get = deadline_get,
        .erase = deadline_erase,
        .tidy = deadline_tidy,
        .usage = deadline_usage,
        .ping = deadline_ping,
        .stuck = deadline_stuck,
        .close = deadline_close,
    };
    struct blobs_deadline *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        inner->ops->close(inner);
        return NULL;
    }
    d->base.ops = &ops;
    d->inner = inner;
    d->ms = ms;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->work, NULL);
    thread_cond_init(&d->ended);
    return &d->base;
}
