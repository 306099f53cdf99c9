/* SPDX-License-Identifier: MIT */
#include "env_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text/parse.h"

int
env_number(const char *variable, int min, int max, int otherwise) {
    const char *text = getenv(variable);
    int64_t n = otherwise;
    if (text != NULL) assert_int_equal(parse_number(text, strlen(text), min, max, &n), 0);
    return (int)n;
}
