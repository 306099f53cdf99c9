/* SPDX-License-Identifier: MIT */
#include "store/sqlite/health.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

enum { STACK_SIZE = 256 * 1024 };

struct sqlite_health {
    struct sqlite_readers *readers;
    pthread_t thread;
    pthread_mutex_t lock;         /* guards all below */
    pthread_cond_t asked;         /* or the end has come */
    pthread_cond_t ended;         /* a look; on the monotonic clock */
    uint64_t wanted, begun, done; /* looks, counted from the start */
    int64_t since_ms;             /* when the last one began */
    int ms, result;
    bool ending;
};

static int
look(struct sqlite_readers *readers, int ms) {
    struct sqlite_db *db = sqlite_readers_take(readers, ms);
    if (db == NULL) return ERR_STUCK;
    int rc = sqlite3_step(db->stmt[SQL_STATE]);
    sqlite_db_reset(db, SQL_STATE);
    sqlite_readers_give(readers, db);
    return rc == SQLITE_ROW ? 0 : ERR_STORE;
}

static void *
ping_main(void *arg) {
    struct sqlite_health *p = arg;
    (void)pthread_setname_np(pthread_self(), "ping");
    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->begun >= p->wanted && !p->ending)
            (void)pthread_cond_wait(&p->asked, &p->lock);
        if (p->ending) break;
        int ms = p->ms;
        p->begun++;
        p->since_ms = clock_monotonic_ms();
        (void)pthread_mutex_unlock(&p->lock);
        int result = look(p->readers, ms);
        (void)pthread_mutex_lock(&p->lock);
        p->result = result;
        p->done = p->begun;
        (void)pthread_cond_broadcast(&p->ended);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct sqlite_health *
sqlite_health_start(struct sqlite_readers *readers) {
    struct sqlite_health *p = calloc(1, sizeof(*p));
    if (p == NULL) return NULL;
    p->readers = readers;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->asked, NULL);
    thread_cond_init(&p->ended);
    if (thread_start(&p->thread, STACK_SIZE, ping_main, p) == 0) return p;
    free(p);
    return NULL;
}

int
sqlite_health_ask(struct sqlite_health *p, int ms) {
    struct timespec until = thread_deadline(ms);
    int result = ERR_STUCK;
    (void)pthread_mutex_lock(&p->lock);
    /* Those who come when the first are about to give up would only wait in vain. */
    bool late = p->begun > p->done && clock_monotonic_ms() - p->since_ms > ms - ms / 4;
    uint64_t mine = p->begun + 1; /* one that runs may have read before this call */
    p->wanted = mine;
    p->ms = ms;
    (void)pthread_cond_signal(&p->asked);
    while (p->done < mine && !late)
        late = pthread_cond_timedwait(&p->ended, &p->lock, &until) == ETIMEDOUT;
    if (p->done >= mine) result = p->result;
    (void)pthread_mutex_unlock(&p->lock);
    return result;
}

void
sqlite_health_stop(struct sqlite_health *p) {
    if (p == NULL) return;
    (void)pthread_mutex_lock(&p->lock);
    p->ending = true;
    (void)pthread_cond_signal(&p->asked);
    (void)pthread_mutex_unlock(&p->lock);
    (void)pthread_join(p->thread, NULL);
    (void)pthread_cond_destroy(&p->asked);
    (void)pthread_cond_destroy(&p->ended);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}
