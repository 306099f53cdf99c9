/* SPDX-License-Identifier: MIT */
#include "base/files/piped.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"

/* Move ${len} bytes of ${file} into the pipe ${to}.  Returns as piped_fill(). */
static int
move_in(int file, int to, size_t len) {
    while (len > 0) {
        ssize_t n = splice(file, NULL, to, NULL, len, SPLICE_F_NONBLOCK);
        if (n < 0 && errno == EINTR) continue;

        /* The pipe is full, or this file system has no pages to lend. */
        if (n < 0 && (errno == EAGAIN || errno == EINVAL)) return ERR_TOO_LARGE;
        if (n == 0) errno = 0;
        if (n <= 0) return ERR_IO;
        len -= (size_t)n;
    }
    return 0;
}

int
piped_fill(struct piped *p, int file, size_t len) {
    int ends[2], err = ERR_TOO_LARGE;
    if (len == 0 || len > PIPED_MAX || pipe2(ends, O_CLOEXEC) != 0) return ERR_TOO_LARGE;

    /* A user without privileges may have few large pipes. */
    if (fcntl(ends[1], F_SETPIPE_SZ, (int)len) >= (int)len) err = move_in(file, ends[1], len);

    /* What is in the pipe stays, and its end follows it. */
    int saved_errno = errno;
    (void)close(ends[1]);
    if (err != 0) (void)close(ends[0]);
    else *p = (struct piped){.fd = ends[0], .len = len};
    errno = saved_errno;
    return err;
}

ssize_t
piped_send(struct piped *p, int socket) {
    ssize_t n = 0;
    do
        n = splice(p->fd, NULL, socket, NULL, p->len, SPLICE_F_NONBLOCK);
    while (n < 0 && errno == EINTR);

    /* It never has fewer bytes than were put in. */
    if (n == 0) {
        errno = EIO;
        return -1;
    }
    if (n > 0) p->len -= (size_t)n;
    if (p->len == 0) (void)close(p->fd);
    return n;
}

void
piped_close(struct piped *p) {
    if (p->len > 0) (void)close(p->fd);
    *p = (struct piped){0};
}
