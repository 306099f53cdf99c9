/* SPDX-License-Identifier: MIT */
/*
 * The fields of a JSON request, read by a table of names, types and limits.  An invalid field gets
 * a problem that names it.
 */
#ifndef API_FIELDS_H
#define API_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"

enum { FIELDS_MAX = 12, FIELD_BYTES_LEN = 32 };

enum field_type {
    FIELD_TEXT,    /* min to max bytes of UTF-8 */
    FIELD_INTEGER, /* min to max; 5.0 is an integer, too */
    FIELD_COUNT,   /* an integer of at most 9 digits, also negative or as a string */
    FIELD_BOOL,
    FIELD_BYTES, /* FIELD_BYTES_LEN bytes as base64url */
    FIELD_TOKEN, /* a token as token_mint() makes it, not decoded */
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
    const char *text; /* of struct fields; NUL-terminated, and may hold NUL bytes */
    size_t len;
    uint8_t bytes[FIELD_BYTES_LEN];
};

/* The values that were read, in the order of the table. */
struct fields {
    json_t *doc;     /* NULL if the body has the simple form of base/text/flat.h */
    struct buf copy; /* of such a body */
    struct field_value values[FIELDS_MAX];
};

enum fields_mode {
    FIELDS_EXACT,   /* unknown and duplicate fields are invalid fields (422) */
    FIELDS_CLASSIC, /* unknown fields are invalid (422), and duplicates are malformed JSON (400) */
    FIELDS_OPEN,    /* unknown fields are ignored, and duplicates are malformed JSON (400) */
};

/*
 * Read the body of ${req}, which may begin with a byte order mark, as one JSON object by ${table},
 * which has ${count} rows.  The caller clears ${out} in every case.  Returns 0 with ${out} filled;
 * or ERR_INVALID with a problem in ${resp}.
 */
MUST_CHECK
int fields_read(const struct http_request *req, const struct field *table, size_t count,
                enum fields_mode mode, struct fields *out, struct http_response *resp);

/* Wipe and free what ${f} owns. */
void fields_clear(struct fields *f);

#endif
