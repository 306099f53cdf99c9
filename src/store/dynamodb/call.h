/* SPDX-License-Identifier: MIT */
/* One request to DynamoDB, and what came of it. */
#ifndef STORE_DYNAMODB_CALL_H
#define STORE_DYNAMODB_CALL_H

#include <jansson.h>

#include "aws/service.h"

enum dynamodb_outcome {
    DYNAMODB_DONE,      /* done; the answer is there */
    DYNAMODB_REFUSED,   /* the condition did not hold; perhaps with the item */
    DYNAMODB_NOT_DONE,  /* throttled, or never arrived: may be tried again */
    DYNAMODB_UNKNOWN,   /* it may have been done */
    DYNAMODB_NO_INDEX,  /* the table has no such index */
    DYNAMODB_TOO_LARGE, /* the item would be larger than an item can be */
    DYNAMODB_WRONG,     /* refused for good: no such table, no permission, not understood */
    DYNAMODB_NOMEM,
};

/*
 * Send ${body}, whose reference is taken over (NULL is DYNAMODB_NOMEM), as operation ${operation}.
 * ${once}: never a second time, not even by the HTTP client.  ${answer} gets a new reference to the
 * answer, or with DYNAMODB_REFUSED to the item as it is if the service told; else NULL.
 */
MUST_CHECK
enum dynamodb_outcome dynamodb_call(struct aws_service *s, const char *operation, json_t *body,
                                    bool once, json_t **answer);

/* What an answer of ${status} with ${body} means. */
MUST_CHECK
enum dynamodb_outcome dynamodb_call_judge(int status, const json_t *body);

#endif
