/* SPDX-License-Identifier: MIT */
#include "base/text/hidden.h"

#include "base/text/utf8.h"

struct range {
    uint32_t first, last;
};

/* Always hidden: Default_Ignorable_Code_Point without joiners and selectors, and a few more. */
static const struct range hidden_ranges[] = {
    {0x80, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
    {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180e, 0x180e},   {0x200b, 0x200b},
    {0x200e, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x2800, 0x2800},
    {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
};

static const struct range joiners[] = {{0x200c, 0x200d}};

static const struct range selectors[] = {
    {0x180b, 0x180d}, {0x180f, 0x180f}, {0xfe00, 0xfe0f}, {0xe0100, 0xe01ef}};

enum { KEYCAP = 0x20e3 }; /* of "1", a selector and this */

static bool
is_in(const struct range *list, size_t count, uint32_t c) {
    for (size_t i = 0; i < count; i++)
        if (c >= list[i].first && c <= list[i].last) return true;
    return false;
}

/* Whether ${c} is a letter or a picture that joiners and selectors go with. */
static bool
is_seen(uint32_t c) {
    return c >= 0xa0 && !is_in(hidden_ranges, ARRAY_LEN(hidden_ranges), c) &&
           !is_in(joiners, ARRAY_LEN(joiners), c) && !is_in(selectors, ARRAY_LEN(selectors), c);
}

/* The character before offset ${at}; 0 if there is none. */
static uint32_t
character_before(const char *text, size_t at) {
    size_t from = at;
    uint32_t c = 0;
    while (from > 0 && at - from < 4) {
        from--;
        if (((uint8_t)text[from] & 0xc0) != 0x80) break;
    }
    if (utf8_decode(text + from, at - from, &c) != at - from) return 0;
    return c;
}

/* Whether a joiner at ${at}, which ends at ${end}, joins what can be seen. */
static bool
joins(const char *text, size_t len, size_t at, size_t end) {
    uint32_t before = character_before(text, at), after = 0;
    (void)utf8_decode(text + end, len - end, &after);
    bool selected = is_in(selectors, ARRAY_LEN(selectors), before);
    return (selected || is_seen(before)) && is_seen(after);
}

size_t
hidden_at(const char *text, size_t len, size_t at, uint32_t *code) {
    *code = 0;
    if ((uint8_t)text[at] < 0x80) return 0;
    size_t n = utf8_decode(text + at, len - at, code);
    if (n == 0) return 0;

    if (is_in(hidden_ranges, ARRAY_LEN(hidden_ranges), *code)) return n;
    if (is_in(joiners, ARRAY_LEN(joiners), *code)) return joins(text, len, at, at + n) ? 0 : n;
    if (!is_in(selectors, ARRAY_LEN(selectors), *code)) return 0;

    /* A selector goes with the character before it, or makes a key of a digit. */
    uint32_t after = 0;
    (void)utf8_decode(text + at + n, len - at - n, &after);
    return is_seen(character_before(text, at)) || after == KEYCAP ? 0 : n;
}
