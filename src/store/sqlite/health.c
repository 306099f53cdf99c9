/* SPDX-License-Identifier: MIT */
#include "store/sqlite/health.h"

#include "base/err.h"
#include "base/jobs.h"

enum { QUEUE_MAX = 1024, STACK_SIZE = 256 * 1024 };

struct sqlite_health {
    struct sqlite_readers *readers;
    struct jobs *jobs;
};

struct health_job {
    struct job base;
    struct sqlite_readers *readers;
    int ms;
    int result;
};

static bool
run_health_job(struct job *base) {
    struct health_job *job = (struct health_job *)base;
    struct sqlite_db *db = sqlite_readers_take(job->readers, job->ms);

    job->result = ERR_STUCK;
    if (db == NULL) return true;

    int rc = sqlite3_step(db->stmt[SQL_STATE]);
    sqlite_db_reset(db, SQL_STATE);
    sqlite_readers_give(job->readers, db);
    job->result = rc == SQLITE_ROW ? 0 : ERR_STORE;
    return true;
}

static void
drop_health_job(struct job *base) {
    free(base);
}

struct sqlite_health *
sqlite_health_new(struct sqlite_readers *readers) {
    static const struct jobs_config config = {
        .name = "sqlite_health",
        .threads_max = 1,
        .threads_kept = 1,
        .queue_max = QUEUE_MAX,
        .stack = STACK_SIZE,
    };

    struct sqlite_health *h = calloc(1, sizeof(*h));
    if (h == NULL) return NULL;
    h->readers = readers;
    h->jobs = jobs_new(&config);
    if (h->jobs != NULL) return h;
    free(h);
    return NULL;
}

int
sqlite_health_check(struct sqlite_health *h, int ms) {
    if (jobs_abandoned(h->jobs, NULL, NULL)) return ERR_STUCK;

    struct health_job *job = calloc(1, sizeof(*job));
    if (job == NULL) return ERR_STORE;
    job->base = (struct job){.run = run_health_job, .drop = drop_health_job};
    job->readers = h->readers;
    job->ms = ms;

    struct job *base = &job->base;
    int result = jobs_do(h->jobs, &base, ms) == 0 ? job->result : ERR_STUCK;
    free(base); /* NULL if it was abandoned */
    return result;
}

void
sqlite_health_free(struct sqlite_health *h) {
    if (h == NULL) return;
    jobs_free(h->jobs);
    free(h);
}
