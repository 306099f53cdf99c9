/* SPDX-License-Identifier: MIT */
/* HMAC-SHA256 against RFC 4231. */
#include "crypto/hmac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void
expect_mac(const void *key, size_t key_len, const char *data, const char *want) {
    uint8_t mac[HMAC_LEN];
    char text[2 * HMAC_LEN + 1];
    assert_int_equal(hmac_sha256(key, key_len, data, strlen(data), mac), 0);
    for (size_t i = 0; i < HMAC_LEN; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", mac[i]);
    assert_string_equal(text, want);
}

static void
macs_are_those_of_rfc_4231(void **state) {
    uint8_t long_key[131], short_key[20];
    (void)state;
    memset(long_key, 0xaa, sizeof(long_key));
    memset(short_key, 0x0b, sizeof(short_key));
    expect_mac(short_key, sizeof(short_key), "Hi There",
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    expect_mac("Jefe", 4, "what do ya want for nothing?",
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    expect_mac(long_key, sizeof(long_key), "Test Using Larger Than Block-Size Key - Hash Key First",
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int
main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(macs_are_those_of_rfc_4231)};
    return cmocka_run_group_tests_name("hmac", tests, NULL, NULL);
}
