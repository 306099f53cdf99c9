/* SPDX-License-Identifier: MIT */
#include "cli/terminal/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "base/err.h"

enum { QUIET = 2, QUIET_MIN = 1 }; /* light modules around the code; readers need one or two */

/* Return whether the module at (${x}, ${y}) is dark; those outside of the code are light. */
static bool
is_dark_module(const QRcode *code, int x, int y) {
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
    return (code->data[y * code->width + x] & 1) != 0;
}

/* Append what shows the module at (${x}, ${y}) and, with half blocks, the one below it. */
static int
draw_module(const QRcode *code, int x, int y, const struct qr_style *style, struct buf *out) {
    /* Without colours the light modules are drawn. */
    static const char *const light[] = {"█", "▀", "▄", " "};
    static const char *const dark[] = {" ", "▄", "▀", "█"};
    bool above = is_dark_module(code, x, y), below = is_dark_module(code, x, y + 1);
    if (style->utf8) return buf_add_text(out, (style->colour ? dark : light)[above * 2 + below]);

    if (style->colour) return buf_add_text(out, above ? "\033[40m  " : "\033[107m  ");
    return buf_add_text(out, above ? "  " : "##");
}

static int
draw_qr_row(const QRcode *code, int y, int quiet, const struct qr_style *style, struct buf *out) {
    int err = 0;
    if (style->colour) err = buf_add_text(out, "\033[30;107m");
    for (int x = -quiet; x < code->width + quiet && err == 0; x++)
        err = draw_module(code, x, y, style, out);
    if (err == 0 && style->colour) err = buf_add_text(out, "\033[0m");
    if (err != 0) return err;
    return buf_add_byte(out, '\n');
}

/* Return the columns of ${code} with ${quiet} modules around it. */
static unsigned
qr_columns(const QRcode *code, int quiet, const struct qr_style *style) {
    unsigned modules = (unsigned)(code->width + 2 * quiet);
    return style->utf8 ? modules : 2 * modules;
}

int
qr_draw(const char *text, const struct qr_style *style, struct buf *out) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL) return errno == ERANGE ? ERR_TOO_LARGE : ERR_NOMEM;

    /* A line that the terminal breaks makes a code that nothing can read. */
    int err = 0, quiet = QUIET, step = style->utf8 ? 2 : 1;
    if (qr_columns(code, quiet, style) > style->width) quiet = QUIET_MIN;
    if (qr_columns(code, quiet, style) > style->width) err = ERR_TOO_LARGE;
    for (int y = -quiet; y < code->width + quiet && err == 0; y += step)
        err = draw_qr_row(code, y, quiet, style, out);

    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return err;
}
