/* SPDX-License-Identifier: MIT */
#include "cli/transfer/download.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/pace.h"

enum {
    SLOTS_MAX = 4,
    SLOTS_MIN = 2,
    AHEAD_BYTES = 6 * 1024 * 1024, /* of parts fetched ahead */
    DRAW_MS = 100,
};

/* Room for one part.  A thread fills it, the main thread empties it. */
struct download_slot {
    struct buf data;
    bool ready;
    bool returned; /* its part made room for others, and is to be fetched again */
};

/* What the threads share.  ${lock} protects all that changes, apart from the atomics. */
struct downloader {
    struct cli *cli;
    const struct download *d;
    pthread_mutex_t lock;
    pthread_cond_t fetched; /* a part is ready, or a call failed: for the main thread */
    pthread_cond_t freed;   /* a part may be fetched: for the threads that fetch */
    uint32_t next;          /* next part to fetch */
    uint32_t consumed;      /* the parts before this one were consumed */
    uint32_t end;
    struct pace pace;
    atomic_bool stop;
    enum cli_exit status;            /* of the first failure */
    struct remote_response response; /* to it */
    uint32_t slot_count;
    struct download_slot slots[SLOTS_MAX];
};

/* One part that is being fetched. */
struct part_download {
    struct downloader *loader;
    uint64_t counted; /* bytes that the progress bar has */
    unsigned entered; /* of pace_enter() */
    bool gave_way;    /* it is to be fetched later */
};

uint32_t
download_parts(const struct download *d) {
    return (uint32_t)((d->size + d->part_size - 1) / d->part_size);
}

static size_t
download_part_len(const struct download *d, uint32_t k) {
    uint64_t left = d->size - (uint64_t)k * d->part_size;
    if (left < d->part_size) return (size_t)left;
    return d->part_size;
}

static void
count_received(struct part_download *p, uint64_t received) {
    atomic_fetch_add(&p->loader->d->bar->done, received - p->counted);
    p->counted = received;
}

static int
on_download_progress(void *ctx, uint64_t sent, uint64_t received) {
    struct part_download *p = ctx;
    (void)sent;
    count_received(p, received);
    if (signals_stop_asked() || p->loader->stop) return -1;
    return 0;
}

static bool
on_download_again(void *ctx, bool cut) {
    struct part_download *p = ctx;
    count_received(p, 0);
    if (!cut) return true;
    (void)pthread_mutex_lock(&p->loader->lock);
    p->gave_way = pace_cut(&p->loader->pace, p->entered);
    (void)pthread_mutex_unlock(&p->loader->lock);
    return !p->gave_way;
}

/* Fetch part ${k} into ${data}.  Sets part->gave_way if it is to be fetched later. */
static enum cli_exit
fetch_part(struct part_download *part, uint32_t k, struct buf *data, struct remote_response *resp) {
    struct downloader *loader = part->loader;
    char suffix[32], path[REMOTE_PATH_MAX];
    size_t len = download_part_len(loader->d, k);
    (void)snprintf(suffix, sizeof(suffix), "/parts/%u", k);
    remote_secret_path(path, loader->d->id, suffix);

    struct remote_call call = {
        .method = HTTP_GET,
        .path = path,
        .token = loader->d->lease,
        .expect = {.kind = EXPECT_BYTES, .length = len},
        .http = {.progress = on_download_progress, .ctx = part},
        .again = on_download_again,
    };
    /* The room of the slot is lent to the response. */
    buf_move(&resp->body, data);
    enum cli_exit status = remote_call(&loader->cli->remote, &call, resp);
    if (status == CLI_DONE) count_received(part, len);
    buf_move(data, &resp->body);
    return status;
}

static struct download_slot *
slot_of(struct downloader *loader, uint32_t k) {
    return &loader->slots[k % loader->slot_count];
}

/* Find the first part that was returned, or else the next one if there is a slot for it. */
static bool
find_part_to_fetch(struct downloader *loader, uint32_t *k) {
    for (*k = loader->consumed; *k < loader->next; ++*k)
        if (slot_of(loader, *k)->returned) return true;
    return loader->next < loader->end && loader->next < loader->consumed + loader->slot_count;
}

/* Wait until a part may be fetched.  Returns false if there is none left. */
static bool
take_part_to_fetch(struct part_download *part, uint32_t *k) {
    struct downloader *loader = part->loader;
    bool found = false;
    (void)pthread_mutex_lock(&loader->lock);
    while (!loader->stop && loader->consumed < loader->end) {
        found = pace_has_room(&loader->pace) && find_part_to_fetch(loader, k);
        if (found) break;
        (void)pthread_cond_wait(&loader->freed, &loader->lock);
    }

    if (found) {
        slot_of(loader, *k)->returned = false;
        if (*k == loader->next) loader->next++;
        part->entered = pace_enter(&loader->pace);
    }
    (void)pthread_mutex_unlock(&loader->lock);
    return found;
}

/* Note that the slot of ${part} is ready, or that the part failed with ${status}.  The first
 * failure is kept and stops the others. */
