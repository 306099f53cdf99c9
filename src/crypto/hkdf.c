/* SPDX-License-Identifier: MIT */
#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/err.h"

/* OpenSSL takes parameters as writable memory and only reads them. */
static OSSL_PARAM
octets(const char *name, const void *data, size_t len) {
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data, len);
}

static EVP_KDF_CTX *
hkdf_context_new(void) {
    EVP_KDF *algorithm = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(algorithm);

    EVP_KDF_free(algorithm); /* the context holds it */
    return ctx;
}

int
hkdf_sha256(const struct hkdf_input *in, uint8_t *out, size_t len) {
    char digest[] = "SHA256";
    OSSL_PARAM params[5], *p = params;
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    *p++ = octets(OSSL_KDF_PARAM_KEY, in->secret, in->secret_len);
    if (in->salt != NULL) *p++ = octets(OSSL_KDF_PARAM_SALT, in->salt, in->salt_len);
    *p++ = octets(OSSL_KDF_PARAM_INFO, in->info, strlen(in->info));
    *p = OSSL_PARAM_construct_end();

    EVP_KDF_CTX *ctx = hkdf_context_new();
    int err = 0;
    if (ctx == NULL || EVP_KDF_derive(ctx, out, len, params) != 1) err = ERR_CRYPTO;

    /* A context is wiped when it is freed. */
    EVP_KDF_CTX_free(ctx);
    if (err != 0) explicit_bzero(out, len);
    return err;
}
