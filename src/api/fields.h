/* SPDX-License-Identifier: MIT */
/*
 * Fields of a JSON request by a table: name, type, bounds.  What does not fit is answered with a
 * problem that names the field.
 */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"

enum { FIELDS_MAX = 8, FIELD_BYTES_LEN = 32 };

enum field_type {
    FIELD_TEXT,    /* min..max bytes of UTF-8 */
    FIELD_INTEGER, /* min..max; 5.0 is one */
    FIELD_COUNT,   /* an integer, or one in a string, of at most 9 digits and either sign */
    FIELD_BOOL,
    FIELD_BYTES, /* FIELD_BYTES_LEN bytes as base64url */
    FIELD_TOKEN, /* TOKEN_LEN characters of base64url, taken as they come */
};

struct field {
    const char *name;
    enum field_type type;
    bool required;
    int64_t min, max;
};

struct field_value {
    bool present;
    bool flag;
    int64_t number;
    const char *text; /* in the document; may hold NUL bytes, and one is behind it */
    size_t len;
    uint8_t bytes[FIELD_BYTES_LEN];
};

/* What was read: one value for each row of the table, in its order. */
struct fields {
    json_t *doc;
    struct field_value values[FIELDS_MAX];
};

enum fields_mode {
    FIELDS_EXACT, /* other fields and duplicates are faults of a field: 422 */
    FIELDS_OPEN,  /* other fields are passed over; duplicates are malformed JSON: 400 */
};

/*
 * Read the body of ${req} as one JSON object by ${table} of ${count} rows.  Returns 0 with ${out}
 * filled; or ERR_INVALID with the problem in ${resp}.  Clear ${out} in both cases.
 */
MUST_CHECK
int fields_read(const struct http_request *req, const struct field *table, size_t count,
                enum fields_mode mode, struct fields *out, struct http_response *resp);

/* Wipe and release ${f}. */
void fields_clear(struct fields *f);

#endif
