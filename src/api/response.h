/* SPDX-License-Identifier: MIT */
/*
 * Responses: a JSON object is written straight into the body, so that content is in memory once,
 * and an error code of the vault becomes a problem.
 */
#ifndef API_RESPONSE_H
#define API_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"
#include "http/problem.h"

/* Writes one JSON object.  It keeps the first error, which response_end() reports. */
struct response_writer {
    struct http_response *resp;
    bool more; /* a member precedes: write a comma */
    int err;
};

/* Begin an object in the body of ${resp}, which is emptied and grown to about ${len} bytes. */
void response_begin(struct response_writer *w, struct http_response *resp, size_t len);

/* Write a member.  ${name} is a constant that needs no escaping, and ${text} is valid UTF-8. */
void response_text(struct response_writer *w, const char *name, const char *text, size_t len);
void response_string(struct response_writer *w, const char *name, const char *text);
void response_number(struct response_writer *w, const char *name, int64_t value);
void response_bool(struct response_writer *w, const char *name, bool value);

/* Write the ${len} bytes at ${json}, which are JSON already. */
void response_json(struct response_writer *w, const char *name, const void *json, size_t len);

/* Write ${data} in standard, padded base64; or in unpadded base64url. */
void response_base64(struct response_writer *w, const char *name, const void *data, size_t len);
void response_base64url(struct response_writer *w, const char *name, const void *data, size_t len);

/*
 * Open and close an array.  Inside it response_object_open() and response_object_close() enclose
 * each object, and members without a name (NULL) are elements.  An object with a name is a member.
 */
void response_array_open(struct response_writer *w, const char *name);
void response_array_close(struct response_writer *w);
void response_object_open(struct response_writer *w, const char *name);
void response_object_close(struct response_writer *w);

/* End the object and set ${status} and Content-Type; or respond with a problem after an error. */
void response_end(struct response_writer *w, int status);

/*
 * The two steps of response_end(), for a body that must be complete before something else happens.
 * response_close() ends the object but leaves the status unset.  It returns 0 or the first error.
 * response_set_status() then sets ${status} and Content-Type, and cannot fail.  A handler that
 * stops in between begins the response again.
 */
MUST_CHECK
int response_close(struct response_writer *w);
void response_set_status(struct http_response *resp, int status);

/*
 * Reserve memory for a body of ${bytes} in the adapter.  Handlers call it before the work starts
 * and before a view is claimed, so that a refusal costs nothing.  Returns 0, or ERR_BUSY, which
 * response_error() turns into 503 with Retry-After.
 */
MUST_CHECK
int response_reserve(struct http_response *resp, uint64_t bytes);

/* Respond with 204 and no body. */
void response_no_content(struct http_response *resp);

/* Respond with the problem for the negative code ${err} of the vault. */
void response_error(struct http_response *resp, int err);

#endif
