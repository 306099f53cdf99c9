/* SPDX-License-Identifier: MIT */
#include "cli/transfer/upload.h"

#include <pthread.h>
#include <unistd.h>

#include "base/thread.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { THREADS = 4, DRAW_MS = 100 };

/* What the threads share; ${lock} is for all but what never changes. */
struct crew {
    struct cli *cli;
    const struct upload *u;
    struct progress bar;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t next;                   /* part to be taken next */
    int working;                     /* threads that are not done */
    enum cli_exit status;            /* of the first failure */
    struct remote_response response; /* to it */
};

/* One part on its way. */
struct part {
    struct crew *crew;
    uint64_t begin;   /* in the envelope */
    uint64_t counted; /* bytes of it that the progress bar knows */
};

uint32_t
upload_parts(const struct upload *u) {
    return (uint32_t)((u->size + u->part_size - 1) / u->part_size);
}

static uint64_t
part_len(const struct upload *u, uint32_t k) {
    uint64_t begin = (uint64_t)k * u->part_size;
    return u->size - begin < u->part_size ? u->size - begin : u->part_size;
}

static ssize_t
read_part(void *ctx, uint64_t offset, void *out, size_t len) {
    struct part *p = ctx;
    return pread(p->crew->u->sealed, out, len, (off_t)(p->begin + offset));
}

static void
count(struct part *p, uint64_t sent) {
    atomic_fetch_add(&p->crew->bar.done, sent - p->counted);
    p->counted = sent;
}

static int
on_progress(void *ctx, uint64_t sent, uint64_t received) {
    (void)received;
    count(ctx, sent);
    return signals_stop_asked() ? -1 : 0;
}

static void
on_again(void *ctx) {
    count(ctx, 0);
}

static enum cli_exit
send_part(struct crew *crew, uint32_t k, struct remote_response *resp) {
    const struct upload *u = crew->u;
    char more[32], path[CLI_PATH_MAX];
    struct part part = {.crew = crew, .begin = (uint64_t)k * u->part_size};
    (void)snprintf(more, sizeof(more), "/parts/%u", k);
    cli_secret_path(path, u->id, more);
    struct remote_call call = {
        .method = HTTP_PUT,
        .path = path,
        .token = u->owner_token,
        .http = {.body_len = part_len(u, k),
                 .read = read_part,
                 .progress = on_progress,
                 .ctx = &part},
        .again = on_again,
    };
    enum cli_exit status = remote_call(&crew->cli->remote, &call, resp);
    if (status == CLI_DONE) count(&part, call.http.body_len);
    return status;
}

/* The next part that the server lacks; false if there is none, or somebody failed. */
static bool
take_part(struct crew *crew, uint32_t *k) {
    const struct upload *u = crew->u;
    uint32_t parts = upload_parts(u);
    bool found = false;
    (void)pthread_mutex_lock(&crew->lock);
    while (crew->next < parts && u->done != NULL && u->done[crew->next] != 0)
        crew->next++;
    if (crew->status == CLI_DONE && crew->next < parts && !signals_stop_asked()) {
        *k = crew->next++;
        found = true;
    }
    (void)pthread_mutex_unlock(&crew->lock);
    return found;
}

/* Note what came of part ${k}; of several failures the first stays. */
static void
note_part(struct crew *crew, uint32_t k, enum cli_exit status, struct remote_response *resp) {
    uint8_t number[4] = {(uint8_t)k, (uint8_t)(k >> 8), (uint8_t)(k >> 16), (uint8_t)(k >> 24)};
    (void)pthread_mutex_lock(&crew->lock);
    if (status == CLI_DONE && crew->u->done_log >= 0)
        (void)!write(crew->u->done_log, number, sizeof(number));
    if (status != CLI_DONE && crew->status == CLI_DONE) {
        crew->status = status;
        crew->response = *resp;
        *resp = (struct remote_response){0};
    }
    (void)pthread_mutex_unlock(&crew->lock);
    remote_response_clear(resp);
}

static void *
work(void *arg) {
    struct crew *crew = arg;
    for (uint32_t k = 0; take_part(crew, &k);) {
        struct remote_response resp = {0};
        enum cli_exit status = send_part(crew, k, &resp);
        note_part(crew, k, status, &resp);
    }
    (void)pthread_mutex_lock(&crew->lock);
    crew->working--;
    (void)pthread_cond_signal(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Draw until every thread is done. */
static void
watch(struct crew *crew) {
    (void)pthread_mutex_lock(&crew->lock);
    while (crew->working > 0) {
        struct timespec until = thread_deadline(DRAW_MS);
        (void)pthread_cond_timedwait(&crew->changed, &crew->lock, &until);
        progress_draw(&crew->bar);
    }
    (void)pthread_mutex_unlock(&crew->lock);
}

static enum cli_exit
send_parts(struct crew *crew) {
    pthread_t threads[THREADS];
    int count_of = 0;
    for (; count_of < THREADS && (uint32_t)count_of < upload_parts(crew->u); count_of++) {
        (void)pthread_mutex_lock(&crew->lock);
        crew->working++;
        (void)pthread_mutex_unlock(&crew->lock);
        if (pthread_create(&threads[count_of], NULL, work, crew) == 0) continue;
        (void)pthread_mutex_lock(&crew->lock);
        crew->working--;
        if (count_of == 0) crew->status = CLI_FAILED;
        (void)pthread_mutex_unlock(&crew->lock);
        break;
    }
    watch(crew);
    for (int i = 0; i < count_of; i++)
        (void)pthread_join(threads[i], NULL);
    if (crew->status == CLI_DONE && signals_stop_asked()) crew->status = CLI_INTERRUPTED;
    return crew->status;
}

static enum cli_exit
complete(struct cli *cli, const struct upload *u, struct remote_response *resp) {
    char path[CLI_PATH_MAX];
    cli_secret_path(path, u->id, "/complete");
    struct remote_call call = {.method = HTTP_POST, .path = path, .token = u->owner_token};
    return remote_call(&cli->remote, &call, resp);
}

enum cli_exit
upload_run(struct cli *cli, const struct upload *u, struct remote_response *resp) {
    struct crew crew = {.cli = cli, .u = u, .status = CLI_DONE};
    (void)pthread_mutex_init(&crew.lock, NULL);
    thread_cond_init(&crew.changed);
    progress_begin(&crew.bar, u->label, u->size, cli->bar);
    for (uint32_t k = 0; u->done != NULL && k < upload_parts(u); k++)
        if (u->done[k] != 0) crew.bar.begun_with += part_len(u, k);
    atomic_store(&crew.bar.done, crew.bar.begun_with);
    enum cli_exit status = send_parts(&crew);
    progress_end(&crew.bar);
    (void)pthread_mutex_destroy(&crew.lock);
    (void)pthread_cond_destroy(&crew.changed);
    if (status == CLI_DONE) status = complete(cli, u, resp);
    else *resp = crew.response;
    if (status == CLI_GONE) {
        say_error("the server has given the upload up");
        say_hint("Share it anew with secrets put.");
    } else if (status != CLI_DONE && status != CLI_NETWORK && status != CLI_INTERRUPTED)
        remote_complain(&cli->remote, status, resp, "take the upload");
    return status;
}
