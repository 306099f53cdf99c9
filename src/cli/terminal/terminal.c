/* SPDX-License-Identifier: MIT */
#include "cli/terminal/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/utf8.h"
#include "cli/terminal/signals.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 10 };

/* Read one line from ${fd} into ${out}, without its end. */
static int
read_tty_line(int fd, struct buf *out) {
    for (;;) {
        uint8_t c = 0;
        ssize_t n = signals_read(fd, &c, 1);
        if (n < 0) return ERR_IO;
        if (n == 0 || c == '\n' || c == '\r') return 0;

        int err = buf_add_byte(out, c);
        if (err != 0) return err;
    }
}

int
terminal_ask(const char *question, struct buf *out) {
    struct termios before, silent;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return ERR_CONFIG;

    int err = ERR_CONFIG;
    if (tcgetattr(fd, &before) != 0) goto out;

    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    /* Suspended at the question, the program would leave the terminal without echo. */
    silent.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0) goto out;

    err = write(fd, question, strlen(question)) < 0 ? ERR_IO : read_tty_line(fd, out);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)!write(fd, "\n", 1);
out:
    (void)close(fd);
    return err;
}

unsigned
terminal_width(void) {
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

int
terminal_escape(const uint8_t *data, size_t len, struct buf *out) {
    bool utf8 = utf8_valid((const char *)data, len);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = data[i];
        /* In UTF-8, U+0080..U+009F are 0xc2 followed by that byte. */
        bool c1 = c == 0xc2 && i + 1 < len && data[i + 1] < 0xa0;
        int err = 0;

        if (c1) {
            err = buf_add_byte(out, '?');
            i++;
        } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            err = buf_printf(out, "^%c", c ^ 0x40);
        else err = buf_add_byte(out, c < 0x80 || utf8 ? c : '?');
        if (err != 0) return err;
    }
    return 0;
}
