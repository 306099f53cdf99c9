/* SPDX-License-Identifier: MIT */
#include "store/sqlite/readers.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"

static int
init_pool(struct sqlite_readers *p, const struct sqlite_place *place, int count) {
    *p = (struct sqlite_readers){.place = place, .count = count};
    p->db = calloc((size_t)count, sizeof(*p->db));
    p->free = calloc((size_t)count, sizeof(*p->free));
    if (p->db == NULL || p->free == NULL) goto fail;

    /* The first is lent first. */
    while (p->free_count < count) {
        p->free[p->free_count] = count - 1 - p->free_count;
        p->free_count++;
    }
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
                    struct buf *reason) {
    if (init_pool(p, place, count) != 0) {
        (void)!buf_add_text(reason, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }

    int err = sqlite_db_open_reader(&p->db[0], place, reason);
    if (err != 0) sqlite_readers_close(p);
    return err;
}

void
sqlite_readers_disconnect(struct sqlite_readers *p) {
    for (int i = 0; i < p->count; i++)
        sqlite_db_close(&p->db[i]);
}

void
sqlite_readers_close(struct sqlite_readers *p) {
    if (p->db == NULL) return;
    sqlite_readers_disconnect(p);
    (void)pthread_cond_destroy(&p->returned);
    (void)pthread_mutex_destroy(&p->lock);
    free(p->db);
    free(p->free);
    *p = (struct sqlite_readers){0};
}

/* Wait for a connection or a resume.  Returns false once ${until} (NULL: never) has come. */
static bool
wait_returned(struct sqlite_readers *p, const struct timespec *until) {
    if (until == NULL) return pthread_cond_wait(&p->returned, &p->lock) == 0;
    return pthread_cond_timedwait(&p->returned, &p->lock, until) == 0;
}

static bool
none_to_lend(const struct sqlite_readers *p) {
    return p->paused || p->free_count == 0;
}

/* Keep none_since_ms after a connection was lent or came back, or a pause began.  The lock is
 * held. */
static void
note_lending(struct sqlite_readers *p) {
    if (!none_to_lend(p)) p->none_since_ms = 0;
    else if (p->none_since_ms == 0) p->none_since_ms = clock_monotonic_ms();
}

/* Whether a caller that can wait ${ms} would wait for nothing. */
static bool
readers_stall(const struct sqlite_readers *p, int ms) {
    if (ms < 0 || p->none_since_ms == 0) return false;
    return clock_monotonic_ms() - p->none_since_ms > ms - ms / 4;
}

/* Open ${db}, which this thread borrowed.  Returns it, or NULL with it given back. */
static struct sqlite_db *
open_borrowed(struct sqlite_readers *p, struct sqlite_db *db) {
    struct buf reason = BUF_INIT(512);
    if (sqlite_db_open_reader(db, p->place, &reason) != 0) {
        log_error("store.reader", LOG_TEXT("error", buf_text(&reason)));
        sqlite_readers_give(p, db);
        db = NULL;
    }
    buf_free(&reason);
    return db;
}

struct sqlite_db *
sqlite_readers_take(struct sqlite_readers *p, int ms) {
    struct timespec until = thread_deadline(ms < 0 ? 0 : ms);
    struct sqlite_db *db = NULL;

    (void)pthread_mutex_lock(&p->lock);
    if (!readers_stall(p, ms)) {
        while (none_to_lend(p) && wait_returned(p, ms < 0 ? NULL : &until))
            continue;
        if (!none_to_lend(p)) db = &p->db[p->free[--p->free_count]];
        note_lending(p);
    }
    (void)pthread_mutex_unlock(&p->lock);

    if (db != NULL && db->handle == NULL) return open_borrowed(p, db);
    return db;
}

void
sqlite_readers_give(struct sqlite_readers *p, struct sqlite_db *db) {
    (void)pthread_mutex_lock(&p->lock);
    int at = p->free_count++;

    /* One that cannot be opened must not keep those that are open from being lent. */
    if (db->handle == NULL) {
        memmove(p->free + 1, p->free, (size_t)at * sizeof(*p->free));
        at = 0;
    }
    p->free[at] = (int)(db - p->db);
    p->none_since_ms = 0; /* a connection that comes back is progress, even during a pause */
    note_lending(p);

    if (p->paused) (void)pthread_cond_broadcast(&p->returned);
    else (void)pthread_cond_signal(&p->returned);
    (void)pthread_mutex_unlock(&p->lock);
}

bool
sqlite_readers_pause(struct sqlite_readers *p, int ms) {
    struct timespec until = thread_deadline(ms);

    (void)pthread_mutex_lock(&p->lock);
    p->paused = true;
    note_lending(p);
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
    note_lending(p);
    (void)pthread_cond_broadcast(&p->returned);
    (void)pthread_mutex_unlock(&p->lock);
}
