/* SPDX-License-Identifier: MIT */
#include "base/text/parse.h"

#include "base/err.h"

int
parse_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *out) {
    size_t i = 0;
    int64_t v = 0;
    int sign = 1;
    if (len > 0 && text[0] == '-' && min < 0) {
        sign = -1;
        i = 1;
    }
    if (i == len) return ERR_INVALID;

    /* A negative number is built downwards, so that INT64_MIN can be read. */
    for (; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return ERR_INVALID;
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, sign * (text[i] - '0'), &v))
            return ERR_INVALID;
    }

    if (v < min || v > max) return ERR_INVALID;
    *out = v;
    return 0;
}

int
parse_size(const char *text, int64_t min, int64_t max, int64_t *out) {
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    if (unit[0] == ' ' && unit[1] != '\0') unit++;

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int64_t v;
        if (strcmp(unit, units[i]) != 0) continue;
        if (parse_number(text, digits, 0, INT64_MAX >> (10 * i), &v) != 0) return ERR_INVALID;
        v *= (int64_t)1 << (10 * i);
        if (v < min || v > max) return ERR_INVALID;
        *out = v;
        return 0;
    }
    return ERR_INVALID;
}
