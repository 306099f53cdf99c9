/* SPDX-License-Identifier: MIT */
#include "store/blobs/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

int
part_file_error(int number) {
    log_error("blobs.error", LOG_TEXT("error", strerrordesc_np(number)));
    if (number == ENOSPC || number == EDQUOT) return ERR_FULL;
    return number == ENOMEM ? ERR_NOMEM : ERR_STORE;
}

static int
write_all(int fd, const void *data, size_t len) {
    const uint8_t *from = data;
    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Returns the bytes read, which are fewer than ${len} only at the end of the file, or -1. */
static ssize_t
read_all(int fd, uint8_t *to, size_t len) {
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, to + got, len - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

int
part_file_write(int dir, const char *name, const void *data, size_t len) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dir, name, flags, 0600);
    if (fd < 0) return part_file_error(errno);

    int err = 0;
    if (write_all(fd, data, len) != 0 || fsync(fd) != 0) err = part_file_error(errno);
    if (close(fd) != 0 && err == 0) err = part_file_error(errno);
    return err;
}

/* Append the file ${fd} to ${out}.  Returns 1 or a code. */
static int
read_part_file(int fd, struct buf *out) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return ERR_STORE;

    size_t len = (size_t)st.st_size;
    uint8_t *to = buf_space(out, len);
    if (to == NULL) return len > out->max - out->len ? ERR_TOO_LARGE : ERR_NOMEM;

    ssize_t got = read_all(fd, to, len);
    if (got < 0) return part_file_error(errno);
    if (got != (ssize_t)len) return ERR_STORE;

    out->len += len;
    return 1;
}

/* Open the file ${name}.  Returns 1; 0 if it is not there; or a code. */
static int
open_part_file(int dir, const char *name, int *fd) {
    *fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd >= 0) return 1;
    return errno == ENOENT ? 0 : part_file_error(errno);
}

int
part_file_read(int dir, const char *name, struct buf *out) {
    int fd, result = open_part_file(dir, name, &fd);
    if (result != 1) return result;
    result = read_part_file(fd, out);
    (void)close(fd);
    return result;
}

/* Put the file ${fd}, of ${len} bytes, into ${out}.  Returns 1 or a code. */
static int
pipe_part_file(int fd, size_t len, struct piped *out) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return ERR_STORE;
    if ((size_t)st.st_size != len) return ERR_STORE;

    int err = piped_fill(out, fd, len);
    if (err == ERR_IO) return errno != 0 ? part_file_error(errno) : ERR_STORE;
    return err == 0 ? 1 : err;
}

int
part_file_pipe(int dir, const char *name, size_t len, struct piped *out) {
    int fd, result = open_part_file(dir, name, &fd);
    if (result != 1) return result;
    result = pipe_part_file(fd, len, out);
    (void)close(fd);
    return result;
}

int
part_file_compare(int dir, const char *name, const void *data, size_t len) {
    struct buf there = BUF_INIT(len);
    int result = part_file_read(dir, name, &there);

    if (result == ERR_TOO_LARGE) result = ERR_CONFLICT;
    else if (result == 1) result = buf_equals(&there, data, len) ? 0 : ERR_CONFLICT;
    else if (result == 0) result = ERR_UNKNOWN_OUTCOME;
    buf_free(&there);
    return result;
}
