/* SPDX-License-Identifier: MIT */
#include "base/jobs.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

enum { IDLE_MS = 10 * 1000 };

/* Whose job this thread runs; NULL: nobody's. */
static _Thread_local const struct party *client_now;

struct jobs {
    struct jobs_config config;
    pthread_mutex_t lock; /* guards all below, and what jobs keep for the pool */
    pthread_cond_t work;  /* a job was queued, or the pool ends; on the monotonic clock */
    pthread_cond_t gone;  /* the last thread or the last caller has gone */
    struct job_queue queue;
    struct job *abandoned;
    unsigned idle, threads;
    unsigned callers; /* in jobs_do() */
    int64_t moved_ms; /* when a job was taken up, or the first one began to wait */
    bool ending;
};

/* --- the queue; its lock is held in each of these functions ----------------------------------- */

/* A job waits now. */
static void
begin_waiting(struct jobs *jobs, struct job *job) {
    job->state = JOB_WAITS;
    if (jobs->queue.waiting == 1) jobs->moved_ms = clock_monotonic_ms();
}

/* Take up the job whose turn it is.  Returns NULL as job_queue_take(). */
static struct job *
take_up(struct jobs *jobs) {
    struct job *job = job_queue_take(&jobs->queue);
    if (job == NULL) return NULL;

    jobs->moved_ms = clock_monotonic_ms();
    job->state = JOB_RUNS;
    job->begun = true;
    job->since_ms = jobs->moved_ms;
    return job;
}

static void
list_abandoned(struct jobs *jobs, struct job *job) {
    job->abandoned = true;
    job->next_abandoned = jobs->abandoned;
    jobs->abandoned = job;
}

static void
unlist_abandoned(struct jobs *jobs, struct job *job) {
    struct job **at = &jobs->abandoned;
    while (*at != job)
        at = &(*at)->next_abandoned;
    *at = job->next_abandoned;
}

/* --- threads ---------------------------------------------------------------------------------- */

/* Wait for a job and take it up.  Returns NULL if this thread is to end.  The lock is held. */
static struct job *
wait_for_job(struct jobs *jobs) {
    struct timespec until = thread_deadline(IDLE_MS);
    struct job *job;
    bool late = false;

    while ((job = take_up(jobs)) == NULL) {
        /* A job that may not run yet is taken up by a thread that runs one for the same network. */
        if (jobs->ending || (late && jobs->threads > jobs->config.threads_kept)) return NULL;
        if (late) until = thread_deadline(IDLE_MS);

        jobs->idle++;
        late = pthread_cond_timedwait(&jobs->work, &jobs->lock, &until) != 0;
        jobs->idle--;
    }
    return job;
}

/* ${job}, which a caller waited for, has run.  Returns whether it is to be dropped.  The lock is
 * held. */
static bool
settle_job(struct jobs *jobs, struct job *job, bool complete) {
    if (!complete && !jobs->ending) {
        job_queue_again(&jobs->queue, job);
        begin_waiting(jobs, job);
        return false;
    }
    if (job->abandoned) {
        unlist_abandoned(jobs, job);
        return true;
    }
    job->state = JOB_ENDED;
    (void)pthread_cond_signal(job->ended);
    return false;
}

static void *jobs_thread(void *arg);

/* Start one more thread if there can be one.  The lock is held. */
static void
start_thread(struct jobs *jobs) {
    pthread_t thread;
    if (jobs->threads == jobs->config.threads_max) return;
    if (thread_start(&thread, jobs->config.stack, jobs_thread, jobs) != 0) return;
    (void)pthread_detach(thread);
    jobs->threads++;
}

/* The end of one job may allow two others to run.  The lock is held. */
static void
call_others(struct jobs *jobs) {
    if (!jobs->config.shared || !job_queue_ready(&jobs->queue)) return;
    if (jobs->idle > 0) (void)pthread_cond_signal(&jobs->work);
    else start_thread(jobs);
}

/* Run ${job}, which was taken up.  The lock is held, but not during the run. */
static void
run_job(struct jobs *jobs, struct job *job) {
    bool waited_for = job->ended != NULL; /* else the job is gone once it has run */
    struct job_party *party = job->party;
    call_others(jobs);

    (void)pthread_mutex_unlock(&jobs->lock);
    client_now = job_queue_client(&jobs->queue, party);
    bool complete = job->run(job);
    client_now = NULL;
    (void)pthread_mutex_lock(&jobs->lock);

    bool dropped = waited_for && settle_job(jobs, job, complete);
    job_queue_done(&jobs->queue, party);
    if (!dropped) return;
    (void)pthread_mutex_unlock(&jobs->lock);
    job->drop(job);
    (void)pthread_mutex_lock(&jobs->lock);
}

static void
lower_priority(int by) {
    errno = 0;
    int nice_now = getpriority(PRIO_PROCESS, 0); /* of this thread, inherited from its creator */
    if (errno == 0) (void)setpriority(PRIO_PROCESS, 0, nice_now + by);
}

