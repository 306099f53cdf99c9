/* SPDX-License-Identifier: MIT */
/*
 * A growable byte buffer with a size limit.  It wipes memory whenever it gives memory up: on
 * growth, on reset and on free.  It is the only growable buffer of the project.  One thread at a
 * time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct buf {
    uint8_t *data; /* NULL until something is added */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated, without one more for a NUL */
    size_t max;    /* limit of len, set by buf_init() */
};

/* Initialize a buffer of at most ${max_} bytes in its declaration. */
#define BUF_INIT(max_) ((struct buf){.max = (max_)})

/* Make ${b} an empty buffer of at most ${max} bytes.  Allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Wipe and free the memory of ${b}, which keeps its limit and can be used again.  NULL is
 * allowed. */
void buf_free(struct buf *b);

/* Wipe the content of ${b} and make it empty.  The memory is kept for the next content. */
void buf_reset(struct buf *b);

/*
 * Make room for ${more} bytes after the content of ${b}.  The caller writes there and adds what it
 * wrote to b->len.  Returns where to write; NULL, with ${b} unchanged, if that is above the limit
 * or memory is short.
 */
MUST_CHECK
uint8_t *buf_space(struct buf *b, size_t more);

/* Append ${len} bytes at ${data}.  Returns 0; ERR_TOO_LARGE or ERR_NOMEM with ${b} unchanged. */
MUST_CHECK
int buf_add(struct buf *b, const void *data, size_t len);

/* Append the text ${s} without its NUL.  Returns as buf_add(). */
MUST_CHECK
int buf_add_text(struct buf *b, const char *s);

/* Append ${byte}.  Returns as buf_add(). */
MUST_CHECK
int buf_add_byte(struct buf *b, uint8_t byte);

/* Append what ${fmt} prints.  Returns as buf_add(), or ERR_INVALID for a bad format. */
MUST_CHECK
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Return the content as text, with a NUL after it that b->len does not count; "" if ${b} is empty.
 * The text is valid until the next change of ${b}.  The content may itself contain NUL bytes.
 */
const char *buf_text(struct buf *b);

/* Move the content of ${from} to ${to}, whose own content is wiped.  ${from} is then empty. */
void buf_move(struct buf *to, struct buf *from);

/* Return whether the content of ${b} is the ${len} bytes at ${data}.  For equal lengths the time
 * does not depend on the bytes. */
bool buf_equals(const struct buf *b, const void *data, size_t len);

#endif
