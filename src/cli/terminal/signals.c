/* SPDX-License-Identifier: MIT */
#include "cli/terminal/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool stop_flag;       /* lock-free, so that a signal handler may set it */
static int stop_pipe[2] = {-1, -1}; /* readable from the first signal on */

static void
on_stop_signal(int number) {
    int saved_errno = errno;
    (void)number;

    atomic_store(&stop_flag, true);
    (void)!write(stop_pipe[1], "", 1);
    errno = saved_errno;
}

void
signals_setup(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = on_stop_signal, .sa_flags = SA_RESTART};
    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0) abort();

    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        /* nohup, and shells that run a command in the background, have it ignore some. */
        struct sigaction before;
        (void)sigaction(numbers[i], NULL, &before);
        if (before.sa_handler != SIG_IGN) (void)sigaction(numbers[i], &action, NULL);
    }

    /* A closed pipe and a file at its size limit are errors of write(). */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

bool
signals_stop_asked(void) {
    return atomic_load(&stop_flag);
}

ssize_t
signals_read(int fd, void *out, size_t len) {
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = stop_pipe[0], .events = POLLIN}};
    for (;;) {
        int n = poll(fds, 2, -1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 || signals_stop_asked() || fds[1].revents != 0) return -1;
        ssize_t got = read(fd, out, len);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN)) return got;
    }
}

void
signals_wait_ms(long ms) {
    struct pollfd fd = {.fd = stop_pipe[0], .events = POLLIN};
    if (!signals_stop_asked()) (void)poll(&fd, 1, (int)ms);
}
