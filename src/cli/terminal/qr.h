/* SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_QR_H
#define CLI_TERMINAL_QR_H

#include "base/buf.h"

/* What a terminal can show. */
struct qr_style {
    bool utf8;   /* half blocks, of which each line shows two rows of modules */
    bool colour; /* escape sequences, so that the code is dark on light whatever its colours are */
    unsigned width; /* columns */
};

/*
 * Append a QR code of ${text}, with its quiet zone, to ${out}.  Without UTF-8 a module is two
 * columns wide.  Without colours the terminal is taken for a dark one.  Returns 0; ERR_TOO_LARGE if
 * ${text} does not fit into a code, or the code into the width or ${out}; ERR_NOMEM.
 */
MUST_CHECK
int qr_draw(const char *text, const struct qr_style *style, struct buf *out);

#endif
