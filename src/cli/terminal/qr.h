/* SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_QR_H
#define CLI_TERMINAL_QR_H

#include "base/buf.h"

/*
 * Append a QR code of ${text} to ${out}, two rows of it in each line of half blocks, with its quiet
 * zone; with ${colour} dark on light by escape sequences whatever the terminal's colours are.
 * Returns 0; ERR_TOO_LARGE if it does not fit into a code or the bound; ERR_NOMEM.
 */
MUST_CHECK
int qr_draw(const char *text, bool colour, struct buf *out);

#endif
