/* SPDX-License-Identifier: MIT */
/*
 * Reads the JSON that programs write most: one object of a few members, without nesting, escapes or
 * fractions.  It needs no memory.  base/text/json.h reads everything else.
 */
#ifndef BASE_TEXT_FLAT_H
#define BASE_TEXT_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flat_kind { FLAT_TEXT, FLAT_NUMBER, FLAT_BOOL };

struct flat_member {
    const char *name; /* NUL-terminated, and so is ${text} */
    enum flat_kind kind;
    const char *text; /* of FLAT_TEXT */
    size_t len;       /* of it */
    int64_t number;   /* of FLAT_NUMBER; at most 15 digits */
    bool flag;        /* of FLAT_BOOL */
};

/*
 * Read the object in the ${len} bytes at ${text}, which begin with its brace.  Names and texts stay
 * there: their closing quotes become NUL.  Returns the number of members written to ${out}, in
 * their order; or -1 if there are more than ${max}, or if ${text} is not of the simple form:
 *   names and texts   printable ASCII without quotes and backslashes
 *   numbers           integers of at most 15 digits
 * What is of this form is JSON, but for a name that occurs twice, which the caller has to refuse.
 */
int flat_read(char *text, size_t len, struct flat_member *out, size_t max);

#endif
