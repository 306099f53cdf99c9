/* SPDX-License-Identifier: MIT */
#include "cli/transfer/upload.h"

#include <pthread.h>
#include <unistd.h>

#include "base/thread.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/pace.h"

enum { UPLOAD_THREADS = 4, DRAW_MS = 100 };

/* What the threads share.  ${lock} protects all that changes. */
struct uploader {
    struct cli *cli;
    const struct upload *u;
    struct progress bar;
    pthread_mutex_t lock;
    pthread_cond_t changed;            /* a thread has finished */
    pthread_cond_t room;               /* another part may move, or none is left */
    uint32_t next;                     /* next part to send */
    uint32_t returned[UPLOAD_THREADS]; /* parts that made room for others, to be sent again */
    uint32_t returned_count;
    struct pace pace;
    int running;                     /* threads that have not finished */
    enum cli_exit status;            /* of the first failure */
    struct remote_response response; /* to it */
};

/* One part that is being sent. */
struct part_upload {
    struct uploader *loader;
    uint64_t begin;   /* offset in the envelope */
    uint64_t counted; /* bytes that the progress bar has */
    unsigned entered; /* of pace_enter() */
    bool gave_way;    /* it is to be sent later */
};

uint32_t
upload_parts(const struct upload *u) {
    return (uint32_t)((u->size + u->part_size - 1) / u->part_size);
}

static uint64_t
upload_part_len(const struct upload *u, uint32_t k) {
    uint64_t begin = (uint64_t)k * u->part_size;
    if (u->size - begin < u->part_size) return u->size - begin;
    return u->part_size;
}

static ssize_t
read_sealed_part(void *ctx, uint64_t offset, void *out, size_t len) {
    struct part_upload *p = ctx;
    return pread(p->loader->u->sealed, out, len, (off_t)(p->begin + offset));
}

static void
count_sent(struct part_upload *p, uint64_t sent) {
    atomic_fetch_add(&p->loader->bar.done, sent - p->counted);
    p->counted = sent;
}

static int
on_upload_progress(void *ctx, uint64_t sent, uint64_t received) {
    (void)received;
    count_sent(ctx, sent);
    if (signals_stop_asked()) return -1;
    return 0;
}

static bool
on_upload_again(void *ctx, bool cut) {
    struct part_upload *p = ctx;
    count_sent(p, 0);
    if (!cut) return true;
    (void)pthread_mutex_lock(&p->loader->lock);
    p->gave_way = pace_cut(&p->loader->pace, p->entered);
    (void)pthread_mutex_unlock(&p->loader->lock);
    return !p->gave_way;
}

/* Send part ${k}.  Sets part->gave_way if it is to be sent later. */
static enum cli_exit
send_part(struct part_upload *part, uint32_t k, struct remote_response *resp) {
    struct uploader *loader = part->loader;
    const struct upload *u = loader->u;
    char suffix[32], path[REMOTE_PATH_MAX];
    part->begin = (uint64_t)k * u->part_size;
    (void)snprintf(suffix, sizeof(suffix), "/parts/%u", k);
    remote_secret_path(path, u->id, suffix);

    /* The server keeps the first bytes of a part, so sending it again is harmless. */
    struct remote_call call = {
        .method = HTTP_PUT,
        .path = path,
        .token = u->owner_token,
        .expect = {.kind = EXPECT_EMPTY},
        .http = {.body_len = upload_part_len(u, k),
                 .read = read_sealed_part,
                 .progress = on_upload_progress,
                 .ctx = part},
        .again = on_upload_again,
    };
    enum cli_exit status = remote_call(&loader->cli->remote, &call, resp);
    if (status == CLI_DONE) count_sent(part, call.http.body_len);
    return status;
}

