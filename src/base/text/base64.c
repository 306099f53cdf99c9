/* SPDX-License-Identifier: MIT */
#include "base/text/base64.h"

#include "base/err.h"
#include "base/size.h"

/* The characters for 62 and 63. */
static const unsigned char base64_62[] = {
    [BASE64_STD] = '+', [BASE64_URL] = '-', [BASE64_RAW] = '+'};
static const unsigned char base64_63[] = {
    [BASE64_STD] = '/', [BASE64_URL] = '_', [BASE64_RAW] = '/'};

/* Return all ones if low <= v <= high and zero otherwise, without a branch.  Needs low >= 1. */
static unsigned
range_mask(unsigned v, unsigned low, unsigned high) {
    return -(((low - 1 - v) & (v - high - 1)) >> 31);
}

static char
base64_char(enum base64_kind kind, unsigned v) {
    unsigned c62 = base64_62[kind], c63 = base64_63[kind];
    unsigned c = (range_mask(v, 1, 25) & (v + 'A')) | (range_mask(v, 26, 51) & (v - 26 + 'a')) |
                 (range_mask(v, 52, 61) & (v - 52 + '0')) | (range_mask(v, 62, 62) & c62) |
                 (range_mask(v, 63, 63) & c63);

    /* None of these ranges includes 0, for which c is still 0. */
    c |= range_mask(c + 1, 1, 1) & 'A';
    return (char)c;
}

/* Return the value of ${ch}, or a number above 63 if it is not in the alphabet. */
static unsigned
base64_value(enum base64_kind kind, char ch) {
    unsigned c = (unsigned char)ch;
    unsigned c62 = base64_62[kind], c63 = base64_63[kind];
    unsigned upper = range_mask(c, 'A', 'Z'), lower = range_mask(c, 'a', 'z');
    unsigned digit = range_mask(c, '0', '9');
    unsigned is62 = range_mask(c, c62, c62), is63 = range_mask(c, c63, c63);

    unsigned v = (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
                 (is62 & 62) | (is63 & 63);
    return v | (~(upper | lower | digit | is62 | is63) & 64);
}

size_t
base64_encoded_len(enum base64_kind kind, size_t len) {
    if (kind == BASE64_STD) return (len + 2) / 3 * 4;
    if (len % 3 == 0) return len / 3 * 4;
    return len / 3 * 4 + len % 3 + 1;
}

/* Write the encoding of the ${len} bytes at ${in} to ${out}.  Returns the end of what was
 * written. */
static char *
base64_encode_into(enum base64_kind kind, const uint8_t *in, size_t len, char *out) {
    while (len > 0) {
        size_t take = size_min(len, 3);
        unsigned v = (unsigned)in[0] << 16;
        if (take > 1) v |= (unsigned)in[1] << 8;
        if (take > 2) v |= in[2];

        *out++ = base64_char(kind, v >> 18);
        *out++ = base64_char(kind, v >> 12 & 63);
        if (take > 1) *out++ = base64_char(kind, v >> 6 & 63);
        else if (kind == BASE64_STD) *out++ = '=';
        if (take > 2) *out++ = base64_char(kind, v & 63);
        else if (kind == BASE64_STD) *out++ = '=';

        in += take;
        len -= take;
    }
    return out;
}

int
base64_encode(enum base64_kind kind, const void *data, size_t len, struct buf *out) {
    if (len > SIZE_MAX / 2) return ERR_TOO_LARGE;
    size_t n = base64_encoded_len(kind, len);
    if (n > out->max || out->len > out->max - n) return ERR_TOO_LARGE;

    uint8_t *to = buf_space(out, n);
    if (to == NULL) return ERR_NOMEM;
    (void)base64_encode_into(kind, data, len, (char *)to);
    out->len += n;
    return 0;
}

void
base64_encode_text(enum base64_kind kind, const void *data, size_t len, char *out) {
    *base64_encode_into(kind, data, len, out) = '\0';
}

/* Return the number of characters of ${text} before its padding, or ERR_INVALID for a length
 * that no encoding has. */
static ptrdiff_t
base64_significant_len(enum base64_kind kind, const char *text, size_t len) {
    if (len > PTRDIFF_MAX) return ERR_INVALID;
    if (kind == BASE64_STD) {
        if (len % 4 != 0) return ERR_INVALID;
        if (len > 0 && text[len - 1] == '=') len--;
        if (len > 0 && len % 4 == 3 && text[len - 1] == '=') len--;
    }
    if (len % 4 == 1) return ERR_INVALID;
    return (ptrdiff_t)len;
}

/* Decode ${len} characters without padding to ${out}.  Returns 0 or ERR_INVALID, in the same
 * time. */
static int
base64_decode_into(enum base64_kind kind, const char *text, size_t len, uint8_t *out) {
    unsigned bad = 0, bits = 0, held = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned v = base64_value(kind, text[i]);
        bad |= v >> 6;
        bits = bits << 6 | (v & 63);
        held += 6;
        if (held >= 8) {
            held -= 8;
            *out++ = (uint8_t)(bits >> held);
            bits &= (1U << held) - 1;
        }
    }

    /* Bits that encode nothing must be zero, or two texts would encode the same bytes. */
    if ((bad | bits) != 0) return ERR_INVALID;
    return 0;
}

int
base64_decode(enum base64_kind kind, const char *text, size_t len, struct buf *out) {
    ptrdiff_t sig = base64_significant_len(kind, text, len);
    if (sig < 0) return ERR_INVALID;
    size_t n = (size_t)sig / 4 * 3 + (size_t)sig % 4 * 3 / 4;
    if (n > out->max || out->len > out->max - n) return ERR_TOO_LARGE;

    uint8_t *to = buf_space(out, n);
    if (to == NULL) return ERR_NOMEM;
    if (base64_decode_into(kind, text, (size_t)sig, to) != 0) {
        explicit_bzero(to, n);
        return ERR_INVALID;
    }
    out->len += n;
    return 0;
}

int
base64_decode_exact(enum base64_kind kind, const char *text, size_t len, void *out, size_t want) {
    if (len == base64_encoded_len(kind, want)) {
        ptrdiff_t sig = base64_significant_len(kind, text, len);
        if (sig >= 0 && (size_t)sig == base64_encoded_len(BASE64_URL, want) &&
            base64_decode_into(kind, text, (size_t)sig, out) == 0)
            return 0;
    }
    explicit_bzero(out, want);
    return ERR_INVALID;
}
