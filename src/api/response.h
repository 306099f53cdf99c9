/* SPDX-License-Identifier: MIT */
/*
 * Answers: JSON written straight into the body, so that content is copied and held once, and the
 * problem that an error of the vault stands for.
 */
#ifndef API_RESPONSE_H
#define API_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"
#include "http/problem.h"

/* A JSON object that is being written; the first error stays and response_end() tells it. */
struct response_writer {
    struct http_response *resp;
    bool more; /* a member is there already */
    int err;
};

/* Begin an object in the empty body of ${resp}; about ${len} bytes are expected. */
void response_begin(struct response_writer *w, struct http_response *resp, size_t len);

/* Members.  ${name} is a constant that needs no escaping; ${text} is valid UTF-8. */
void response_text(struct response_writer *w, const char *name, const char *text, size_t len);
void response_string(struct response_writer *w, const char *name, const char *text);
void response_number(struct response_writer *w, const char *name, int64_t value);
void response_bool(struct response_writer *w, const char *name, bool value);
void response_base64(struct response_writer *w, const char *name, const void *data,
                     size_t len); /* standard */
void response_base64url(struct response_writer *w, const char *name, const void *data,
                        size_t len); /* URL */

/* An array: between open and close, response_object_open() and _close() enclose each of its
 * objects; numbers without names stand there by themselves. */
void response_array_open(struct response_writer *w, const char *name);
void response_array_close(struct response_writer *w);
void response_object_open(struct response_writer *w);
void response_object_close(struct response_writer *w);

/* End the object: ${status} with Content-Type, or a problem if it could not be written. */
void response_end(struct response_writer *w, int status);

/*
 * The same in two steps, for what has to be whole before something else is done: the object ends in
 * the body of an answer that says nothing yet; and ${resp} says ${status}, which cannot fail.  The
 * first returns 0 or why it could not be written; whoever goes no further answers anew.
 */
MUST_CHECK
int response_close(struct response_writer *w);
void response_set_status(struct http_response *resp, int status);

/*
 * Reserve memory for a body of ${bytes} in the adapter.  Call it before the work starts and before
 * a view is claimed: what does not fit is refused while that costs nothing.  Returns 0, or ERR_BUSY
 * (answer with response_error(), which is 503 with Retry-After).
 */
MUST_CHECK
int response_reserve(struct http_response *resp, uint64_t bytes);

/* Answer 204 without a body. */
void response_no_content(struct http_response *resp);

/* Answer the problem that the negative code ${err} of the vault stands for. */
void response_error(struct http_response *resp, int err);

#endif
