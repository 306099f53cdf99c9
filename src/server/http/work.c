/* SPDX-License-Identifier: MIT */
/*
 * A request at the API.  What never blocks runs on the I/O thread.  A create or an open whose
 * response follows a write of the store leaves the thread to others until the store posts the task
 * of the connection.  A worker runs everything else.
 */
#include "http/problem.h"
#include "server/http/internal.h"
#include "server/process/process.h"

/* ${c} waits in ${stage} for at most ${ms} (0: no limit) until another thread posts its task. */
static void
await_task(struct conn *c, enum stage stage, void (*run)(struct task *t), int64_t ms) {
    conn_allow(c, ms);
    c->stage = stage;
    c->task.run = run;
    c->queued = true;
}

/* The response is complete: the body is needed no more. */
static void
keep_response(struct conn *c) {
    held_release_body(c);
    held_keep_response(c);
}

/* Too many requests wait. */
static enum next
respond_busy(struct conn *c) {
    problem_respond(&c->response, PROBLEM_BUSY, NULL);
    return c->complete ? request_respond(c) : request_respond_early(c);
}

/* --- workers ---------------------------------------------------------------------------------- */

/* A worker has done its part: go on on the I/O thread. */
static void
return_request(struct task *t) {
    struct conn *c = conn_of(t, task);
    enum next next;
    c->queued = false;
    if (c->stage == STAGE_WORKING) next = request_respond(c);
    else next = c->welcome ? request_expect_body(c) : request_respond_early(c);
    request_go_on(c, next);
}

static bool
run_work(struct job *job) {
    struct conn *c = conn_of(job, job);
    struct api *api = c->io->daemon->config.api;
    if (c->stage == STAGE_CHECKING) {
        c->welcome = api_check(api, &c->http, c->head.body_len, &c->admission, &c->response) != 0;
    } else {
        api_handle(api, c->admission.route, &c->http, &c->response);
        keep_response(c);
    }
    process_wipe_stack();
    loop_post(c->io->loop, &c->task);
    return true;
}

static enum next
hand_to_worker(struct conn *c, enum stage stage) {
    const struct party client = http_address_party(&c->http.client);

    await_task(c, stage, return_request, 0);
    c->job.run = run_work;
    if (jobs_submit_for(c->io->daemon->workers, &c->job, &client) == 0) return NEXT_WAIT;
    c->queued = false;
    return respond_busy(c);
}

enum next
work_check(struct conn *c) {
    return hand_to_worker(c, STAGE_CHECKING);
}

/* --- the I/O thread --------------------------------------------------------------------------- */

/* Go on after the API came to ${progress}. */
static enum next
follow_progress(struct conn *c, enum api_progress progress) {
    c->io->dirty = true;
    if (progress == API_FOLLOWS) {
        atomic_fetch_add(&c->io->daemon->waiting, 1);
        return NEXT_WAIT;
    }

    c->queued = false;
    if (progress == API_BLOCKS) return hand_to_worker(c, STAGE_WORKING);
    keep_response(c);
    return request_respond(c);
}

/* The store has written, or was given up. */
static void
finish_work(struct conn *c) {
    atomic_fetch_sub(&c->io->daemon->waiting, 1);
    request_go_on(c, follow_progress(c, api_finish(&c->later)));
}

static void
run_finish(struct task *t) {
    finish_work(conn_of(t, task));
}

/* api_later.ready */
static void
post_finish(struct api_later *l) {
    struct conn *c = conn_of(l, later);
    loop_post(c->io->loop, &c->task);
}

enum next
work_handle(struct conn *c) {
    struct daemon *d = c->io->daemon;
    bool follows = c->admission.follows && c->http.body.len < CONN_BODY_SMALL;
    if (!follows && !c->admission.quick) return hand_to_worker(c, STAGE_WORKING);
    if (follows && atomic_load(&d->waiting) >= d->config.queue_max) return respond_busy(c);

    await_task(c, STAGE_WAITING, run_finish, d->config.store_ms);
    c->later.ready = post_finish;
    return follow_progress(
        c, api_begin(d->config.api, c->admission.route, &c->http, &c->response, &c->later));
}

void
work_late(struct conn *c) {
    if (api_give_up(&c->later)) finish_work(c);
}
