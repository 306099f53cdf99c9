/* SPDX-License-Identifier: MIT */
/* Colours, and whether a text of one can be read (WCAG 2.2, 1.4.3). */
#ifndef API_BRAND_COLOUR_H
#define API_BRAND_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct colour {
    uint8_t red, green, blue;
};

enum colour_theme { COLOUR_LIGHT, COLOUR_DARK, COLOUR_THEMES };

#define COLOUR_CONTRAST_MIN 4.5

/* Parse ${text}, "#rrggbb".  Returns 0 or ERR_INVALID. */
MUST_CHECK
int colour_parse(const char *text, struct colour *out);

/* The contrast of two colours, from 1 to 21. */
double colour_contrast(struct colour a, struct colour b);

/* The least contrast of ${accent} with what the page of ${theme} shows it on, and shows on it. */
double colour_readability(struct colour accent, enum colour_theme theme);

/* The colour closest to ${accent}, darker or lighter as ${theme} needs it, whose readability is
 * COLOUR_CONTRAST_MIN or more. */
struct colour colour_readable(struct colour accent, enum colour_theme theme);

#endif
