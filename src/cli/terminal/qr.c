/* SPDX-License-Identifier: MIT */
#include "cli/terminal/qr.h"

#include <errno.h>
#include <qrencode.h>

#include "base/err.h"

enum { QUIET = 2 }; /* modules of light around the code; two do for every reader of today */

/* Whether the module at (${x}, ${y}) is dark; outside of the code nothing is. */
static bool
dark(const QRcode *code, int x, int y) {
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
    return (code->data[y * code->width + x] & 1) != 0;
}

static int
draw_row(const QRcode *code, int y, bool colour, struct buf *out) {
    /* Without colours the terminal is taken to be dark: light modules are what is drawn. */
    static const char *const inverse[] = {"█", "▀", "▄", " "};
    static const char *const plain[] = {" ", "▄", "▀", "█"};
    const char *const *cells = colour ? plain : inverse;
    int err = colour ? buf_add_text(out, "\033[30;107m") : 0;
    for (int x = -QUIET; x < code->width + QUIET && err == 0; x++)
        err = buf_add_text(out, cells[dark(code, x, y) * 2 + dark(code, x, y + 1)]);
    if (err == 0 && colour) err = buf_add_text(out, "\033[0m");
    return err == 0 ? buf_add_byte(out, '\n') : err;
}

int
qr_draw(const char *text, bool colour, struct buf *out) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL) return errno == ERANGE ? ERR_TOO_LARGE : ERR_NOMEM;
    int err = 0;
    for (int y = -QUIET; y < code->width + QUIET && err == 0; y += 2)
        err = draw_row(code, y, colour, out);
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return err;
}
