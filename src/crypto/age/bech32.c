/* SPDX-License-Identifier: MIT */
#include "crypto/age/bech32.h"

#include <ctype.h>
#include <stdbool.h>

#include "base/err.h"

enum { GROUPS = 52 }; /* groups of 5 bits that hold 32 bytes and four zero bits */

static const char bech32_alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* Add the 5 bits ${value} to the checksum (BIP 173). */
static uint32_t
checksum_add(uint32_t sum, unsigned value) {
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < ARRAY_LEN(generator); i++)
        sum ^= -(top >> i & 1) & generator[i];
    return sum;
}

/* The checksum of ${prefix}: the high bits of its characters, a zero, and the low bits. */
static uint32_t
checksum_begin(const char *prefix) {
    uint32_t sum = 1;
    for (const char *p = prefix; *p != '\0'; p++)
        sum = checksum_add(sum, (unsigned char)*p >> 5);
    sum = checksum_add(sum, 0);
    for (const char *p = prefix; *p != '\0'; p++)
        sum = checksum_add(sum, *p & 31);
    return sum;
}

void
bech32_write(const char *prefix, const uint8_t data[static BECH32_DATA_LEN],
             char out[static BECH32_TEXT_MAX + 1]) {
    uint32_t sum = checksum_begin(prefix), bits = 0;
    unsigned have = 0, used = 0;
    char *to = out + strlen(prefix) + 1;
    (void)snprintf(out, BECH32_TEXT_MAX + 1, "%s1", prefix);

    for (unsigned i = 0; i < GROUPS; i++) {
        if (have < 5) {
            bits = bits << 8;
            if (used < BECH32_DATA_LEN) bits |= data[used++];
            have += 8;
        }
        have -= 5;
        unsigned group = bits >> have & 31;
        sum = checksum_add(sum, group);
        *to++ = bech32_alphabet[group];
    }

    /* The checksum makes the sum over the whole text 1. */
    for (unsigned i = 0; i < BECH32_CHECKSUM_LEN; i++)
        sum = checksum_add(sum, 0);
    sum ^= 1;
    for (unsigned i = 0; i < BECH32_CHECKSUM_LEN; i++)
        *to++ = bech32_alphabet[sum >> 5 * (BECH32_CHECKSUM_LEN - 1 - i) & 31];
    *to = '\0';
}

/* Read the groups at ${text} into ${data}, and check the checksum that follows them. */
static int
read_groups(const char *text, uint32_t sum, uint8_t data[static BECH32_DATA_LEN]) {
    uint32_t bits = 0;
    unsigned have = 0, used = 0;

    for (unsigned i = 0; i < GROUPS + BECH32_CHECKSUM_LEN; i++) {
        const char *at = strchr(bech32_alphabet, tolower((unsigned char)text[i]));
        if (at == NULL || *at == '\0') return ERR_INVALID;
        unsigned group = (unsigned)(at - bech32_alphabet);
        sum = checksum_add(sum, group);
        if (i >= GROUPS) continue;

        bits = bits << 5 | group;
        have += 5;
        if (have < 8) continue;
        have -= 8;
        data[used++] = (uint8_t)(bits >> have);
    }
    bool padded = (bits & ((1U << have) - 1)) == 0;
    return sum == 1 && padded ? 0 : ERR_INVALID;
}

/* Whether the ${len} characters at ${text} are in one case. */
static bool
is_one_case(const char *text, size_t len) {
    bool upper = false, lower = false;
    for (size_t i = 0; i < len; i++) {
        upper = upper || isupper((unsigned char)text[i]);
        lower = lower || islower((unsigned char)text[i]);
    }
    return !(upper && lower);
}

int
bech32_read(const char *prefix, const char *text, size_t len,
            uint8_t data[static BECH32_DATA_LEN]) {
    size_t prefix_len = strlen(prefix);
    memset(data, 0, BECH32_DATA_LEN);
    if (len != prefix_len + BECH32_TAIL_LEN || strncasecmp(text, prefix, prefix_len) != 0 ||
        text[prefix_len] != '1' || !is_one_case(text, len))
        return ERR_INVALID;

    int err = read_groups(text + prefix_len + 1, checksum_begin(prefix), data);
    if (err != 0) explicit_bzero(data, BECH32_DATA_LEN);
    return err;
}
