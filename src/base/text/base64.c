/* SPDX-License-Identifier: MIT */
#include "base/text/base64.h"

#include "base/err.h"
#include "base/size.h"

/* The characters for 62 and 63. */
static const unsigned char base64_62[] = {
    [BASE64_STD] = '+', [BASE64_URL] = '-', [BASE64_RAW] = '+'};
static const unsigned char base64_63[] = {
    [BASE64_STD] = '/', [BASE64_URL] = '_', [BASE64_RAW] = '/'};

enum { BLOCK = 16 /* characters that are handled at once */ };

/* A vector of the compiler.  Its comparisons give all ones or zero for each byte, so that nothing
 * depends on the bytes but the result. */
typedef uint8_t block __attribute__((vector_size(BLOCK)));

/* All ones for each byte of ${v} from ${low} to ${high}. */
static block
in_range(block v, unsigned char low, unsigned char high) {
    return (block)(v >= low) & (block)(v <= high);
}

/* Replace the values in ${v}, which are below 64, by their characters. */
static void
block_encode(enum base64_kind kind, uint8_t v[static BLOCK]) {
    block in, out;
    memcpy(&in, v, sizeof(in));
    out = in_range(in, 0, 25) & (in + 'A');
    out |= in_range(in, 26, 51) & (in - 26 + 'a');
    out |= in_range(in, 52, 61) & (in - 52 + '0');
    out |= in_range(in, 62, 62) & base64_62[kind];
    out |= in_range(in, 63, 63) & base64_63[kind];
    memcpy(v, &out, sizeof(out));
}

/* Replace the characters in ${v} by their values, and set the same byte of ${bad} where one is not
 * in the alphabet. */
static void
block_decode(enum base64_kind kind, uint8_t v[static BLOCK], block *bad) {
    unsigned char c62 = base64_62[kind], c63 = base64_63[kind];
    block in, out;
    memcpy(&in, v, sizeof(in));
    block upper = in_range(in, 'A', 'Z'), lower = in_range(in, 'a', 'z');
    block digit = in_range(in, '0', '9');
    block is62 = in_range(in, c62, c62), is63 = in_range(in, c63, c63);

    out = (upper & (in - 'A')) | (lower & (in - 'a' + 26)) | (digit & (in - '0' + 52));
    out |= (is62 & 62) | (is63 & 63);
    *bad |= ~(upper | lower | digit | is62 | is63);
    memcpy(v, &out, sizeof(out));
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
        uint8_t bytes[BLOCK / 4 * 3] = {0}, v[BLOCK];
        size_t take = size_min(len, sizeof(bytes));
        memcpy(bytes, in, take);

        for (size_t i = 0, k = 0; i < BLOCK; i += 4, k += 3) {
            v[i] = bytes[k] >> 2;
            v[i + 1] = (uint8_t)((bytes[k] & 3) << 4 | bytes[k + 1] >> 4);
            v[i + 2] = (uint8_t)((bytes[k + 1] & 15) << 2 | bytes[k + 2] >> 6);
            v[i + 3] = bytes[k + 2] & 63;
        }
        block_encode(kind, v);

        /* The last group may be shorter. */
        size_t n = base64_encoded_len(BASE64_RAW, take);
        memcpy(out, v, n);
        out += n;
        for (; kind == BASE64_STD && n % 4 != 0; n++)
            *out++ = '=';
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

/* Write the ${n} bytes, 1 to 3, that the four values at ${v} encode to ${out}.  Returns the bits
 * that encode nothing. */
static unsigned
join_values(const uint8_t v[static 4], size_t n, uint8_t *out) {
    unsigned bits =
        (unsigned)v[0] << 26 | (unsigned)v[1] << 20 | (unsigned)v[2] << 14 | (unsigned)v[3] << 8;
    for (size_t i = 0; i < n; i++, bits <<= 8)
        out[i] = (uint8_t)(bits >> 24);
    return bits;
}

/* Decode ${len} characters without padding to ${out}.  Returns 0 or ERR_INVALID, in the same
 * time. */
static int
base64_decode_into(enum base64_kind kind, const char *text, size_t len, uint8_t *out) {
    unsigned spare = 0, wrong = 0;
    uint8_t v[BLOCK];
    block bad = {0};

    while (len > 0) {
        size_t take = size_min(len, BLOCK);
        memset(v, 'A', sizeof(v)); /* what is missing counts as zero */
        memcpy(v, text, take);
        block_decode(kind, v, &bad);

        for (size_t i = 0; i < take; i += 4) {
            size_t n = size_min(take - i, 4) - 1;
            spare |= join_values(v + i, n, out);
            out += n;
        }
        text += take;
        len -= take;
    }

    /* Bits that encode nothing must be zero, or two texts would encode the same bytes. */
    memcpy(v, &bad, sizeof(v));
    for (size_t i = 0; i < sizeof(v); i++)
        wrong |= v[i];
    return (wrong | spare) == 0 ? 0 : ERR_INVALID;
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
