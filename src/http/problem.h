/* SPDX-License-Identifier: MIT */
/*
 * Errors as application/problem+json (RFC 9457).  Every error response of this API is one of this
 * list, identified by its stable code.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "http/message.h"

/* X(NAME, "code", status, "title") */
#define PROBLEM_LIST(X)                                                                            \
    X(MALFORMED, "malformed", 400, "The request cannot be read")                                   \
    X(UNAUTHORIZED, "unauthorized", 401, "A token is required")                                    \
    X(CREATORS_ONLY, "creators_only", 401, "Not everybody may share here")                         \
    X(WRONG_KEY, "wrong_key", 403, "The link key is wrong")                                        \
    X(WRONG_PROOF, "wrong_proof", 403, "The proof of key is wrong")                                \
    X(FOREIGN_PAGE, "foreign_page", 403, "A page of another site sent this request")               \
    X(NOT_FOUND, "not_found", 404, "Not found, or no longer available")                            \
    X(METHOD, "method_not_allowed", 405, "This method is not allowed here")                        \
    X(CONFLICT, "conflict", 409, "The part does not match the upload")                             \
    X(INCOMPLETE, "incomplete", 409, "Parts are missing")                                          \
    X(UPLOADING, "uploading", 409, "The sender is still uploading")                                \
    X(REQUEST_FULL, "request_full", 409, "The request has all its answers")                        \
    X(LEASE_ENDED, "lease_ended", 409, "This lease has ended")                                     \
    X(TOO_LARGE, "too_large", 413, "The request is too large")                                     \
    X(TOO_LARGE_HERE, "too_large_here", 413, "The response would be too large for this server")    \
    X(TARGET_TOO_LONG, "target_too_long", 414, "The address is too long")                          \
    X(MEDIA_TYPE, "unsupported_media_type", 415, "This Content-Type is not supported")             \
    X(ENCODING, "unsupported_encoding", 415, "The body must not be compressed")                    \
    X(HOST, "wrong_host", 421, "This server does not have that name")                              \
    X(FIELD, "invalid_field", 422, "A field is not valid")                                         \
    X(TOO_MANY, "too_many_requests", 429, "Too many requests")                                     \
    X(TOO_MANY_UPLOADS, "too_many_uploads", 429, "Too many unfinished uploads")                    \
    X(HEAD_TOO_LARGE, "head_too_large", 431, "The head of the request is too large")               \
    X(INTERNAL, "internal", 500, "Something went wrong in the server")                             \
    X(BUSY, "busy", 503, "The server is busy")                                                     \
    X(UNAVAILABLE, "unavailable", 503, "The store does not respond")                               \
    X(UNKNOWN_OUTCOME, "unknown_outcome", 503, "It may or may not have been done")                 \
    X(VERSION, "unsupported_version", 505, "The request must be HTTP/1.1")                         \
    X(FULL, "full", 507, "No space is left")

enum problem {
#define X(name, code, status, title) PROBLEM_##name,
    PROBLEM_LIST(X)
#undef X
};

/* Additional members of a problem. */
struct problem_more {
    const char *field;  /* name of the invalid field: letters, digits and '_'; or NULL */
    const char *detail; /* one constant sentence without quotes; or NULL */
    const char *name;   /* name of ${number}; or NULL */
    int64_t number;
};

/*
 * Make ${r} the response for ${p}: set status and Content-Type and replace the body.  Other fields
 * stay.  ${more} may be NULL.  A problem of status 503 gets Retry-After unless that is set.
 */
void problem_respond(struct http_response *r, enum problem p, const struct problem_more *more);

/* Respond with PROBLEM_FIELD, naming ${field} and with the sentence ${detail}. */
void problem_field(struct http_response *r, const char *field, const char *detail);

#endif
