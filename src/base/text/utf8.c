/* SPDX-License-Identifier: MIT */
#include "base/text/utf8.h"

/* Return the length of the character at ${s} (RFC 3629, section 4), or 0 if there is no valid
 * one in the ${left} bytes. */
static size_t
utf8_char_len(const uint8_t *s, size_t left) {
    if (s[0] < 0x80) return 1;
    size_t n = 2;
    if (s[0] >= 0xE0) n = 3;
    if (s[0] >= 0xF0) n = 4;
    if (s[0] < 0xC2 || s[0] > 0xF4 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;

    if (s[0] == 0xE0 && s[1] < 0xA0) return 0; /* overlong */
    if (s[0] == 0xED && s[1] > 0x9F) return 0; /* surrogate */
    if (s[0] == 0xF0 && s[1] < 0x90) return 0; /* overlong */
    if (s[0] == 0xF4 && s[1] > 0x8F) return 0; /* above U+10FFFF */
    return n;
}

bool
utf8_valid(const char *text, size_t len) {
    const uint8_t *s = (const uint8_t *)text;
    for (size_t i = 0; i < len;) {
        size_t n = utf8_char_len(s + i, len - i);
        if (n == 0) return false;
        i += n;
    }
    return true;
}

size_t
utf8_decode(const char *text, size_t len, uint32_t *c) {
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const uint8_t *s = (const uint8_t *)text;
    *c = 0;
    size_t n = len > 0 ? utf8_char_len(s, len) : 0;
    if (n == 0) return 0;

    *c = s[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | (s[i] & 0x3fU);
    return n;
}

bool
utf8_has_control(const char *text, size_t len) {
    const uint8_t *s = (const uint8_t *)text;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < 0x20 || s[i] == 0x7F) return true;
        if (s[i] == 0xC2 && i + 1 < len && s[i + 1] >= 0x80 && s[i + 1] <= 0x9F) return true;
    }
    return false;
}

bool
utf8_is_wide_space(uint32_t c) {
    return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}
