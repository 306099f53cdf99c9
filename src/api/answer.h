/* SPDX-License-Identifier: MIT */
/*
 * Answers: JSON written straight into the body, so that content is copied and held once, and the
 * problem that an error of the vault stands for.
 */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"
#include "http/problem.h"

/* A JSON object that is being written; the first error stays and answer_end() tells it. */
struct answer {
    struct http_response *resp;
    bool more; /* a member is there already */
    int err;
};

/* Begin an object in the empty body of ${resp}; about ${len} bytes are expected. */
void answer_begin(struct answer *a, struct http_response *resp, size_t len);

/* Members.  ${name} is a constant that needs no escaping; ${text} is valid UTF-8. */
void answer_text(struct answer *a, const char *name, const char *text, size_t len);
void answer_string(struct answer *a, const char *name, const char *text);
void answer_number(struct answer *a, const char *name, int64_t value);
void answer_bool(struct answer *a, const char *name, bool value);
void answer_base64(struct answer *a, const char *name, const void *data, size_t len); /* standard */
void answer_base64url(struct answer *a, const char *name, const void *data, size_t len); /* URL */

/* An array: between open and close, answer_object_open() and _close() enclose each of its objects;
 * numbers without names stand there by themselves. */
void answer_array_open(struct answer *a, const char *name);
void answer_array_close(struct answer *a);
void answer_object_open(struct answer *a);
void answer_object_close(struct answer *a);

/* End the object: ${status} with Content-Type, or a problem if it could not be written. */
void answer_end(struct answer *a, int status);

/*
 * The same in two steps, for what has to be whole before something else is done: the object ends in
 * the body of an answer that says nothing yet; and ${resp} says ${status}, which cannot fail.  The
 * first returns 0 or why it could not be written; whoever goes no further answers anew.
 */
MUST_CHECK
int answer_close(struct answer *a);
void answer_give(struct http_response *resp, int status);

/* Answer 204 without a body. */
void answer_nothing(struct http_response *resp);

/* Answer the problem that the negative code ${err} of the vault stands for. */
void answer_error(struct http_response *resp, int err);

#endif
