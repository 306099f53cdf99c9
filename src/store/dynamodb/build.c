/* SPDX-License-Identifier: MIT */
#include "store/dynamodb/build.h"

#include <ctype.h>

#include "vault/policy.h"

void
build_put(json_t **body, const char *name, json_t *value) {
    if (*body != NULL && json_object_set_new(*body, name, value) == 0) return;
    if (*body == NULL) json_decref(value);
    json_decref(*body);
    *body = NULL;
}

json_t *
build_start(const char *table) {
    json_t *body = json_object();
    build_put(&body, "TableName", json_string(table));
    return body;
}

json_t *
build_key(const char *id, const char *suffix) {
    char key[TOKEN_SEALED_ID_LEN + sizeof(DYNAMODB_CONTENT_SUFFIX)];
    json_t *o = json_object();
    json_t *value = NULL;

    int n = snprintf(key, sizeof(key), "%s%s", id, suffix);
    if (n > 0 && (size_t)n < sizeof(key)) value = dynamodb_item_s(key, (size_t)n);
    build_put(&o, "secret_id", value);
    return o;
}

/* Declare in ${names} the name at ${at}, which begins with '#'.  Returns 0, or -1 if memory is
 * short. */
static int
declare_name(json_t *names, const char *at) {
    char name[64] = "#";
    size_t len = 1;

    while (len < sizeof(name) - 1 && (isalnum((unsigned char)at[len]) || at[len] == '_')) {
        name[len] = at[len];
        len++;
    }
    return json_object_set_new(names, name, json_string(name + 1));
}

void
build_expression(json_t **body, const char *field, const char *expression) {
    if (json_object_get(*body, "ExpressionAttributeNames") == NULL)
        build_put(body, "ExpressionAttributeNames", json_object());
    json_t *names = json_object_get(*body, "ExpressionAttributeNames");

    build_put(body, field, json_string(expression));
    for (const char *at = strchr(expression, '#'); at != NULL; at = strchr(at + 1, '#')) {
        if (*body == NULL) return;
        if (declare_name(names, at) != 0) build_put(body, "", NULL);
    }
}

void
build_value(json_t **body, const char *name, json_t *value) {
    if (json_object_get(*body, "ExpressionAttributeValues") == NULL)
        build_put(body, "ExpressionAttributeValues", json_object());
    json_t *values = json_object_get(*body, "ExpressionAttributeValues");

    if (values == NULL) json_decref(value);
    else if (json_object_set_new(values, name, value) != 0) build_put(body, "", NULL);
}

void
build_number(json_t **body, const char *name, int64_t number) {
    build_value(body, name, dynamodb_item_n(number));
}

void
build_sweep(json_t **body, const char *id, const struct record *r) {
    char shard[2];
    dynamodb_item_shard(id, strlen(id), shard);
    build_value(body, ":sweep", dynamodb_item_s(shard, 1));
    build_number(body, ":sweep_at", policy_sweep_at(r));
}

json_t *
build_update(const char *table, const char *id, const char *expression, const char *condition) {
    json_t *body = build_start(table);
    build_put(&body, "Key", build_key(id, ""));
    build_put(&body, "ReturnValues", json_string("ALL_NEW"));
    build_put(&body, "ReturnValuesOnConditionCheckFailure", json_string("ALL_OLD"));
    build_expression(&body, "UpdateExpression", expression);
    build_expression(&body, "ConditionExpression", condition);
    return body;
}
