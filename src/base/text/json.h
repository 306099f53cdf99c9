/* SPDX-License-Identifier: MIT */
/*
 * Jansson with the bounds that hostile input asks for, and memory that is wiped when it is freed.
 */
#ifndef BASE_TEXT_JSON_H
#define BASE_TEXT_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    JSON_MAX_NESTING = 8,  /* objects and arrays within each other */
    JSON_MAX_KEYS = 32,    /* keys of one object */
    JSON_MAX_VALUES = 256, /* brackets and commas of a text for json_parse_fields() */
};

/* Make every allocation of Jansson wiped on free.  Call once, before any other thread
 * is started. */
void json_setup(void);

/*
 * Parse the ${len} bytes at ${text} as exactly one JSON object: valid UTF-8, no duplicate keys (in
 * any spelling), at most JSON_MAX_NESTING deep and JSON_MAX_KEYS keys in any object, U+0000 allowed
 * in values.  Returns a reference that the caller gives to json_decref(), or NULL if it is anything
 * else.
 */
MUST_CHECK
json_t *json_parse_object(const char *text, size_t len);

/* A key that is there twice, as it is spelled in the text that was parsed; NULL if none is. */
struct json_twice {
    const char *key;
    size_t len;
};

/*
 * As json_parse_object(), for input whose fields are then looked at one by one: every number is
 * read as a real, so that none is too big to be read (but above 1e308); a text of more than
 * JSON_MAX_VALUES values is refused before memory is taken for each; and where the fault is a
 * duplicate key ${twice} tells which.
 */
MUST_CHECK
json_t *json_parse_fields(const char *text, size_t len, struct json_twice *twice);

/* Append ${value}, compact, to ${out}.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int json_write(const json_t *value, struct buf *out);

#endif
