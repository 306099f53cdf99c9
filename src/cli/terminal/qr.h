/* SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_QR_H
#define CLI_TERMINAL_QR_H

#include "base/buf.h"

/*
 * Append a QR code of ${text}, with its quiet zone, to ${out}.  Each line of half blocks shows two
 * rows of modules.  With ${colour}, escape sequences make it dark on light whatever the colours of
 * the terminal are.  Returns 0; ERR_TOO_LARGE if ${text} does not fit into a code, or the code into
 * ${width} columns or ${out}; ERR_NOMEM.
 */
MUST_CHECK
int qr_draw(const char *text, bool colour, unsigned width, struct buf *out);

#endif
