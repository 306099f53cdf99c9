/* SPDX-License-Identifier: MIT */
/* Which files are logos. */
#include "api/brand/internal.h"
#include "base/text/utf8.h"

enum {
    PNG_HEAD = 24, /* signature, and IHDR up to the height */
    PNG_PIXELS_MAX = 2048,
    SVG_HEAD = 1024, /* within which its element begins */
};

static uint32_t
big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* PNG, 5.2 and 11.2.2. */
static bool
is_png(const struct buf *image) {
    static const uint8_t head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                   0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    if (image->len < PNG_HEAD || memcmp(image->data, head, sizeof(head)) != 0) return false;
    uint32_t width = big_endian(image->data + 16), height = big_endian(image->data + 20);
    return width >= 1 && width <= PNG_PIXELS_MAX && height >= 1 && height <= PNG_PIXELS_MAX;
}

/* A text of XML in which the element svg begins early.  The browser reads it as an image, without
 * scripts and without other files. */
static bool
is_svg(const struct buf *image) {
    const char *text = (const char *)image->data;
    size_t len = image->len, head = len < SVG_HEAD ? len : SVG_HEAD;
    if (len == 0 || !utf8_valid(text, len) || memchr(text, '\0', len) != NULL) return false;

    /* A byte order mark may come first. */
    size_t start = len > 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (start < len && strchr(" \t\r\n", text[start]) != NULL)
        start++;
    if (start == len || text[start] != '<') return false;
    return memmem(text, head, "<svg", 4) != NULL;
}

const char *
brand_logo_type(const char *name, const struct buf *logo) {
    bool png = strcmp(name + strlen(name) - 4, ".png") == 0;
    if (png && is_png(logo)) return "image/png";
    if (!png && is_svg(logo)) return "image/svg+xml";
    return NULL;
}
