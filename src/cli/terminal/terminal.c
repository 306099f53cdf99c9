/* SPDX-License-Identifier: MIT */
#include "cli/terminal/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/hidden.h"
#include "base/text/utf8.h"
#include "cli/terminal/signals.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 10, CONFIRM_MAX = 64 };

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

/* The question that is being asked without echo, for on_suspend(). */
static struct asking {
    int fd;
    const char *question;
    struct termios before, silent;
} asking;

/*
 * Suspend the program at a question: with the echo back on until the program continues, and then
 * ask again.  The terminal drops what was typed of the line.  Calls only functions that are safe in
 * a signal handler.
 */
static void
on_suspend(int number) {
    int saved_errno = errno;
    struct sigaction plain = {.sa_handler = SIG_DFL}, ours;
    sigset_t set;
    (void)tcsetattr(asking.fd, TCSAFLUSH, &asking.before);
    (void)!write(asking.fd, "\n", 1);

    /* The signal is pending until it is unblocked, and then stops the program. */
    (void)sigaction(number, &plain, &ours);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, number);
    (void)raise(number);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);

    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)sigaction(number, &ours, NULL);
    (void)tcsetattr(asking.fd, TCSAFLUSH, &asking.silent);
    (void)!write(asking.fd, asking.question, strlen(asking.question));
    errno = saved_errno;
}

/* Ask what ${asking} says.  Returns as terminal_ask(). */
static int
ask_silently(struct buf *out) {
    struct sigaction suspend = {.sa_handler = on_suspend}, before;
    if (tcsetattr(asking.fd, TCSAFLUSH, &asking.silent) != 0) return ERR_CONFIG;

    (void)sigemptyset(&suspend.sa_mask);
    (void)sigaction(SIGTSTP, NULL, &before);
    if (before.sa_handler != SIG_IGN) (void)sigaction(SIGTSTP, &suspend, NULL);
    int err = ERR_IO;
    if (write(asking.fd, asking.question, strlen(asking.question)) >= 0)
        err = read_tty_line(asking.fd, out);
    (void)sigaction(SIGTSTP, &before, NULL);

    (void)tcsetattr(asking.fd, TCSAFLUSH, &asking.before);
    (void)!write(asking.fd, "\n", 1);
    return err;
}

int
terminal_ask(const char *question, struct buf *out) {
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), err = ERR_CONFIG;
    if (fd < 0) return ERR_CONFIG;

    asking = (struct asking){.fd = fd, .question = question};
    if (tcgetattr(fd, &asking.before) == 0) {
        asking.silent = asking.before;
        asking.silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
        asking.silent.c_lflag |= ICANON | ISIG;
        err = ask_silently(out);
    }
    (void)close(fd);
    return err;
}

int
terminal_confirm(const char *question, bool *yes) {
    struct buf line = BUF_INIT(CONFIRM_MAX);
    *yes = false;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return ERR_CONFIG;

    int err = ERR_IO;
    if (write(fd, question, strlen(question)) >= 0) err = read_tty_line(fd, &line);
    if (err == 0)
        *yes = strcasecmp(buf_text(&line), "y") == 0 || strcasecmp(buf_text(&line), "yes") == 0;
    buf_free(&line);
    (void)close(fd);
    return err == ERR_TOO_LARGE ? 0 : err;
}

unsigned
terminal_width(void) {
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* Append the byte ${c} of a text, or what stands for it. */
static int
escape_byte(uint8_t c, bool utf8, struct buf *out) {
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return buf_printf(out, "^%c", c ^ 0x40);
    if (c >= 0x80 && !utf8) return buf_add_byte(out, '?');
    return buf_add_byte(out, c);
}

int
terminal_escape(const uint8_t *data, size_t len, struct buf *out) {
    bool utf8 = utf8_valid((const char *)data, len);
    int err = 0;
    for (size_t i = 0; i < len && err == 0;) {
        uint32_t code = 0;
        size_t n = utf8 ? hidden_at((const char *)data, len, i, &code) : 0;
        if (n > 0) err = buf_printf(out, "<U+%04X>", (unsigned)code);
        else err = escape_byte(data[i], utf8, out);
        i += n > 0 ? n : 1;
    }
    return err;
}

/* Append the escape of the character ${code} in JSON, which is two where UTF-16 has a pair. */
static int
escape_code(unsigned code, struct buf *out) {
    if (code < 0x10000) return buf_printf(out, "\\u%04x", code);
    code -= 0x10000;
    return buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

int
terminal_escape_json(const uint8_t *json, size_t len, struct buf *out) {
    int err = 0;
    for (size_t i = 0; i < len && err == 0;) {
        uint32_t code = 0;
        size_t n = hidden_at((const char *)json, len, i, &code);
        if (n > 0) err = escape_code(code, out);
        else if (json[i] == 0x7f) err = escape_code(json[i], out);
        else err = buf_add_byte(out, json[i]);
        i += n > 0 ? n : 1;
    }
    return err;
}