static void *
jobs_thread(void *arg) {
    struct jobs *jobs = arg;
    (void)pthread_setname_np(pthread_self(), jobs->config.name);
    if (jobs->config.nice != 0) lower_priority(jobs->config.nice);

    (void)pthread_mutex_lock(&jobs->lock);
    for (struct job *job; (job = wait_for_job(jobs)) != NULL;)
        run_job(jobs, job);

    if (--jobs->threads == 0) (void)pthread_cond_broadcast(&jobs->gone);
    (void)pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* --- callers ---------------------------------------------------------------------------------- */

/* Queue ${job} of ${client} if there is room and a thread for it.  The caller wakes an idle thread.
 * Returns 0 or ERR_BUSY.  The lock is held. */
static int
enqueue(struct jobs *jobs, struct job *job, const struct party *client) {
    struct job_queue *q = &jobs->queue;
    uint64_t room = (uint64_t)jobs->config.threads_max + jobs->config.queue_max;
    if (jobs->ending || (uint64_t)q->running + q->waiting >= room) return ERR_BUSY;
    if (job_queue_add(q, job, jobs->config.shared ? client : NULL) != 0) return ERR_BUSY;

    /* A thread that was woken counts as idle until it runs, so compare with all that waits. */
    if (q->waiting > jobs->idle && job_queue_ready(q)) start_thread(jobs);
    if (jobs->threads == 0) {
        job_queue_remove(q, job);
        return ERR_BUSY;
    }

    job->begun = job->abandoned = false;
    begin_waiting(jobs, job);
    return 0;
}

int
jobs_submit_for(struct jobs *jobs, struct job *job, const struct party *client) {
    job->ended = NULL;
    (void)pthread_mutex_lock(&jobs->lock);
    int err = enqueue(jobs, job, client);
    bool wake = err == 0 && jobs->idle > 0;
    (void)pthread_mutex_unlock(&jobs->lock);

    /* Only now: a thread that is woken while the lock is held would sleep again for the lock. */
    if (wake) (void)pthread_cond_signal(&jobs->work);
    return err;
}

int
jobs_submit(struct jobs *jobs, struct job *job) {
    return jobs_submit_for(jobs, job, client_now);
}

/* Wait until ${job} has ended, but only until the deadline.  The lock is held. */
static void
wait_until_ended(struct jobs *jobs, struct job *job, int ms) {
    struct timespec until = thread_deadline(ms < 0 ? 0 : ms);
    int err = 0;

    while (job->state != JOB_ENDED && err != ETIMEDOUT) {
        if (ms < 0) err = pthread_cond_wait(job->ended, &jobs->lock);
        else err = pthread_cond_timedwait(job->ended, &jobs->lock, &until);
    }
}

/* The deadline of ${job} has come.  Returns ERR_BUSY or ERR_STUCK as jobs_do().  The lock is
 * held. */
static int
give_up(struct jobs *jobs, struct job *job) {
    if (!job->begun) {
        job_queue_remove(&jobs->queue, job);
        return ERR_BUSY;
    }
    list_abandoned(jobs, job);
    return ERR_STUCK;
}

int
jobs_do(struct jobs *jobs, struct job **job, int ms) {
    pthread_cond_t ended;
    thread_cond_init(&ended);
    (*job)->ended = &ended;

    (void)pthread_mutex_lock(&jobs->lock);
    jobs->callers++;
    int err = enqueue(jobs, *job, client_now);
    if (err == 0) {
        if (jobs->idle > 0) (void)pthread_cond_signal(&jobs->work);
        wait_until_ended(jobs, *job, ms);
        if ((*job)->state != JOB_ENDED) err = give_up(jobs, *job);
        if (err == ERR_STUCK) *job = NULL;
    }
    if (--jobs->callers == 0) (void)pthread_cond_broadcast(&jobs->gone);
    (void)pthread_mutex_unlock(&jobs->lock);

    (void)pthread_cond_destroy(&ended);
    return err;
}

/* --- what others ask -------------------------------------------------------------------------- */

bool
jobs_abandoned(struct jobs *jobs, bool (*match)(const struct job *job, const void *ctx),
               const void *ctx) {
    bool found = false;
    (void)pthread_mutex_lock(&jobs->lock);
    for (const struct job *j = jobs->abandoned; j != NULL && !found; j = j->next_abandoned)
        found = match == NULL || match(j, ctx);
    (void)pthread_mutex_unlock(&jobs->lock);
    return found;
}

int64_t
jobs_waiting_ms(struct jobs *jobs) {
    (void)pthread_mutex_lock(&jobs->lock);
    int64_t ms = jobs->queue.waiting == 0 ? 0 : clock_monotonic_ms() - jobs->moved_ms;
    (void)pthread_mutex_unlock(&jobs->lock);
    return ms;
}

struct jobs_load
jobs_load(struct jobs *jobs) {
    (void)pthread_mutex_lock(&jobs->lock);
    struct jobs_load load = {jobs->threads, jobs->queue.running, jobs->queue.waiting};
    (void)pthread_mutex_unlock(&jobs->lock);
    return load;
}

/* --- start and end ---------------------------------------------------------------------------- */

struct jobs *
jobs_new(const struct jobs_config *config) {
    struct jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs == NULL) return NULL;

    jobs->config = *config;
    job_queue_init(&jobs->queue, config->threads_max);
    (void)pthread_mutex_init(&jobs->lock, NULL);
    thread_cond_init(&jobs->work);
    (void)pthread_cond_init(&jobs->gone, NULL);
    return jobs;
}

void
jobs_free(struct jobs *jobs) {
    if (jobs == NULL) return;

    /* Callers may still be inside jobs_do() after the last thread has ended. */
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->ending = true;
    (void)pthread_cond_broadcast(&jobs->work);
    while (jobs->threads > 0 || jobs->callers > 0)
        (void)pthread_cond_wait(&jobs->gone, &jobs->lock);
    (void)pthread_mutex_unlock(&jobs->lock);

    (void)pthread_cond_destroy(&jobs->work);
    (void)pthread_cond_destroy(&jobs->gone);
    (void)pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
