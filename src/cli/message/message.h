/* SPDX-License-Identifier: MIT */
/*
 * The responses of the API, checked when they arrive.  The ranges are those of docs/openapi.yaml
 * where it has them, and have the names that they have in web/src/net/.  Each function returns
 * whether the response is as it should be; if not, it is CLI_DAMAGED and nothing of it is shown.
 * Unknown members are ignored.  Pure functions.  Any thread.
 */
#ifndef CLI_MESSAGE_MESSAGE_H
#define CLI_MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/text/json.h"
#include "crypto/envelope/envelope.h"
#include "crypto/token.h"

enum {
    MESSAGE_PART_MIN = 64 * 1024,
    MESSAGE_PART_MAX = 4 * 1024 * 1024,
    MESSAGE_INLINE_MAX = 4 * 1024 * 1024,
    MESSAGE_VIEWS_MAX = 100,
    MESSAGE_ATTEMPTS_MAX = 100,
    MESSAGE_ANSWERS_MAX = 100,
    MESSAGE_TTL_MIN = 60,
    MESSAGE_TTL_MAX = 3650 * 86400,
};

#define MESSAGE_SIZE_MAX (((int64_t)1 << 53) - 1)
#define MESSAGE_TIME_MAX ((int64_t)8640000000000) /* the last second of a Date in JavaScript */

/* Read the integer called ${name} in ${json}, from ${min} to ${max}, into ${out}. */
MUST_CHECK
bool message_within(const json_t *json, const char *name, int64_t min, int64_t max, int64_t *out);

/* Read the time called ${name}, in unix seconds, into ${out}. */
MUST_CHECK
bool message_time(const json_t *json, const char *name, int64_t *out);

/* What a server says of a secret. */
struct message_info {
    uint8_t header[ENVELOPE_HEADER_LEN];
    int64_t size;          /* of the envelope */
    uint32_t part_size;    /* 0 if the response to open has the content */
    int64_t views_left;    /* views that can still be taken */
    int64_t expires_at;    /* unix seconds */
    int64_t attempts_left; /* -1 if they are not counted */
    bool passphrase, gate, wrap;
};

MUST_CHECK
bool message_read_info(const json_t *json, struct message_info *out);

/* Return whether ${info} is of an answer of ${size} bytes: of that size, with one view at most, and
 * without passphrase, wrap, gate and count of attempts. */
bool message_is_answer(const struct message_info *info, int64_t size);

/* A secret or an answer whose upload has begun. */
struct message_created {
    char id[TOKEN_SEALED_ID_LEN + 1];
    char owner_token[TOKEN_LEN + 1];
    int64_t expires_at;
    uint32_t part_size; /* 0 if the content was sent with the call */
};

MUST_CHECK
bool message_read_created(const json_t *json, struct message_created *out);

/* Check the times of a receipt. */
MUST_CHECK
bool message_check_receipt(const json_t *json);

/* Check the numbers of a list of answers. */
MUST_CHECK
bool message_check_answers(const json_t *json);

/* Return the attempts left that a refusal tells; -1 if it tells none, or a number that none is. */
int64_t message_attempts_left(const json_t *json);

#endif
