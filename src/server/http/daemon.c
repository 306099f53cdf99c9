/* SPDX-License-Identifier: MIT */
#include "server/http/daemon.h"

#include <unistd.h>

#include "base/clock.h"
#include "server/http/internal.h"
#include "server/process/process.h"

enum {
    IO_STACK_SIZE = 256 * 1024,
    WORKER_STACK_SIZE = 256 * 1024,
    WORKERS_KEPT = 2, /* workers that stay without work */
    FRESH_MS = 500,   /* at a stop, for clients that are about to send a request */
    LOOK_MS = 5,      /* at a stop, between two looks at what still runs */
};

/* loop_config.tick */
static int
io_tick(void *arg) {
    struct io *io = arg;
    int64_t now_ms = clock_monotonic_ms();
    int wait = conn_tick(io, now_ms);

    /* Once for all requests of the round. */
    if (io->dirty) process_wipe_stack();
    io->dirty = false;
    if (io != &io->daemon->ios[0]) return wait;

    int accepts = accept_tick(io->daemon, now_ms);
    return accepts >= 0 && (wait < 0 || accepts < wait) ? accepts : wait;
}

/* Free ${d}, whose threads have ended. */
static void
daemon_free(struct daemon *d) {
    jobs_free(d->workers);
    for (unsigned i = 0; d->ios != NULL && i < d->config.io_threads; i++) {
        conn_close_all(&d->ios[i]);
        loop_free(d->ios[i].loop);
        buf_free(&d->ios[i].head);
    }
    free(d->ios);

    budget_free(d->bodies);
    budget_free(d->responses);
    budget_free(d->downloads);
    budget_free(d->clients);
    budget_free(d->lingering);
    senders_free(d->senders);
    request_log_free(d->log);
    free(d);
}

static struct jobs *
make_workers(const struct daemon_config *config) {
    const struct jobs_config workers = {
        .name = "worker",
        .threads_max = config->workers_max,
        .threads_kept = WORKERS_KEPT,
        .queue_max = (unsigned)config->connections.total + 1, /* a request of each, and the trim */
        .stack = WORKER_STACK_SIZE,
        .shared = true,
    };
    return jobs_new(&workers);
}

static bool
make_budgets(struct daemon *d) {
    const struct daemon_config *c = &d->config;
    d->clients = budget_new(&c->connections);
    d->lingering = budget_new(&c->lingering);
    d->bodies = budget_new(&c->bodies);
    d->responses = budget_new(&c->responses);
    d->downloads = budget_new(&c->downloads);
    return d->clients != NULL && d->lingering != NULL && d->bodies != NULL &&
           d->responses != NULL && d->downloads != NULL;
}

static bool
make_loops(struct daemon *d) {
    d->ios = calloc(d->config.io_threads, sizeof(d->ios[0]));
    for (unsigned i = 0; d->ios != NULL && i < d->config.io_threads; i++) {
        const struct loop_config loop = {
            .name = d->config.name, .stack = IO_STACK_SIZE, .tick = io_tick, .arg = &d->ios[i]};
        d->ios[i].daemon = d;
        d->ios[i].loop = loop_new(&loop);
        if (d->ios[i].loop == NULL) return false;
    }
    return d->ios != NULL;
}

/* Make everything that the threads of ${d} use.  Returns whether memory was there for all of it:
 * daemon_free() releases what was made also where some of it was not. */
static bool
make_parts(struct daemon *d) {
    const struct daemon_config *c = &d->config;
    d->workers = make_workers(c);
    d->senders = senders_new();
    if (c->random != NULL) d->log = request_log_new(c->metrics, c->random);
    return d->workers != NULL && d->senders != NULL && (d->log != NULL || c->random == NULL) &&
           make_budgets(d) && make_loops(d);
}

static void
stop_loops(struct daemon *d) {
    for (unsigned i = 0; d->ios != NULL && i < d->config.io_threads; i++)
        if (d->ios[i].loop != NULL) loop_stop(d->ios[i].loop);
}

struct daemon *
daemon_start(const struct daemon_config *config) {
    struct daemon *d = calloc(1, sizeof(*d));
    if (d == NULL) return NULL;
    d->config = *config;
    if (config->user_header == NULL) d->config.user_header = "";

    bool ok = make_parts(d);
    for (unsigned i = 0; ok && i < config->listener_count; i++)
        ok = accept_begin(d, i) == 0;
    /* The first one accepts, so it starts last: if another cannot start, nothing runs yet. */
    for (unsigned i = config->io_threads; ok && i > 0; i--)
        ok = loop_start(d->ios[i - 1].loop) == 0;
    if (ok) return d;

    stop_loops(d);
    daemon_free(d);
    return NULL;
}

bool
daemon_threads_alive(struct daemon *d, int ms, int work_ms) {
    int64_t until = clock_monotonic_ms() + ms;
    if (jobs_waiting_ms(d->workers) > work_ms) return false;
    for (unsigned i = 0; i < d->config.io_threads; i++)
        if (!loop_alive(d->ios[i].loop, until)) return false;
    return true;
}

/* Whether no request runs; from that moment none can begin. */
static bool
close_if_quiet(struct daemon *d) {
    unsigned none = 0;
    return atomic_compare_exchange_strong(&d->running, &none, DAEMON_CLOSED);
}

void
daemon_end_connections(struct daemon *d) {
    atomic_store(&d->stopping, true);
}

bool
daemon_drain(struct daemon *d, int ms) {
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000L * 1000};
    int64_t now = clock_monotonic_ms(), until = now + ms, fresh_until = now + FRESH_MS;
    daemon_end_connections(d);

    /*
     * A client that was accepted and has sent nothing gets a moment: if it were closed now, its
     * request would be lost on the way, while a request that still waits in the listening socket is
     * served by the next process.
     */
    for (; now < until; now = clock_monotonic_ms()) {
        bool fresh = now < fresh_until && atomic_load(&d->fresh) > 0;
        if (!fresh && close_if_quiet(d)) return true;
        (void)nanosleep(&look, NULL);
    }
    return close_if_quiet(d);
}

void
daemon_stop(struct daemon *d) {
    if (d == NULL) return;

    /* The I/O threads first, because they submit jobs.  No request runs, so no other thread gives a
     * connection back any more.  One may still be waking a loop: loop_free() waits for that. */
    daemon_end_connections(d);
    stop_loops(d);
    daemon_free(d);
}
