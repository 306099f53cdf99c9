/* SPDX-License-Identifier: MIT */
#include "cli/transfer/download.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "cli/terminal/signals.h"

enum {
    SLOTS_MAX = 4,
    SLOTS_MIN = 2,
    AHEAD_BYTES = 6 * 1024 * 1024, /* of parts fetched ahead */
    DRAW_MS = 100,
};

/* Room for one part: fetched by a thread, then read by the main thread. */
struct slot {
    struct buf data;
    bool ready;
};

/* What the threads share; ${lock} is for all but what never changes. */
struct crew {
    struct cli *cli;
    const struct download *d;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t next;     /* part to be fetched next */
    uint32_t consumed; /* parts before this one were given on */
    uint32_t end;
    atomic_bool stop;
    enum cli_exit status; /* of the first failure */
    struct remote_response response;
    uint32_t slot_count;
    struct slot slots[SLOTS_MAX];
};

/* One part on its way. */
struct part {
    struct crew *crew;
    uint64_t counted;
};

uint32_t
download_parts(const struct download *d) {
    return (uint32_t)((d->size + d->part_size - 1) / d->part_size);
}

static size_t
part_len(const struct download *d, uint32_t k) {
    uint64_t left = d->size - (uint64_t)k * d->part_size;
    return left < d->part_size ? (size_t)left : d->part_size;
}

static void
count(struct part *p, uint64_t received) {
    atomic_fetch_add(&p->crew->d->bar->done, received - p->counted);
    p->counted = received;
}

static int
on_progress(void *ctx, uint64_t sent, uint64_t received) {
    struct part *p = ctx;
    (void)sent;
    count(p, received);
    return signals_stop_asked() || p->crew->stop ? -1 : 0;
}

static void
on_again(void *ctx) {
    count(ctx, 0);
}

static enum cli_exit
fetch(struct crew *crew, uint32_t k, struct buf *data, struct remote_response *resp) {
    char more[32], path[CLI_PATH_MAX];
    struct part part = {.crew = crew};
    size_t len = part_len(crew->d, k);
    (void)snprintf(more, sizeof(more), "/parts/%u", k);
    cli_secret_path(path, crew->d->id, more);
    struct remote_call call = {
        .method = HTTP_GET,
        .path = path,
        .token = crew->d->lease,
        .http = {.progress = on_progress, .ctx = &part},
        .again = on_again,
    };
    buf_move(&resp->body, data);
    enum cli_exit status = remote_call(&crew->cli->remote, &call, resp);
    if (status == CLI_DONE && resp->body.len != len) status = CLI_DAMAGED;
    if (status == CLI_DONE) count(&part, len);
    buf_move(data, &resp->body);
    return status;
}

/* Wait for a part to fetch; false if there is none. */
static bool
take_part(struct crew *crew, uint32_t *k) {
    bool found = false;
    (void)pthread_mutex_lock(&crew->lock);
    while (!crew->stop && crew->next < crew->end && crew->next >= crew->consumed + crew->slot_count)
        (void)pthread_cond_wait(&crew->changed, &crew->lock);
    if (!crew->stop && crew->next < crew->end) {
        *k = crew->next++;
        found = true;
    }
    (void)pthread_mutex_unlock(&crew->lock);
    return found;
}

static void *
work(void *arg) {
    struct crew *crew = arg;
    for (uint32_t k = 0; take_part(crew, &k);) {
        struct slot *slot = &crew->slots[k % crew->slot_count];
        struct remote_response resp = {0};
        enum cli_exit status = fetch(crew, k, &slot->data, &resp);
        (void)pthread_mutex_lock(&crew->lock);
        slot->ready = status == CLI_DONE;
        if (status != CLI_DONE && crew->status == CLI_DONE && !crew->stop) {
            crew->status = status;
            crew->stop = true;
            crew->response = resp;
            resp = (struct remote_response){0};
        }
        (void)pthread_cond_broadcast(&crew->changed);
        (void)pthread_mutex_unlock(&crew->lock);
        remote_response_clear(&resp);
    }
    return NULL;
}

/* Wait until part ${k} is there, and draw meanwhile. */
static bool
await_part(struct crew *crew, const struct slot *slot) {
    bool ready = false;
    (void)pthread_mutex_lock(&crew->lock);
    while (!slot->ready && !crew->stop) {
        struct timespec until = thread_deadline(DRAW_MS);
        (void)pthread_cond_timedwait(&crew->changed, &crew->lock, &until);
        if (signals_stop_asked()) crew->stop = true;
        progress_draw(crew->d->bar);
    }
    ready = slot->ready;
    (void)pthread_mutex_unlock(&crew->lock);
    return ready;
}

/* Give the parts on in order, as they come. */
static int
consume(struct crew *crew) {
    int ended = 0;
    for (uint32_t k = crew->consumed; k < crew->end && ended == 0 && !signals_stop_asked(); k++) {
        struct slot *slot = &crew->slots[k % crew->slot_count];
        if (!await_part(crew, slot)) break;
        ended = crew->d->sink(crew->d->ctx, slot->data.data, slot->data.len);
        (void)pthread_mutex_lock(&crew->lock);
        slot->ready = false;
        crew->consumed = k + 1;
        (void)pthread_cond_broadcast(&crew->changed);
        (void)pthread_mutex_unlock(&crew->lock);
        progress_draw(crew->d->bar);
    }
    (void)pthread_mutex_lock(&crew->lock);
    crew->stop = true;
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
    return ended;
}

static int
fetch_all(struct crew *crew) {
    pthread_t threads[SLOTS_MAX];
    uint32_t started = 0;
    while (started < crew->slot_count && started < crew->end - crew->consumed &&
           pthread_create(&threads[started], NULL, work, crew) == 0)
        started++;
    if (started == 0) crew->status = CLI_FAILED;
    int ended = started == 0 ? 0 : consume(crew);
    for (uint32_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    return ended;
}

enum cli_exit
download_run(struct cli *cli, const struct download *d, uint32_t first, uint32_t end, int *ended,
             struct remote_response *resp) {
    struct crew crew = {
        .cli = cli, .d = d, .next = first, .consumed = first, .end = end, .status = CLI_DONE};
    *ended = 0;
    if (first >= end) return CLI_DONE;
    crew.slot_count = AHEAD_BYTES / d->part_size;
    if (crew.slot_count < SLOTS_MIN) crew.slot_count = SLOTS_MIN;
    if (crew.slot_count > SLOTS_MAX) crew.slot_count = SLOTS_MAX;
    for (uint32_t i = 0; i < crew.slot_count; i++)
        buf_init(&crew.slots[i].data, d->part_size);
    (void)pthread_mutex_init(&crew.lock, NULL);
    thread_cond_init(&crew.changed);
    *ended = fetch_all(&crew);
    (void)pthread_mutex_destroy(&crew.lock);
    (void)pthread_cond_destroy(&crew.changed);
    for (uint32_t i = 0; i < crew.slot_count; i++)
        buf_free(&crew.slots[i].data);
    *resp = crew.response;
    if (*ended != 0) return CLI_DAMAGED;
    if (crew.status == CLI_DONE && crew.consumed < end) return CLI_INTERRUPTED;
    return crew.status;
}
