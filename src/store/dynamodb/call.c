/* SPDX-License-Identifier: MIT */
#include "store/dynamodb/call.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text/json.h"

enum { RESPONSE_MAX = 4 * 1024 * 1024 };

/* Returns the name of the error in ${body}, without the prefix before its '#'; "" if there is
 * none. */
static const char *
error_name(const json_t *body) {
    const char *type = json_string_value(json_object_get(body, "__type"));
    if (type == NULL) return "";
    const char *hash = strrchr(type, '#');
    return hash != NULL ? hash + 1 : type;
}

/* Whether the message in ${body}, of either spelling, contains ${words}. */
static bool
message_contains(const json_t *body, const char *words) {
    const char *message = json_string_value(json_object_get(body, "message"));
    if (message == NULL) message = json_string_value(json_object_get(body, "Message"));
    return message != NULL && strcasestr(message, words) != NULL;
}

enum dynamodb_outcome
dynamodb_call_judge(int status, const json_t *body) {
    static const char *const throttled[] = {
        "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded",
        "LimitExceededException", "TransactionConflictException"};
    const char *name = error_name(body);

    if (status == 200) return json_is_object(body) ? DYNAMODB_DONE : DYNAMODB_UNKNOWN;

    /* What the error's name says counts before its status. */
    if (strcmp(name, "ConditionalCheckFailedException") == 0) return DYNAMODB_REFUSED;
    for (size_t i = 0; i < ARRAY_LEN(throttled); i++)
        if (strcmp(name, throttled[i]) == 0) return DYNAMODB_NOT_DONE;

    if (status == 429) return DYNAMODB_NOT_DONE;
    if (status >= 500 || status < 400) return DYNAMODB_UNKNOWN;
    if (message_contains(body, "index")) return DYNAMODB_NO_INDEX;
    if (message_contains(body, "size")) return DYNAMODB_TOO_LARGE;
    return DYNAMODB_WRONG;
}

static enum dynamodb_outcome
outcome_of_failure(int err) {
    if (err == ERR_NOMEM) return DYNAMODB_NOMEM;
    return err == ERR_STORE ? DYNAMODB_NOT_DONE : DYNAMODB_UNKNOWN;
}

/* Judge ${resp}, and put the useful part of its body into ${response}. */
static enum dynamodb_outcome
judge_response(const char *operation, struct http_client_response *resp, json_t **response) {
    /* Not json_parse_object(): a record has more members than it allows. */
    json_t *body = json_loadb(buf_text(&resp->body), resp->body.len,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    enum dynamodb_outcome outcome = dynamodb_call_judge(resp->status, body);

    if (outcome == DYNAMODB_DONE) *response = json_incref(body);
    if (outcome == DYNAMODB_REFUSED) *response = json_incref(json_object_get(body, "Item"));
    if (outcome == DYNAMODB_WRONG || outcome == DYNAMODB_UNKNOWN)
        log_warn("dynamodb.refused", LOG_TEXT("operation", operation),
                 LOG_NUMBER("status", resp->status), LOG_TEXT("error", error_name(body)));
    json_decref(body);
    return outcome;
}

enum dynamodb_outcome
dynamodb_call(struct aws_service *s, const char *operation, json_t *body, bool once,
              json_t **response) {
    struct buf text = BUF_INIT(RESPONSE_MAX);
    struct http_client_response resp = {.body = BUF_INIT(RESPONSE_MAX)};
    enum dynamodb_outcome outcome = DYNAMODB_NOMEM;
    char target[64];

    *response = NULL;
    if (body == NULL || json_write(body, &text) != 0) goto out;
    (void)snprintf(target, sizeof(target), "DynamoDB_20120810.%s", operation);

    /* The whole of a request is its body: path and query are always the same. */
    const struct http_field fields[] = {{"Content-Type", "application/x-amz-json-1.0"},
                                        {"X-Amz-Target", target}};
    struct aws_call call = {.method = HTTP_POST,
                            .path = "/",
                            .query = "",
                            .fields = fields,
                            .field_count = ARRAY_LEN(fields),
                            .body = text.data,
                            .body_len = text.len,
                            .once = once};

    int err = aws_service_call(s, &call, &resp);
    if (err == 0) outcome = judge_response(operation, &resp, response);
    else outcome = outcome_of_failure(err);

out:
    json_decref(body);
    buf_free(&text);
    buf_free(&resp.body);
    return outcome;
}
