/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "http/problem.h"
#include "server/http/internal.h"

enum { BODY_KEPT = 4 * 1024 /* bytes of memory that a connection keeps for its next body */ };

/* Whether the request can be repeated, so that refusing its response costs nothing. */
static bool
is_repeatable(const struct conn *c) {
    return c->http.method == HTTP_GET || c->http.method == HTTP_HEAD;
}

/* The budget that the response of ${c} is held from.  Parts have one of their own: responses that
 * nobody reads do not keep others from fetching parts. */
static struct budget *
response_budget(const struct conn *c) {
    if (is_repeatable(c)) return c->io->daemon->downloads;
    return c->io->daemon->responses;
}

void
held_release_response(struct conn *c) {
    budget_give(response_budget(c), &c->http.client, c->response_held);
    c->response_held = 0;
}

int
held_reserve(void *conn, uint64_t bytes) {
    struct conn *c = conn;
    held_release_response(c);
    if (!budget_take(response_budget(c), &c->http.client, (size_t)bytes, BUDGET_SHARES))
        return ERR_BUSY;
    c->response_held = (size_t)bytes;
    return 0;
}

void
held_keep_response(struct conn *c) {
    struct http_response *r = &c->response;
    struct budget *budget = response_budget(c);
    size_t len = r->body.len + r->piped.len;
    if (len <= c->response_held) {
        budget_shrink(budget, &c->http.client, c->response_held, len);
        c->response_held = len;
        return;
    }

    held_release_response(c);
    enum budget_rule rule = BUDGET_FORCED;
    if (is_repeatable(c)) rule = BUDGET_SHARES;
    if (budget_take(budget, &c->http.client, len, rule)) {
        c->response_held = len;
    } else if (is_repeatable(c)) {
        buf_free(&r->body);
        problem_respond(r, PROBLEM_BUSY, NULL);
    }
}

bool
held_take_body(struct conn *c, size_t len) {
    if (!budget_grow(c->io->daemon->bodies, &c->http.client, c->body_held, len)) return false;
    c->body_held = len;
    return true;
}

void
held_release_body(struct conn *c) {
    budget_give(c->io->daemon->bodies, &c->http.client, c->body_held);
    c->body_held = 0;
    if (c->http.body.cap > BODY_KEPT) buf_free(&c->http.body);
    else buf_reset(&c->http.body);
}
