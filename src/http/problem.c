/* SPDX-License-Identifier: MIT */
#include "http/problem.h"

#include <inttypes.h>

enum { RETRY_AFTER = 2 /* seconds that a burst of derivations or commits may last */ };

static const struct {
    const char *code, *title;
    int status;
} problems[] = {
#define X(name, code_, status_, title_)                                                            \
    [PROBLEM_##name] = {.code = (code_), .title = (title_), .status = (status_)},
    PROBLEM_LIST(X)
#undef X
};

static int
write_problem(struct buf *out, enum problem p, const struct problem_more *more) {
    int err = buf_printf(out, "{\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"", problems[p].title,
                         problems[p].status, problems[p].code);
    if (err == 0 && more->field != NULL) err = buf_printf(out, ",\"field\":\"%s\"", more->field);
    if (err == 0 && more->detail != NULL) err = buf_printf(out, ",\"detail\":\"%s\"", more->detail);
    if (err == 0 && more->name != NULL)
        err = buf_printf(out, ",\"%s\":%" PRId64, more->name, more->number);
    return err == 0 ? buf_add_byte(out, '}') : err;
}

void
problem_respond(struct http_response *r, enum problem p, const struct problem_more *more) {
    static const struct problem_more none = {0};
    r->status = problems[p].status;
    r->constant = NULL;
    r->constant_len = 0;
    buf_reset(&r->body);
    piped_close(&r->piped);
    r->omitted = 0;

    /* If memory is short, the response has no body. */
    if (more == NULL) more = &none;
    if (write_problem(&r->body, p, more) != 0) buf_reset(&r->body);

    http_response_set(r, "Content-Type", "application/problem+json");
    if (r->status == 503 && http_response_get(r, "Retry-After") == NULL)
        http_response_setf(r, "Retry-After", "%d", RETRY_AFTER);
}

void
problem_field(struct http_response *r, const char *field, const char *detail) {
    problem_respond(r, PROBLEM_FIELD, &(struct problem_more){.field = field, .detail = detail});
}
