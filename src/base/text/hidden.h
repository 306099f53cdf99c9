/* SPDX-License-Identifier: MIT */
/*
 * Characters of Unicode that show nothing, or change the order of the text around them, and so
 * deceive who reads a file name or a text.
 */
#ifndef BASE_TEXT_HIDDEN_H
#define BASE_TEXT_HIDDEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Look at the character at offset ${at} of the ${len} bytes at ${text}, which are UTF-8.  Return
 * its length, with its number in ${*code}, if it is hidden; else 0.
 *
 * Hidden are the controls U+0080 to U+009F, all of Default_Ignorable_Code_Point (direction marks,
 * fillers, tags, zero widths), line and paragraph separator, annotations and the blank of Braille.
 * A joiner between two characters beyond ASCII is part of a word (Persian) or of an emoji, and so
 * is a variation selector after one; neither is hidden.
 */
size_t hidden_at(const char *text, size_t len, size_t at, uint32_t *code);

#endif
