/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/size.h"

/* The first allocation has at least this many bytes. */
#define BUF_SMALLEST 256

void
buf_init(struct buf *b, size_t max) {
    *b = (struct buf){.max = max};
}

void
buf_free(struct buf *b) {
    if (b == NULL) return;
    if (b->data != NULL) explicit_bzero(b->data, b->cap + 1);
    heap_free_wiped(b->data);
    buf_init(b, b->max);
}

void
buf_reset(struct buf *b) {
    if (b->data != NULL) explicit_bzero(b->data, b->len);
    b->len = 0;
}

/* Move the content to memory of ${cap} + 1 bytes.  realloc() could leave an unwiped copy. */
static int
buf_regrow(struct buf *b, size_t cap) {
    uint8_t *data = malloc(cap + 1);
    if (data == NULL) return ERR_NOMEM;

    if (b->data != NULL) {
        memcpy(data, b->data, b->len);
        explicit_bzero(b->data, b->cap + 1);
        heap_free_wiped(b->data);
    }

    b->data = data;
    b->cap = cap;
    return 0;
}

/* Make room for ${more} bytes after the content.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
static int
buf_ensure(struct buf *b, size_t more) {
    if (more > b->max || b->len > b->max - more) return ERR_TOO_LARGE;
    size_t need = b->len + more;
    if (b->data != NULL && need <= b->cap) return 0;

    /* At least double, so that many small additions stay cheap. */
    size_t cap = b->max;
    if (b->cap <= b->max / 2) cap = size_max(b->cap * 2, need);
    cap = size_min(size_max(cap, BUF_SMALLEST), b->max);
    return buf_regrow(b, cap);
}

uint8_t *
buf_space(struct buf *b, size_t more) {
    if (buf_ensure(b, more) != 0) return NULL;
    return b->data + b->len;
}

int
buf_add(struct buf *b, const void *data, size_t len) {
    int err = buf_ensure(b, len);
    if (err != 0) return err;

    if (len > 0) memcpy(b->data + b->len, data, len);
    b->len += len;
    return 0;
}

int
buf_add_text(struct buf *b, const char *s) {
    return buf_add(b, s, strlen(s));
}

int
buf_add_byte(struct buf *b, uint8_t byte) {
    return buf_add(b, &byte, 1);
}

int
buf_printf(struct buf *b, const char *fmt, ...) {
    size_t room = b->data != NULL ? b->cap - b->len + 1 : 0; /* with the byte after the content */
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(room > 0 ? (char *)b->data + b->len : NULL, room, fmt, args);
    va_end(args);
    if (n < 0) return ERR_INVALID;
    if ((size_t)n < room) {
        b->len += (size_t)n;
        return 0;
    }

    /* It did not fit: the same again, into memory that is now known to suffice. */
    if (room > 0) explicit_bzero(b->data + b->len, room);
    int err = buf_ensure(b, (size_t)n);
    if (err != 0) return err;
    va_start(args, fmt);
    (void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
    return 0;
}

const char *
buf_text(struct buf *b) {
    if (b->data == NULL) return "";
    b->data[b->len] = '\0';
    return (const char *)b->data;
}

void
buf_move(struct buf *to, struct buf *from) {
    buf_free(to);
    *to = *from;
    buf_init(from, from->max);
}

bool
buf_equals(const struct buf *b, const void *data, size_t len) {
    const uint8_t *other = data;
    uint8_t differ = 0;
    if (b->len != len) return false;

    for (size_t i = 0; i < len; i++)
        differ |= b->data[i] ^ other[i];
    return differ == 0;
}
