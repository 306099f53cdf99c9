/* SPDX-License-Identifier: MIT */
#include "base/text/base64.h"

#include "base/err.h"

/* All ones if low <= v <= high, else zero, without a branch. */
static unsigned
in_range(unsigned v, unsigned low, unsigned high) {
    return ((low - 1 - v) & (v - high - 1)) >> 31 ? ~0U : 0U;
}

static char
encode_char(enum base64_kind kind, unsigned v) {
    unsigned c62 = kind == BASE64_STD ? '+' : '-';
    unsigned c63 = kind == BASE64_STD ? '/' : '_';
    unsigned c = (in_range(v, 1, 25) & (v + 'A')) | (in_range(v, 26, 51) & (v - 26 + 'a')) |
                 (in_range(v, 52, 61) & (v - 52 + '0')) | (in_range(v, 62, 62) & c62) |
                 (in_range(v, 63, 63) & c63);
    /* in_range needs low >= 1, so 0 is told by what is left. */
    c |= in_range(c + 1, 1, 1) & 'A';
    return (char)c;
}

/* The value of ${ch}, or a number above 63 if it is not of the alphabet. */
static unsigned
decode_char(enum base64_kind kind, char ch) {
    unsigned c = (unsigned char)ch;
    unsigned c62 = kind == BASE64_STD ? '+' : '-';
    unsigned c63 = kind == BASE64_STD ? '/' : '_';
    unsigned upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z');
    unsigned digit = in_range(c, '0', '9'), is62 = in_range(c, c62, c62),
             is63 = in_range(c, c63, c63);
    unsigned v = (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
                 (is62 & 62) | (is63 & 63);
    return v | (~(upper | lower | digit | is62 | is63) & 64);
}

size_t
base64_encoded_len(enum base64_kind kind, size_t len) {
    if (kind == BASE64_STD) return (len + 2) / 3 * 4;
    return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

static char *
encode_into(enum base64_kind kind, const uint8_t *in, size_t len, char *out) {
    while (len > 0) {
        size_t take = len < 3 ? len : 3;
        unsigned v = (unsigned)in[0] << 16;
        if (take > 1) v |= (unsigned)in[1] << 8;
        if (take > 2) v |= in[2];
        *out++ = encode_char(kind, v >> 18);
        *out++ = encode_char(kind, v >> 12 & 63);
        if (take > 1) *out++ = encode_char(kind, v >> 6 & 63);
        else if (kind == BASE64_STD) *out++ = '=';
        if (take > 2) *out++ = encode_char(kind, v & 63);
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
    (void)encode_into(kind, data, len, (char *)to);
    out->len += n;
    return 0;
}

void
base64_encode_text(enum base64_kind kind, const void *data, size_t len, char *out) {
    *encode_into(kind, data, len, out) = '\0';
}

/* Characters of ${text} before its padding; ERR_INVALID as a negative if the length cannot be
 * right. */
static ptrdiff_t
significant_len(enum base64_kind kind, const char *text, size_t len) {
    if (len > PTRDIFF_MAX) return ERR_INVALID;
    if (kind == BASE64_STD) {
        if (len % 4 != 0) return ERR_INVALID;
        if (len > 0 && text[len - 1] == '=') len--;
        if (len > 0 && len % 4 == 3 && text[len - 1] == '=') len--;
    }
    return len % 4 == 1 ? ERR_INVALID : (ptrdiff_t)len;
}

/* Decode ${len} significant characters to ${out}.  Returns 0 or ERR_INVALID, after the
 * same work. */
static int
decode_into(enum base64_kind kind, const char *text, size_t len, uint8_t *out) {
    unsigned bad = 0, bits = 0, held = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned v = decode_char(kind, text[i]);
        bad |= v >> 6;
        bits = bits << 6 | (v & 63);
        held += 6;
        if (held >= 8) {
            held -= 8;
            *out++ = (uint8_t)(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    bad |= bits; /* bits that encode nothing must be zero, or two texts would mean the same */
    return bad == 0 ? 0 : ERR_INVALID;
}

int
base64_decode(enum base64_kind kind, const char *text, size_t len, struct buf *out) {
    ptrdiff_t sig = significant_len(kind, text, len);
    if (sig < 0) return ERR_INVALID;
    size_t n = (size_t)sig / 4 * 3 + (size_t)sig % 4 * 3 / 4;
    if (n > out->max || out->len > out->max - n) return ERR_TOO_LARGE;
    uint8_t *to = buf_space(out, n);
    if (to == NULL) return ERR_NOMEM;
    if (decode_into(kind, text, (size_t)sig, to) != 0) {
        explicit_bzero(to, n);
        return ERR_INVALID;
    }
    out->len += n;
    return 0;
}

int
base64_decode_exact(enum base64_kind kind, const char *text, size_t len, void *out, size_t want) {
    if (len == base64_encoded_len(kind, want)) {
        ptrdiff_t sig = significant_len(kind, text, len);
        if (sig >= 0 && (size_t)sig == base64_encoded_len(BASE64_URL, want) &&
            decode_into(kind, text, (size_t)sig, out) == 0)
            return 0;
    }
    explicit_bzero(out, want);
    return ERR_INVALID;
}
