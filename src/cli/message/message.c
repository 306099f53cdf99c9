/* SPDX-License-Identifier: MIT */
#include "cli/message/message.h"

#include <string.h>

#include "base/text/base64.h"

bool
message_within(const json_t *json, const char *name, int64_t min, int64_t max, int64_t *out) {
    const json_t *value = json_object_get(json, name);
    if (!json_is_integer(value)) return false;
    *out = json_integer_value(value);
    return *out >= min && *out <= max;
}

bool
message_time(const json_t *json, const char *name, int64_t *out) {
    return message_within(json, name, 0, MESSAGE_TIME_MAX, out);
}

static bool
take_part_size(const json_t *json, uint32_t *out) {
    int64_t size = 0;
    if (!message_within(json, "part_size", 0, MESSAGE_PART_MAX, &size)) return false;
    *out = (uint32_t)size;
    return size == 0 || size >= MESSAGE_PART_MIN;
}

static bool
take_header(const json_t *json, uint8_t out[static ENVELOPE_HEADER_LEN]) {
    struct buf header = BUF_INIT(ENVELOPE_HEADER_LEN);
    const char *text = json_string_value(json_object_get(json, "header"));
    bool ok = text != NULL && base64_decode(BASE64_URL, text, strlen(text), &header) == 0 &&
              header.len == ENVELOPE_HEADER_LEN;
    if (ok) memcpy(out, header.data, ENVELOPE_HEADER_LEN);
    buf_free(&header);
    return ok;
}

/* Attempts are absent where they are not counted. */
static bool
take_attempts(const json_t *json, int64_t *out) {
    *out = -1;
    if (json_object_get(json, "attempts_left") == NULL) return true;
    return message_within(json, "attempts_left", 0, MESSAGE_ATTEMPTS_MAX, out);
}

bool
message_read_info(const json_t *json, struct message_info *out) {
    out->passphrase = json_is_true(json_object_get(json, "passphrase"));
    out->gate = json_is_true(json_object_get(json, "gate"));
    out->wrap = json_is_true(json_object_get(json, "wrap"));
    return take_header(json, out->header) &&
           message_within(json, "size", ENVELOPE_SIZE_MIN, MESSAGE_SIZE_MAX, &out->size) &&
           take_part_size(json, &out->part_size) &&
           message_within(json, "views_left", 0, MESSAGE_VIEWS_MAX, &out->views_left) &&
           message_time(json, "expires_at", &out->expires_at) &&
           take_attempts(json, &out->attempts_left);
}

bool
message_is_answer(const struct message_info *info, int64_t size) {
    bool bare = !info->passphrase && !info->wrap && !info->gate && info->attempts_left < 0;
    return bare && info->size == size && info->views_left <= 1;
}

bool
message_read_created(const json_t *json, struct message_created *out) {
    const char *id = json_string_value(json_object_get(json, "id"));
    const char *token = json_string_value(json_object_get(json, "owner_token"));
    if (id == NULL || !token_is_sealed_id(id, strlen(id))) return false;
    if (token == NULL || !token_is_canonical(token, strlen(token))) return false;

    memcpy(out->id, id, sizeof(out->id));
    memcpy(out->owner_token, token, sizeof(out->owner_token));
    return message_time(json, "expires_at", &out->expires_at) &&
           take_part_size(json, &out->part_size);
}

bool
message_check_receipt(const json_t *json) {
    const json_t *event = NULL;
    size_t i = 0;
    int64_t when = 0;
    json_array_foreach(json_object_get(json, "events"), i, event)
        if (!message_time(event, "at", &when)) return false;
    return message_time(json, "expires_at", &when);
}

bool
message_check_answers(const json_t *json) {
    const json_t *answers = json_object_get(json, "answers"), *one = NULL;
    size_t i = 0;
    int64_t n = 0;
    if (!json_is_array(answers) || json_array_size(answers) > MESSAGE_ANSWERS_MAX) return false;

    json_array_foreach(answers, i, one) {
        if (!message_time(one, "at", &n)) return false;
        if (!message_within(one, "size", ENVELOPE_SIZE_MIN, MESSAGE_SIZE_MAX, &n)) return false;
    }
    return message_within(json, "answers_left", 0, MESSAGE_ANSWERS_MAX, &n) &&
           message_time(json, "expires_at", &n);
}

int64_t
message_attempts_left(const json_t *json) {
    int64_t left = -1;
    if (!message_within(json, "attempts_left", 0, MESSAGE_ATTEMPTS_MAX, &left)) return -1;
    return left;
}
