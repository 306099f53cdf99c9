/* SPDX-License-Identifier: MIT */
#include "aws/sigv4.h"

#include <ctype.h>
#include <openssl/sha.h>

#include "aws/sigv4_canonical.h"
#include "base/err.h"
#include "base/text/hex.h"
#include "crypto/hmac.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

void
sigv4_hash_hex(const void *data, size_t len, char out[static SIGV4_HASH_HEX + 1]) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    if (SHA256(len > 0 ? data : (const void *)"", len, hash) == NULL) abort();
    hex_write(hash, sizeof(hash), out);
}

void
sigv4_date(int64_t time, char out[static SIGV4_DATE_LEN + 1]) {
    struct tm tm = {0};
    time_t t = (time_t)time;
    if (gmtime_r(&t, &tm) == NULL || strftime(out, SIGV4_DATE_LEN + 1, "%Y%m%dT%H%M%SZ", &tm) == 0)
        out[0] = '\0';
}

/* Append the credential scope: "20150830/us-east-1/service/aws4_request". */
static int
add_scope(const struct sigv4_scope *scope, struct buf *out) {
    char date[SIGV4_DATE_LEN + 1];
    sigv4_date(scope->time, date);
    return buf_printf(out, "%.8s/%s/%s/aws4_request", date, scope->region, scope->service);
}

int
sigv4_string_to_sign(const struct buf *canonical, const struct sigv4_scope *scope,
                     struct buf *out) {
    char date[SIGV4_DATE_LEN + 1], hash[SIGV4_HASH_HEX + 1];
    sigv4_date(scope->time, date);
    sigv4_hash_hex(canonical->data, canonical->len, hash);
    int err = buf_printf(out, ALGORITHM "\n%s\n", date);
    if (err == 0) err = add_scope(scope, out);
    if (err == 0) err = buf_printf(out, "\n%s", hash);
    return err;
}

/* Replace ${key} by HMAC(${key}, ${text}).  Returns 0 or ERR_CRYPTO. */
static int
derive_next_key(uint8_t key[static SHA256_DIGEST_LENGTH], const void *text, size_t len) {
    uint8_t next[HMAC_LEN];
    int err = hmac_sha256(key, SHA256_DIGEST_LENGTH, text, len, next);
    if (err == 0) memcpy(key, next, sizeof(next));
    explicit_bzero(next, sizeof(next));
    return err;
}

/* Put HMAC("AWS4" and ${secret}, the day of ${date}) into ${key}.  Returns 0 or an error. */
static int
derive_date_key(const char *secret, const char *date, uint8_t key[static SHA256_DIGEST_LENGTH]) {
    struct buf first = BUF_INIT(4096);
    int err = buf_printf(&first, "AWS4%s", secret);
    if (err == 0) err = hmac_sha256(first.data, first.len, date, 8, key);
    buf_free(&first);
    return err;
}

int
sigv4_signature(const char *secret, const struct sigv4_scope *scope, const struct buf *string,
                char out[static SIGV4_HASH_HEX + 1]) {
    uint8_t key[SHA256_DIGEST_LENGTH] = {0};
    char date[SIGV4_DATE_LEN + 1];

    sigv4_date(scope->time, date);
    int err = derive_date_key(secret, date, key);
    if (err == 0) err = derive_next_key(key, scope->region, strlen(scope->region));
    if (err == 0) err = derive_next_key(key, scope->service, strlen(scope->service));
    if (err == 0) err = derive_next_key(key, "aws4_request", strlen("aws4_request"));

    /* The key is complete: sign the string with it. */
    if (err == 0) err = derive_next_key(key, string->data, string->len);
    if (err == 0) hex_write(key, sizeof(key), out);

    explicit_bzero(key, sizeof(key));
    return err;
}

/* Do the three steps.  ${names} gets the names of the signed headers. */
static int
sign_request(const struct sigv4_request *req, const struct sigv4_keys *keys,
             const struct sigv4_scope *scope, struct buf *names,
             char out[static SIGV4_HASH_HEX + 1]) {
    struct buf canonical = BUF_INIT(SIGV4_TEXT_MAX), string = BUF_INIT(SIGV4_TEXT_MAX);

    int err = sigv4_canonical_request(req, &canonical, names);
    if (err == 0) err = sigv4_string_to_sign(&canonical, scope, &string);
    if (err == 0) err = sigv4_signature(keys->secret, scope, &string, out);

    buf_free(&canonical);
    buf_free(&string);
    return err;
}

int
sigv4_authorization(const struct sigv4_request *req, const struct sigv4_keys *keys,
                    const struct sigv4_scope *scope, struct buf *out) {
    struct buf names = BUF_INIT(SIGV4_TEXT_MAX);
    char signature[SIGV4_HASH_HEX + 1];

    int err = sign_request(req, keys, scope, &names, signature);
    if (err == 0) err = buf_printf(out, ALGORITHM " Credential=%s/", keys->id);
    if (err == 0) err = add_scope(scope, out);
    if (err == 0)
        err = buf_printf(out, ", SignedHeaders=%s, Signature=%s", buf_text(&names), signature);

    buf_free(&names);
    return err;
}
