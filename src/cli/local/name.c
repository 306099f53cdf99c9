/* SPDX-License-Identifier: MIT */
#include "cli/local/name.h"

#include <stdint.h>

#include "base/text/utf8.h"

enum { SUFFIX_MAX = 32 };

/* Ranges of characters that can deceive a reader, or break a program that reads the name. */
static const struct {
    uint32_t first, last;
} bad_ranges[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},     /* controls */
    {0x61c, 0x61c},     {0x200b, 0x200f}, /* direction marks, zero width */
    {0x2028, 0x202e},   {0x2060, 0x206f}, /* separators, embeddings, isolates */
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb}, /* byte order mark, annotations */
    {0xe0000, 0xe007f},                   /* tags */
    {'/', '/'},         {'\\', '\\'},
};

static bool
is_bad_in_name(uint32_t c) {
    for (size_t i = 0; i < ARRAY_LEN(bad_ranges); i++)
        if (c >= bad_ranges[i].first && c <= bad_ranges[i].last) return true;
    return false;
}

/* Return the length of the UTF-8 sequence that ${lead} begins; 1 if it begins none. */
static size_t
utf8_sequence_len(uint8_t lead) {
    if (lead >= 0xf0) return 4;
    if (lead >= 0xe0) return 3;
    if (lead >= 0xc0) return 2;
    return 1;
}

/* Return the character of ${n} bytes at ${s}, which are valid UTF-8. */
static uint32_t
decode_utf8(const char *s, size_t n) {
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (uint8_t)s[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((uint8_t)s[i] & 0x3f);
    return c;
}

/* Copy ${s} with every unsafe character replaced by '_'.  Returns the length. */
static size_t
copy_safe_characters(const char *s, size_t len, char *out) {
    size_t used = 0;
    for (size_t i = 0; i < len && used < NAME_LEN_MAX;) {
        size_t n = utf8_sequence_len((uint8_t)s[i]);
        bool valid = n <= len - i && utf8_valid(s + i, n);
        if (!valid) n = 1;

        if (used + n > NAME_LEN_MAX) break;
        if (valid && !is_bad_in_name(decode_utf8(s + i, n))) {
            memcpy(out + used, s + i, n);
            used += n;
        } else out[used++] = '_';
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
