/* SPDX-License-Identifier: MIT */
/*
 * A growable byte buffer that is born with its largest size and wiped whenever memory leaves it: on
 * growth, on reset and on free.  The only growable buffer of the project.  Not safe for use from
 * several threads at once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct buf {
    uint8_t *data; /* NULL while nothing was ever put in */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated; one more is always there for a NUL */
    size_t max;    /* largest len, set by buf_init */
};

/* An empty buffer of at most ${max_} bytes, for a declaration. */
#define BUF_INIT(max_) ((struct buf){.max = (max_)})

/* Make ${b} empty, to hold at most ${max} bytes.  Takes no memory. */
void buf_init(struct buf *b, size_t max);

/* Wipe and release what ${b} holds; ${b} is then empty with its old bound.  NULL is allowed. */
void buf_free(struct buf *b);

/* Wipe the content of ${b} and make it empty; its memory is kept for the next content. */
void buf_reset(struct buf *b);

/*
 * Make room for ${more} bytes behind the content of ${b}, and return where they go; the caller adds
 * what it wrote to b->len.  Returns NULL if the bound would be passed or memory is short; ${b} is
 * as it was.
 */
MUST_CHECK
uint8_t *buf_space(struct buf *b, size_t more);

/* Append ${len} bytes at ${data}.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM; ${b} is
 * unchanged then. */
MUST_CHECK
int buf_add(struct buf *b, const void *data, size_t len);

/* Append the text ${s} without its NUL.  Returns as buf_add. */
MUST_CHECK
int buf_add_text(struct buf *b, const char *s);

/* Append one byte.  Returns as buf_add. */
MUST_CHECK
int buf_add_byte(struct buf *b, uint8_t byte);

/* Append what ${fmt} prints.  Returns as buf_add. */
MUST_CHECK
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * The content as text: a NUL is put behind it, not counted in len.  Valid until the next change of
 * ${b}.  An empty buffer gives "".  The content may itself hold NUL bytes.
 */
const char *buf_text(struct buf *b);

/* Hand the content of ${from} over to ${to}, which must be empty; ${from} is empty afterwards. */
void buf_move(struct buf *to, struct buf *from);

/* Whether ${b} holds exactly the ${len} bytes at ${data}.  Takes the same time wherever they
 * differ. */
bool buf_equals(const struct buf *b, const void *data, size_t len);

#endif
