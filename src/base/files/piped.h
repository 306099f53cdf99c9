/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way from a file to a socket.  They wait in a pipe, which holds the pages of the
 * file itself and no copy of them.
 */
#ifndef BASE_FILES_PIPED_H
#define BASE_FILES_PIPED_H

#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"

enum {
    PIPED_MIN = 256 * 1024,  /* fewer bytes are copied as fast */
    PIPED_MAX = 1024 * 1024, /* what Linux lets any user put into a pipe */
};

/* All zero, it is empty. */
struct piped {
    int fd;     /* the end to read from */
    size_t len; /* bytes that are left; with 0 there is no pipe */
};

/*
 * Fill ${p}, which is empty, with the next ${len} bytes of ${file}, which nobody changes until they
 * were read.  Waits for the disk.  The caller ends with piped_close().  Returns 0; ERR_TOO_LARGE if
 * this system lets no pipe hold them, and then the file may have moved on; or ERR_IO with errno
 * set, which is 0 if the file is shorter.
 */
MUST_CHECK
int piped_fill(struct piped *p, int file, size_t len);

/* Send what ${socket} takes.  Returns how many bytes that was, or -1 with errno set as send(2).
 * Once all were sent, ${p} is empty. */
ssize_t piped_send(struct piped *p, int socket);

/* Drop what is left. */
void piped_close(struct piped *p);

#endif
