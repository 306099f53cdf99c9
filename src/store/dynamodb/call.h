/* SPDX-License-Identifier: MIT */
/* One request to DynamoDB, and its outcome. */
#ifndef STORE_DYNAMODB_CALL_H
#define STORE_DYNAMODB_CALL_H

#include <jansson.h>

#include "aws/service.h"

enum dynamodb_outcome {
    DYNAMODB_DONE,      /* done; there is a response */
    DYNAMODB_REFUSED,   /* the condition did not hold; the response may hold the item */
    DYNAMODB_NOT_DONE,  /* throttled or never arrived: may be repeated */
    DYNAMODB_UNKNOWN,   /* it may have been done */
    DYNAMODB_NO_INDEX,  /* the table has no such index */
    DYNAMODB_TOO_LARGE, /* the item would exceed the size of an item */
    DYNAMODB_WRONG,     /* refused for good: no such table, no permission, not understood */
    DYNAMODB_NOMEM,
};

/*
 * Send ${body}, whose reference is taken over (NULL is DYNAMODB_NOMEM), as operation ${operation}.
 * With ${once} it is never sent a second time, not even by the HTTP client.  ${response} gets a new
 * reference: to the response if it is done, to the item as it is if it is refused and the service
 * returned that, else NULL.
 */
MUST_CHECK
enum dynamodb_outcome dynamodb_call(struct aws_service *s, const char *operation, json_t *body,
                                    bool once, json_t **response);

/* Returns what a response of ${status} with ${body} means. */
MUST_CHECK
enum dynamodb_outcome dynamodb_call_judge(int status, const json_t *body);

#endif
