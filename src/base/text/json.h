/* SPDX-License-Identifier: MIT */
/* JSON: Jansson with limits for hostile input, and with memory that is wiped when it is freed. */
#ifndef BASE_TEXT_JSON_H
#define BASE_TEXT_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    JSON_MAX_NESTING = 8,  /* depth of objects and arrays */
    JSON_MAX_KEYS = 32,    /* keys of one object */
    JSON_MAX_VALUES = 256, /* brackets and commas in a text for json_parse_fields() */
};

/* Have Jansson wipe the memory that it frees.  Call once, before another thread starts. */
void json_setup(void);

/*
 * Parse the ${len} bytes at ${text} as one JSON object.  The text must be UTF-8, nest at most
 * JSON_MAX_NESTING deep, and have at most JSON_MAX_KEYS keys and no duplicate key (in any spelling)
 * in each object.  Values may contain U+0000.  Returns the object, which the caller gives to
 * json_decref(), or NULL.
 */
MUST_CHECK
json_t *json_parse_object(const char *text, size_t len);

/* Parse like json_parse_object(), for a text whose integers may exceed 64 bits.  If one does, every
 * number of the object is a real. */
MUST_CHECK
json_t *json_parse_any_number(const char *text, size_t len);

/* A duplicate key: its second spelling, within the text that was parsed.  NULL if there is none. */
struct json_twice {
    const char *key;
    size_t len;
};

/*
 * Parse like json_parse_object(), for input whose fields are then checked one by one.  Every number
 * becomes a real, so that integers of any size can be read (up to 1e308).  A text with more than
 * JSON_MAX_VALUES values is refused before memory is allocated for them.  If the object has a
 * duplicate key, ${twice} says which.
 */
MUST_CHECK
json_t *json_parse_fields(const char *text, size_t len, struct json_twice *twice);

/* Append ${value} to ${out} without white space.  Returns 0, or ERR_TOO_LARGE with ${out} unchanged
 * if it does not fit or memory is short. */
MUST_CHECK
int json_write(const json_t *value, struct buf *out);

#endif
