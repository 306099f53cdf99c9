/* SPDX-License-Identifier: MIT */
#include "http/query.h"

#include "base/err.h"
#include "base/text/hex.h"

static int
form_decode(const char *text, size_t len, char *out, size_t out_len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '+') c = ' ';
        else if (c == '%') {
            /* A byte in hexadecimal, but not NUL. */
            if (len - i < 3) return ERR_INVALID;
            int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0 || (high | low) == 0) return ERR_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        }

        if (n + 1 >= out_len) return ERR_TOO_LARGE;
        out[n++] = c;
    }
    out[n] = '\0';
    return 0;
}

int
query_value(const char *query, const char *name, char *out, size_t out_len) {
    size_t name_len = strlen(name), value_len = 0;
    const char *value = NULL;

    /* Search the whole query: a second value is an error. */
    while (*query != '\0') {
        size_t len = strcspn(query, "&");
        size_t key_len = strcspn(query, "&=");
        if (key_len == name_len && memcmp(query, name, name_len) == 0) {
            if (value != NULL) return ERR_INVALID;
            size_t skip = key_len;
            if (key_len < len) skip++; /* the '=' */
            value = query + skip;
            value_len = len - skip;
        }

        query += len;
        if (*query == '&') query++;
    }
    if (value == NULL) return 0;

    int err = form_decode(value, value_len, out, out_len);
    return err == 0 ? 1 : err;
}
