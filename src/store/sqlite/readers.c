/* SPDX-License-Identifier: MIT */
#include "store/sqlite/readers.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

static int
pool_init(struct sqlite_readers *p, int count) {
    *p = (struct sqlite_readers){0};
    p->db = calloc((size_t)count, sizeof(*p->db));
    p->free = calloc((size_t)count, sizeof(*p->free));
    if (p->db == NULL || p->free == NULL) goto fail;
    thread_cond_init(&p->returned);
    if (pthread_mutex_init(&p->lock, NULL) != 0) abort();
    return 0;
fail:
    free(p->db);
    free(p->free);
    *p = (struct sqlite_readers){0};
    return ERR_NOMEM;
}

int
sqlite_readers_open(struct sqlite_readers *p, const struct sqlite_place *place, int count,
                    char *error, size_t error_len) {
    if (pool_init(p, count) != 0) {
        (void)snprintf(error, error_len, "%s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    for (; p->count < count; p->count++) {
        int err = sqlite_db_open_reader(&p->db[p->count], place, error, error_len);
        if (err != 0) {
            sqlite_readers_close(p);
            return err;
        }
        p->free[p->free_count++] = p->count;
    }
    return 0;
}

void
sqlite_readers_close(struct sqlite_readers *p) {
    if (p->db == NULL) return;
    for (int i = 0; i < p->count; i++)
        sqlite_db_close(&p->db[i]);
    (void)pthread_cond_destroy(&p->returned);
    (void)pthread_mutex_destroy(&p->lock);
    free(p->db);
    free(p->free);
    *p = (struct sqlite_readers){0};
}

/* Wait for a connection to come back, or a resume; false once ${until} (NULL: never) has come. */
static bool
wait_returned(struct sqlite_readers *p, const struct timespec *until) {
    if (until == NULL) return pthread_cond_wait(&p->returned, &p->lock) == 0;
    return pthread_cond_timedwait(&p->returned, &p->lock, until) == 0;
}

static bool
none_to_lend(const struct sqlite_readers *p) {
    return p->paused || p->free_count == 0;
}

/* One was lent or came back, or all are held back.  The lock is held. */
static void
note(struct sqlite_readers *p) {
    if (!none_to_lend(p)) p->away_ms = 0;
    else if (p->away_ms == 0) p->away_ms = clock_monotonic_ms();
}

static bool
in_vain(const struct sqlite_readers *p, int ms) {
    if (ms < 0 || p->away_ms == 0) return false;
    return clock_monotonic_ms() - p->away_ms > ms - ms / 4;
}

struct sqlite_db *
sqlite_readers_take(struct sqlite_readers *p, int ms) {
    struct timespec until = thread_deadline(ms < 0 ? 0 : ms);
    struct sqlite_db *db = NULL;
    (void)pthread_mutex_lock(&p->lock);
    if (!in_vain(p, ms)) {
        while (none_to_lend(p) && wait_returned(p, ms < 0 ? NULL : &until))
            continue;
        if (!none_to_lend(p)) db = &p->db[p->free[--p->free_count]];
        note(p);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return db;
}

void
sqlite_readers_give(struct sqlite_readers *p, struct sqlite_db *db) {
    (void)pthread_mutex_lock(&p->lock);
    p->free[p->free_count++] = (int)(db - p->db);
    p->away_ms = 0; /* they move */
    note(p);
    if (p->paused) (void)pthread_cond_broadcast(&p->returned);
    else (void)pthread_cond_signal(&p->returned);
    (void)pthread_mutex_unlock(&p->lock);
}

bool
sqlite_readers_pause(struct sqlite_readers *p, int ms) {
    struct timespec until = thread_deadline(ms);
    (void)pthread_mutex_lock(&p->lock);
    p->paused = true;
    note(p);
    while (p->free_count < p->count && wait_returned(p, &until))
        continue;
    bool all = p->free_count == p->count;
    (void)pthread_mutex_unlock(&p->lock);
    return all;
}

void
sqlite_readers_resume(struct sqlite_readers *p) {
    (void)pthread_mutex_lock(&p->lock);
    p->paused = false;
    note(p);
    (void)pthread_cond_broadcast(&p->returned);
    (void)pthread_mutex_unlock(&p->lock);
}
