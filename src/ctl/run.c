/* SPDX-License-Identifier: MIT */
/* Deliveries to a program. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/ctl.h"
#include "ctl/internal.h"

enum { RUN_MS = 60000, CANNOT_RUN = 127 };

static enum delivery_result
fail_run(struct delivery *d, const char *what, int number) {
    (void)snprintf(d->reason, sizeof(d->reason), "%s %d", what, number);
    return DELIVERY_FAILED;
}

/* Start the program with ${input} as its standard input.  Returns its process, or -1. */
static pid_t
start_program(const struct delivery *d, int input) {
    pid_t child = fork();
    if (child != 0) return child;

    /* Nothing but async-signal-safe calls from here on.  What the program starts is killed with
     * it. */
    (void)setpgid(0, 0);
    if (dup2(input, STDIN_FILENO) < 0) _exit(CANNOT_RUN);
    (void)execvp(d->command[0], d->command);
    _exit(CANNOT_RUN);
}

/* Whether ${child} ends within RUN_MS. */
static bool
ends_in_time(pid_t child) {
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    int64_t now = clock_monotonic_ms(), until = now + RUN_MS;
    int n = 0;
    if (end.fd < 0) return false;

    for (; n <= 0 && now < until; now = clock_monotonic_ms()) {
        n = poll(&end, 1, (int)(until - now));
        if (n < 0 && errno != EINTR) break;
    }
    (void)close(end.fd);
    return n > 0;
}

/* Wait for ${child}, and kill it after RUN_MS, or if it cannot be watched.  Returns its status, or
 * -1 if it was killed. */
static int
wait_for(pid_t child) {
    int status = 0;
    bool late = !ends_in_time(child);
    if (late && kill(-child, SIGKILL) != 0) (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return late ? -1 : status;
}

enum delivery_result
delivery_run(struct delivery *d, const char *line, size_t len) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return fail_run(d, "no pipe: errno", errno);

    /* An event is shorter than the buffer of a pipe, so the program need not read it. */
    bool sent = write(ends[1], line, len) == (ssize_t)len && write(ends[1], "\n", 1) == 1;
    (void)close(ends[1]);
    pid_t child = sent ? start_program(d, ends[0]) : -1;
    (void)close(ends[0]);
    if (child < 0) return fail_run(d, "the program cannot be started: errno", errno);

    int status = wait_for(child);
    if (status < 0) return fail_run(d, "the program did not end in milliseconds:", RUN_MS);
    if (WIFSIGNALED(status)) return fail_run(d, "the program ended by signal", WTERMSIG(status));
    if (WEXITSTATUS(status) == CANNOT_RUN)
        return fail_run(d, "the program cannot be run: code", 127);
    if (WEXITSTATUS(status) != 0) return fail_run(d, "the program ended with", WEXITSTATUS(status));
    return DELIVERY_DONE;
}
