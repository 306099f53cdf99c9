/* SPDX-License-Identifier: MIT */
#include "server/http/chunks.h"

#include "base/text/hex.h"

enum {
    DIGITS_MAX = 8,
    LINE_MAX_LEN = 256, /* of a size with its extensions */
    TRAILERS_MAX = 4096,
};

/* What is expected next. */
enum step {
    STEP_SIZE,      /* a digit of a size, or what ends it */
    STEP_EXTENSION, /* after ';' */
    STEP_SIZE_LF,
    STEP_DATA,
    STEP_DATA_CR,
    STEP_DATA_LF,
    STEP_TRAILERS, /* the first byte of a trailer, or CR of the empty line */
    STEP_TRAILER,  /* the rest of it */
    STEP_TRAILER_LF,
    STEP_LAST_LF,
    STEP_END,
    STEP_BAD,
};

/* Whether ${c} may stand in an extension or a trailer. */
static int
is_text(char c) {
    return c == '\t' || (c >= ' ' && c < 0x7F);
}

static enum step
read_size(struct chunks *c, char byte) {
    int digit = hex_digit(byte);
    if (digit >= 0 && c->line < DIGITS_MAX) {
        c->size = c->size << 4 | (unsigned)digit;
        c->line++;
        return STEP_SIZE;
    }

    if (digit >= 0 || c->line == 0) return STEP_BAD;
    if (byte == '\r') return STEP_SIZE_LF;
    return byte == ';' ? STEP_EXTENSION : STEP_BAD;
}

/* The step after a line of extensions or a trailer went on with ${byte}. */
static enum step
read_line_text(struct chunks *c, char byte, unsigned max, enum step same, enum step end) {
    if (byte == '\r') return end;
    if (!is_text(byte) || ++c->line > max) return STEP_BAD;
    return same;
}

/* The step after the size is complete: the data, or after size 0 the trailers. */
static enum step
begin_data(struct chunks *c) {
    c->line = 0;
    return c->size > 0 ? STEP_DATA : STEP_TRAILERS;
}

/* The step after ${byte}, which is no data. */
static enum step
next_step(struct chunks *c, char byte) {
    switch ((enum step)c->step) {
    case STEP_SIZE: return read_size(c, byte);
    case STEP_EXTENSION: return read_line_text(c, byte, LINE_MAX_LEN, STEP_EXTENSION, STEP_SIZE_LF);
    case STEP_SIZE_LF: return byte == '\n' ? begin_data(c) : STEP_BAD;
    case STEP_DATA_CR: return byte == '\r' ? STEP_DATA_LF : STEP_BAD;
    case STEP_DATA_LF: return byte == '\n' ? STEP_SIZE : STEP_BAD;
    case STEP_TRAILERS: return read_line_text(c, byte, TRAILERS_MAX, STEP_TRAILER, STEP_LAST_LF);
    case STEP_TRAILER: return read_line_text(c, byte, TRAILERS_MAX, STEP_TRAILER, STEP_TRAILER_LF);
    case STEP_TRAILER_LF: return byte == '\n' ? STEP_TRAILERS : STEP_BAD;
    case STEP_LAST_LF: return byte == '\n' ? STEP_END : STEP_BAD;
    default: return STEP_BAD;
    }
}

/* Take the data that begin at ${bytes}. */
static size_t
take_chunk_data(struct chunks *c, size_t len) {
    if (len > c->size) len = (size_t)c->size;
    c->size -= len;
    if (c->size == 0) c->step = STEP_DATA_CR;
    return len;
}

enum chunks_state
chunks_read(struct chunks *c, const char *bytes, size_t len, size_t *used, size_t *data) {
    size_t i = 0;
    *data = 0;
    while (i < len && c->step != STEP_DATA && c->step != STEP_END && c->step != STEP_BAD)
        c->step = next_step(c, bytes[i++]);

    if (c->step == STEP_DATA && i < len) {
        *data = take_chunk_data(c, len - i);
        i += *data;
    }

    *used = i;
    if (c->step == STEP_END) return CHUNKS_END;
    return c->step == STEP_BAD ? CHUNKS_BAD : CHUNKS_MORE;
}