/* Return whether a part is left to be sent, or may be returned by those that send one. */
static bool
has_parts_to_send(struct uploader *loader) {
    const struct upload *u = loader->u;
    while (loader->next < upload_parts(u) && u->done != NULL && u->done[loader->next] != 0)
        loader->next++;
    return loader->returned_count > 0 || loader->next < upload_parts(u);
}

/* Take the next part that the server does not have, when it may move.  Returns false if there is
 * none left, or after a failure. */
static bool
take_part_to_send(struct part_upload *part, uint32_t *k) {
    struct uploader *loader = part->loader;
    bool found = false;
    (void)pthread_mutex_lock(&loader->lock);
    for (;;) {
        bool left = has_parts_to_send(loader);
        bool go_on = loader->status == CLI_DONE && !signals_stop_asked();
        found = left && go_on && pace_has_room(&loader->pace);
        /* A part that moves may be returned. */
        if (found || !go_on || (!left && loader->pace.moving == 0)) break;
        (void)pthread_cond_wait(&loader->room, &loader->lock);
    }

    if (found && loader->returned_count > 0) *k = loader->returned[--loader->returned_count];
    else if (found) *k = loader->next++;
    if (found) part->entered = pace_enter(&loader->pace);
    (void)pthread_mutex_unlock(&loader->lock);
    return found;
}

/* Log that ${part}, number ${k}, was acknowledged, or return it, or keep its failure if it is the
 * first one. */
static void
note_sent(struct part_upload *part, uint32_t k, enum cli_exit status,
          struct remote_response *resp) {
    struct uploader *loader = part->loader;
    uint8_t number[4] = {(uint8_t)k, (uint8_t)(k >> 8), (uint8_t)(k >> 16), (uint8_t)(k >> 24)};

    (void)pthread_mutex_lock(&loader->lock);
    pace_leave(&loader->pace, status == CLI_DONE);
    if (status == CLI_DONE && loader->u->done_log >= 0)
        (void)!write(loader->u->done_log, number, sizeof(number));
    if (part->gave_way) {
        loader->returned[loader->returned_count++] = k;
    } else if (status != CLI_DONE && loader->status == CLI_DONE) {
        loader->status = status;
        loader->response = *resp;
        *resp = (struct remote_response){0};
    }
    (void)pthread_cond_broadcast(&loader->room);
    (void)pthread_mutex_unlock(&loader->lock);
}

