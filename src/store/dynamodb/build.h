/* SPDX-License-Identifier: MIT */
/*
 * How the bodies of requests to DynamoDB are put together.  A body under construction is NULL once
 * memory is short, and stays NULL: callers check the finished body only.
 */
#ifndef STORE_DYNAMODB_BUILD_H
#define STORE_DYNAMODB_BUILD_H

#include <jansson.h>

#include "store/dynamodb/item.h"

/* Set ${name} of ${body}.  Takes over the reference to ${value}; NULL makes ${body} NULL. */
void build_put(json_t **body, const char *name, json_t *value);

/* Returns {"TableName": "TABLE"}, a new reference. */
json_t *build_start(const char *table);

/* Returns {"secret_id": {"S": "ID SUFFIX"}}, a new reference. */
json_t *build_key(const char *id, const char *suffix);

/*
 * Set ${field} of ${body} to ${expression}.  Attributes are written as #name in it, because many of
 * their names are reserved words of DynamoDB.  Each #name is declared.
 */
void build_expression(json_t **body, const char *field, const char *expression);

/* Declare the value ${name} (":name").  Takes over the reference to ${value}. */
void build_value(json_t **body, const char *name, json_t *value);

/* Declare the value ${name} as ${number}. */
void build_number(json_t **body, const char *name, int64_t number);

/* Declare :sweep and :sweep_at, the place of ${r} in the sweep's index. */
void build_sweep(json_t **body, const char *id, const struct record *r);

/*
 * Begin an UpdateItem of ${id}, a new reference.  The response holds the item afterwards, or, if
 * the condition fails, as it is.
 *
 * {
 *   "TableName": "TABLE", "Key": {"secret_id": {"S": "ID"}},
 *   "ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
 *   "UpdateExpression": "EXPRESSION", "ConditionExpression": "CONDITION",
 *   "ExpressionAttributeNames": {"#NAME": "NAME", ...}
 * }
 */
json_t *build_update(const char *table, const char *id, const char *expression,
                     const char *condition);

#endif
