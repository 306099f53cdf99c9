/* SPDX-License-Identifier: MIT */
#include "cli/terminal/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "base/err.h"

enum { QUIET = 2 }; /* light modules around the code; two are enough for today's readers */

/* Return whether the module at (${x}, ${y}) is dark; those outside of the code are light. */
static bool
is_dark_module(const QRcode *code, int x, int y) {
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
    return (code->data[y * code->width + x] & 1) != 0;
}

static int
draw_qr_row(const QRcode *code, int y, bool colour, struct buf *out) {
    /* Without colours assume a dark terminal and draw the light modules. */
    static const char *const inverse[] = {"█", "▀", "▄", " "};
    static const char *const plain[] = {" ", "▄", "▀", "█"};
    const char *const *cells = colour ? plain : inverse;
    int err = 0;
    if (colour) err = buf_add_text(out, "\033[30;107m");
    for (int x = -QUIET; x < code->width + QUIET && err == 0; x++) {
        int above = is_dark_module(code, x, y), below = is_dark_module(code, x, y + 1);
        err = buf_add_text(out, cells[above * 2 + below]);
    }
    if (err == 0 && colour) err = buf_add_text(out, "\033[0m");
    if (err != 0) return err;
    return buf_add_byte(out, '\n');
}

int
qr_draw(const char *text, bool colour, unsigned width, struct buf *out) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL) return errno == ERANGE ? ERR_TOO_LARGE : ERR_NOMEM;

    /* A line that the terminal breaks makes a code that nothing can read. */
    int err = 0;
    if (code->width + 2 * QUIET > (int)width) err = ERR_TOO_LARGE;
    for (int y = -QUIET; y < code->width + QUIET && err == 0; y += 2)
        err = draw_qr_row(code, y, colour, out);

    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return err;
}