static void *
run_uploader(void *arg) {
    struct uploader *loader = arg;
    (void)pthread_setname_np(pthread_self(), "upload");

    for (;;) {
        struct part_upload part = {.loader = loader};
        struct remote_response resp = {0};
        uint32_t k = 0;
        if (!take_part_to_send(&part, &k)) break;
        enum cli_exit status = send_part(&part, k, &resp);
        note_sent(&part, k, status, &resp);
        remote_response_clear(&resp);
    }

    (void)pthread_mutex_lock(&loader->lock);
    loader->running--;
    (void)pthread_cond_signal(&loader->changed);
    (void)pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* Draw the progress bar until every thread has finished. */
static void
draw_until_sent(struct uploader *loader) {
    (void)pthread_mutex_lock(&loader->lock);
    while (loader->running > 0) {
        struct timespec until = thread_deadline(DRAW_MS);
        (void)pthread_cond_timedwait(&loader->changed, &loader->lock, &until);
        progress_draw(&loader->bar);
    }
    (void)pthread_mutex_unlock(&loader->lock);
}

/* Start one thread.  Returns whether that worked. */
static bool
start_uploader(struct uploader *loader, pthread_t *thread) {
    /* The count is raised first, or the thread could finish before it. */
    (void)pthread_mutex_lock(&loader->lock);
    loader->running++;
    (void)pthread_mutex_unlock(&loader->lock);
    if (thread_start(thread, 0, run_uploader, loader) == 0) return true;

    (void)pthread_mutex_lock(&loader->lock);
    loader->running--;
    (void)pthread_mutex_unlock(&loader->lock);
    return false;
}

static enum cli_exit
send_parts(struct uploader *loader) {
    pthread_t threads[UPLOAD_THREADS];
    uint32_t started = 0;
    while (started < UPLOAD_THREADS && started < upload_parts(loader->u) &&
           start_uploader(loader, &threads[started]))
        started++;
    if (started == 0) loader->status = CLI_FAILED;

    draw_until_sent(loader);
    for (uint32_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    if (loader->status == CLI_DONE && signals_stop_asked()) loader->status = CLI_INTERRUPTED;
    return loader->status;
}

/* Count the parts that the server has already. */
static void
begin_upload_bar(struct uploader *loader) {
    const struct upload *u = loader->u;
    progress_begin(&loader->bar, u->label, u->size, loader->cli->bar);
    progress_scale(&loader->bar, u->content_size);
    for (uint32_t k = 0; u->done != NULL && k < upload_parts(u); k++)
        if (u->done[k] != 0) loader->bar.begun_with += upload_part_len(u, k);
    atomic_store(&loader->bar.done, loader->bar.begun_with);
}

static void
complain_upload(const struct cli *cli, const struct upload *u, enum cli_exit status,
                const struct remote_response *resp) {
    if (status != CLI_GONE) {
        remote_complain(&cli->remote, status, resp, "upload");
        return;
    }

    /* Only an answer to a request has a body. */
    say_error("the server no longer has the upload");
    if (u->complete != NULL) say_hint("Answer again with secrets answer, or ask for a new link.");
    else say_hint("Share it again with secrets put.");
}

bool
upload_is_over(enum cli_exit status, const struct remote_response *resp) {
    return status == CLI_DONE || remote_refused_for_good(resp);
}

enum cli_exit
upload_complete(struct cli *cli, const struct upload *u, struct remote_response *resp) {
    char path[REMOTE_PATH_MAX];
    remote_secret_path(path, u->id, "/complete");
    struct remote_call call = {
        .method = HTTP_POST,
        .path = path,
        .token = u->owner_token,
        .json = u->complete,
        .expect = {.kind = EXPECT_EMPTY},
    };
    return remote_call(&cli->remote, &call, resp);
}

/* Send the parts of ${u} that the server does not have, and ask it to complete the upload. */
static enum cli_exit
send_and_complete(struct cli *cli, const struct upload *u, struct remote_response *resp) {
    struct uploader loader = {.cli = cli, .u = u, .status = CLI_DONE};
    (void)pthread_mutex_init(&loader.lock, NULL);
    thread_cond_init(&loader.changed);
    thread_cond_init(&loader.room);
    pace_begin(&loader.pace, UPLOAD_THREADS);

    begin_upload_bar(&loader);
    enum cli_exit status = send_parts(&loader);
    progress_end(&loader.bar);
    (void)pthread_mutex_destroy(&loader.lock);
    (void)pthread_cond_destroy(&loader.changed);
    (void)pthread_cond_destroy(&loader.room);

    /* The secret can be opened only from here on. */
    if (status == CLI_DONE) status = upload_complete(cli, u, resp);
    else *resp = loader.response;
    return status;
}

enum cli_exit
upload_run(struct cli *cli, const struct upload *u, struct remote_response *resp) {
    enum cli_exit status = send_and_complete(cli, u, resp);

    /* A part that was acknowledged is not there: believe the server, and send all parts again. */
    if (strcmp(resp->code, "incomplete") == 0) {
        struct upload whole = *u;
        whole.done = NULL;
        if (whole.done_log >= 0) (void)!ftruncate(whole.done_log, 0);
        remote_response_clear(resp);
        *resp = (struct remote_response){0};
        say_note("The server lacks parts that it had acknowledged; sending all of them again.");
        status = send_and_complete(cli, &whole, resp);
    }
    if (status != CLI_DONE && upload_is_over(status, resp)) complain_upload(cli, u, status, resp);
    return status;
}
