/* SPDX-License-Identifier: MIT */
/* Any bytes as a file of age and as the text of a key.  Only a file whose payload verifies gives
 * content, and a key that was read is written as the same text. */
#include "base/err.h"
#include "crypto/age/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_key_text(const char *text, size_t len) {
    uint8_t key[AGE_KEY_LEN];
    char again[AGE_KEY_TEXT_MAX + 1];

    if (age_recipient_read(text, len, key) == 0) {
        age_recipient_write(key, again);
        if (strlen(again) != len || memcmp(again, text, len) != 0) abort();
    }
    if (age_identity_read(text, len, key) == 0) {
        age_identity_write(key, again);
        if (strlen(again) != len || memcmp(again, text, len) != 0) abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const uint8_t zeros[sizeof(struct age_header)];
    static const char identity_text[] =
        "AGE-SECRET-KEY-1GJRA688Y9R656RZG6KR9J0XUQRAN5H0JVZZNP27UXWHDQ2Y82NCSWZMRWR";
    uint8_t identity[AGE_KEY_LEN];
    struct age_header header;
    struct buf plain = BUF_INIT(AGE_FILE_MAX);

    check_key_text((const char *)data, len);
    if (age_identity_read(identity_text, strlen(identity_text), identity) != 0) abort();
    int got = age_header_open(identity, data, len, &header);
    if (got != 1 && memcmp(&header, zeros, sizeof(header)) != 0) abort();
    if (got == 1 && header.len > len) abort();
    if (got == 1 && age_payload_open(&header, data, len, &plain) != 0 && plain.len != 0) abort();
    buf_free(&plain);
    return 0;
}
