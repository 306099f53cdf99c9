/* SPDX-License-Identifier: MIT */
/*
 * A body in chunks (RFC 9112, 7.1), read strictly: lines end in CR LF and sizes are plain
 * hexadecimal.  Extensions of chunks and trailers are dropped.  No input or output: the caller
 * brings the bytes.
 */
#ifndef SERVER_HTTP_CHUNKS_H
#define SERVER_HTTP_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

enum chunks_state {
    CHUNKS_MORE, /* more bytes are needed, or there are more than were used */
    CHUNKS_END,  /* the body is complete */
    CHUNKS_BAD,  /* this is no chunk */
};

struct chunks {
    unsigned step; /* 0 before the first byte */
    unsigned line; /* bytes of the line, or of all trailers */
    uint64_t size; /* of the chunk; then what is missing of it */
};

/*
 * Read on in the ${len} bytes at ${bytes}, at most to the end of one run of data.  Sets ${*used} to
 * the bytes that were read, and ${*data} to how many of them, the last ones, are data of the body.
 * ${c} was zero before the first call.
 */
enum chunks_state chunks_read(struct chunks *c, const char *bytes, size_t len, size_t *used,
                              size_t *data);

#endif
