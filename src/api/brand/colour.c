/* SPDX-License-Identifier: MIT */
#include "api/brand/colour.h"

#include "base/err.h"
#include "base/text/hex.h"

/* --paper and --card of web/page.css.  A test compares them. */
static const struct colour grounds[COLOUR_THEMES][2] = {
    [COLOUR_LIGHT] = {{0xf6, 0xf7, 0xf8}, {0xff, 0xff, 0xff}},
    [COLOUR_DARK] = {{0x11, 0x16, 0x1a}, {0x19, 0x20, 0x26}},
};

/* How much of the accent is in the ground of what is chosen (web/src/model/brand.ts). */
#define TINT 0.1

int
colour_parse(const char *text, struct colour *out) {
    uint8_t channels[3];
    if (text[0] != '#' || strlen(text) != 7) return ERR_INVALID;
    if (hex_read(text + 1, channels, sizeof(channels)) != 0) return ERR_INVALID;

    *out = (struct colour){channels[0], channels[1], channels[2]};
    return 0;
}

/* The fifth root of ${x}, which is above 0 and at most 1: Newton's method, without libm. */
static double
fifth_root(double x) {
    double y = 1;
    for (int i = 0; i < 40; i++)
        y = (4 * y + x / (y * y * y * y)) / 5;
    return y;
}

/* The intensity of a channel of sRGB. */
static double
channel_intensity(uint8_t channel) {
    double s = channel / 255.0;
    if (s <= 0.04045) return s / 12.92;

    /* ((s + 0.055) / 1.055) ^ 2.4 */
    s = (s + 0.055) / 1.055;
    return s * s * fifth_root(s * s);
}

static double
luminance(struct colour c) {
    return 0.2126 * channel_intensity(c.red) + 0.7152 * channel_intensity(c.green) +
           0.0722 * channel_intensity(c.blue);
}

double
colour_contrast(struct colour a, struct colour b) {
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    if (x > y) return x / y;
    return y / x;
}

static uint8_t
mix_channel(uint8_t over, uint8_t under, double share) {
    return (uint8_t)(over * share + under * (1 - share) + 0.5);
}

/* ${over} mixed into ${under}. */
static struct colour
mix_colours(struct colour over, struct colour under, double share) {
    return (struct colour){
        mix_channel(over.red, under.red, share),
        mix_channel(over.green, under.green, share),
        mix_channel(over.blue, under.blue, share),
    };
}

double
colour_readability(struct colour accent, enum colour_theme theme) {
    const struct colour *paper = &grounds[theme][0], *card = &grounds[theme][1];
    const struct colour on[] = {*paper, *card, mix_colours(accent, *card, TINT)};
    double least = 21;

    /* The text on the accent itself has the colour of one of these grounds. */
    for (size_t i = 0; i < ARRAY_LEN(on); i++) {
        double contrast = colour_contrast(accent, on[i]);
        if (contrast < least) least = contrast;
    }
    return least;
}

struct colour
colour_readable(struct colour accent, enum colour_theme theme) {
    struct colour end = {0, 0, 0}, found = accent;
    if (theme == COLOUR_DARK) end = (struct colour){255, 255, 255};

    /* The end is always readable. */
    for (int percent = 0; percent <= 100; percent++) {
        found = mix_colours(end, accent, percent / 100.0);
        if (colour_readability(found, theme) >= COLOUR_CONTRAST_MIN) break;
    }
    return found;
}
