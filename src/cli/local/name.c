/* SPDX-License-Identifier: MIT */
#include "cli/local/name.h"

#include <stdint.h>

#include "base/text/hidden.h"
#include "base/text/utf8.h"

enum { SUFFIX_MAX = 32 };

/* What stands for the character ${c} at offset ${at} of ${s}; 0 if that is safe. */
static char
replace_character(const char *s, size_t len, size_t at, uint32_t c) {
    uint32_t code = 0;
    if (c < 0x20 || c == 0x7f || c == '/' || c == '\\') return '_';
    if (hidden_at(s, len, at, &code) > 0) return '_';
    return utf8_is_wide_space(c) ? ' ' : '\0'; /* one kind of space is enough */
}

/* Copy ${s} with every unsafe character replaced.  Returns the length. */
static size_t
copy_safe_characters(const char *s, size_t len, char *out) {
    size_t used = 0;
    for (size_t i = 0; i < len && used < NAME_LEN_MAX;) {
        uint32_t c = 0;
        size_t n = utf8_decode(s + i, len - i, &c);
        char instead = '_';
        if (n > 0) instead = replace_character(s, len, i, c);
        else n = 1;

        if (instead != '\0') {
            out[used++] = instead;
        } else {
            if (used + n > NAME_LEN_MAX) break;
            memcpy(out + used, s + i, n);
            used += n;
        }
        i += n;
    }
    return used;
}

void
name_sanitise(const char *name, size_t len, char out[static NAME_LEN_MAX + 1]) {
    size_t start = len;
    while (start > 0 && name[start - 1] != '/' && name[start - 1] != '\\')
        start--;

    size_t used = copy_safe_characters(name + start, len - start, out);
    while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == '.'))
        used--;
    out[used] = '\0';

    if (out[0] == '.' || out[0] == '-' || out[0] == ' ' || out[0] == '~') out[0] = '_';
    if (used == 0) memcpy(out, "secret", sizeof("secret"));
}

/* Return the length of the suffix of ${name}, dot included; 0 for none, and for a long one. */
static size_t
name_suffix_len(const char *name) {
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name) return 0;
    size_t len = strlen(dot);
    if (len > SUFFIX_MAX) return 0;
    return len;
}

void
name_variant(const char *name, unsigned n, char out[static NAME_LEN_MAX + 1]) {
    char number[16];
    size_t number_len = (size_t)snprintf(number, sizeof(number), "-%u", n);
    size_t len = strlen(name), suffix = name_suffix_len(name), stem = len - suffix;

    /* Shorten the stem where the number would not fit, between characters. */
    if (stem + number_len + suffix > NAME_LEN_MAX) stem = NAME_LEN_MAX - number_len - suffix;
    while (stem > 0 && stem < len && ((uint8_t)name[stem] & 0xc0) == 0x80)
        stem--;

    memcpy(out, name, stem);
    memcpy(out + stem, number, number_len);
    memcpy(out + stem + number_len, name + len - suffix, suffix);
    out[stem + number_len + suffix] = '\0';
}

const char *
name_of_path(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return path;
    return slash + 1;
}