static void
note_fetched(struct part_download *part, struct download_slot *slot, enum cli_exit status,
             struct remote_response *resp) {
    struct downloader *loader = part->loader;
    (void)pthread_mutex_lock(&loader->lock);
    pace_leave(&loader->pace, status == CLI_DONE);
    slot->ready = status == CLI_DONE;
    slot->returned = part->gave_way;
    if (status != CLI_DONE && !part->gave_way && loader->status == CLI_DONE && !loader->stop) {
        loader->status = status;
        loader->stop = true;
        loader->response = *resp;
        *resp = (struct remote_response){0};
    }
    (void)pthread_mutex_unlock(&loader->lock);

    /* This thread takes the next part itself.  One more may move if the pace rose. */
    (void)pthread_cond_signal(&loader->fetched);
    (void)pthread_cond_signal(&loader->freed);
}

static void *
run_downloader(void *arg) {
    struct downloader *loader = arg;
    (void)pthread_setname_np(pthread_self(), "download");

    for (;;) {
        struct part_download part = {.loader = loader};
        struct remote_response resp = {0};
        uint32_t k = 0;
        if (!take_part_to_fetch(&part, &k)) break;
        struct download_slot *slot = slot_of(loader, k);
        enum cli_exit status = fetch_part(&part, k, &slot->data, &resp);
        note_fetched(&part, slot, status, &resp);
        remote_response_clear(&resp);
    }
    return NULL;
}

/* Wait until the part in ${slot} arrived, drawing the progress bar.  Returns whether it did. */
static bool
await_slot(struct downloader *loader, const struct download_slot *slot) {
    (void)pthread_mutex_lock(&loader->lock);
    while (!slot->ready && !loader->stop) {
        struct timespec until = thread_deadline(DRAW_MS);
        (void)pthread_cond_timedwait(&loader->fetched, &loader->lock, &until);
        if (signals_stop_asked()) loader->stop = true;
        progress_draw(loader->d->bar);
    }
    bool ready = slot->ready;
    (void)pthread_mutex_unlock(&loader->lock);
    return ready;
}

/* Free the slot of part ${k} for another part. */
static void
release_slot(struct downloader *loader, struct download_slot *slot, uint32_t k) {
    (void)pthread_mutex_lock(&loader->lock);
    slot->ready = false;
    slot->data.len = 0; /* wiped at the end: a wipe of each part would take longer than it helps */
    loader->consumed = k + 1;
    (void)pthread_mutex_unlock(&loader->lock);
    (void)pthread_cond_signal(&loader->freed);
}

/* Give the parts to the sink in order.  Returns what the sink ended with, or 0. */
static int
consume_parts(struct downloader *loader) {
    int ended = 0;
    for (uint32_t k = loader->consumed; k < loader->end && ended == 0 && !signals_stop_asked();
         k++) {
        struct download_slot *slot = slot_of(loader, k);
        if (!await_slot(loader, slot)) break;
        ended = loader->d->sink(loader->d->ctx, slot->data.data, slot->data.len);
        release_slot(loader, slot, k);
        progress_draw(loader->d->bar);
    }

    (void)pthread_mutex_lock(&loader->lock);
    loader->stop = true;
    (void)pthread_cond_broadcast(&loader->freed);
    (void)pthread_mutex_unlock(&loader->lock);
    return ended;
}

static int
fetch_and_consume(struct downloader *loader) {
    pthread_t threads[SLOTS_MAX];
    uint32_t started = 0;
    while (started < loader->slot_count && started < loader->end - loader->consumed &&
           thread_start(&threads[started], 0, run_downloader, loader) == 0)
        started++;
    if (started == 0) loader->status = CLI_FAILED;

    int ended = 0;
    if (started > 0) ended = consume_parts(loader);
    for (uint32_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    return ended;
}

/* Return how many parts of ${part_size} are fetched ahead. */
static uint32_t
slots_for(uint32_t part_size) {
    uint32_t count = AHEAD_BYTES / part_size;
    if (count < SLOTS_MIN) return SLOTS_MIN;
    return count > SLOTS_MAX ? SLOTS_MAX : count;
}

enum cli_exit
download_run(struct cli *cli, const struct download *d, uint32_t first, uint32_t end, int *ended,
             struct remote_response *resp) {
    struct downloader loader = {
        .cli = cli,
        .d = d,
        .next = first,
        .consumed = first,
        .end = end,
        .status = CLI_DONE,
        .slot_count = slots_for(d->part_size),
    };
    *ended = 0;
    if (first >= end) return CLI_DONE;

    for (uint32_t i = 0; i < loader.slot_count; i++)
        buf_init(&loader.slots[i].data, d->part_size);
    pace_begin(&loader.pace, loader.slot_count);
    (void)pthread_mutex_init(&loader.lock, NULL);
    thread_cond_init(&loader.fetched);
    thread_cond_init(&loader.freed);

    *ended = fetch_and_consume(&loader);

    (void)pthread_mutex_destroy(&loader.lock);
    (void)pthread_cond_destroy(&loader.fetched);
    (void)pthread_cond_destroy(&loader.freed);
    for (uint32_t i = 0; i < loader.slot_count; i++)
        buf_free(&loader.slots[i].data);

    /* A sink that stopped the threads comes before what that did to their calls. */
    *resp = loader.response;
    if (*ended != 0) return CLI_DAMAGED;
    if (loader.status == CLI_DONE && loader.consumed < end) return CLI_INTERRUPTED;
    return loader.status;
}
