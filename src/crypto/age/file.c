/* SPDX-License-Identifier: MIT */
#include "crypto/age/file.h"

#include <openssl/crypto.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"

enum {
    MAC_TEXT_LEN = 43,
    PAYLOAD_NONCE_LEN = 16,
    COLUMNS = 64, /* characters in a full line of a stanza's body */
};

static const char version_line[] = "age-encryption.org/v1\n";

/* The place in the text of a header. */
struct age_reader {
    const uint8_t *data;
    size_t len, at;
};

/* A piece of the header's text. */
struct age_span {
    const char *text;
    size_t len;
};

/* A stanza: its arguments, of which the first three are kept, and its body. */
struct age_stanza {
    struct age_span args[3];
    size_t arg_count;
    uint8_t body[AGE_WRAPPED_LEN]; /* the first bytes */
    size_t body_len;
};

/* Take the next line, without its LF, into ${out}.  Returns whether there is one. */
static bool
age_next_line(struct age_reader *in, struct age_span *out) {
    const uint8_t *from = in->data + in->at;
    const uint8_t *end = memchr(from, '\n', in->len - in->at);
    if (end == NULL) return false;

    *out = (struct age_span){(const char *)from, (size_t)(end - from)};
    in->at += out->len + 1;
    return true;
}

static bool
age_starts_with(const struct age_reader *in, const char *text) {
    size_t len = strlen(text);
    return in->len - in->at >= len && memcmp(in->data + in->at, text, len) == 0;
}

/* Read the arguments in ${line}, which are visible characters with one space between two. */
static int
read_stanza_args(struct age_span line, struct age_stanza *out) {
    size_t begin = 0;
    for (size_t i = 0; i <= line.len; i++) {
        unsigned char c = ' ';
        if (i < line.len) c = (unsigned char)line.text[i];
        if (c > ' ' && c < 0x7f) continue;
        if (c != ' ' || i == begin) return ERR_INVALID;

        if (out->arg_count < ARRAY_LEN(out->args))
            out->args[out->arg_count] = (struct age_span){line.text + begin, i - begin};
        out->arg_count++;
        begin = i + 1;
    }
    return 0;
}

/* Read the lines of the body.  The last one is shorter than the others, or empty. */
static int
read_stanza_body(struct age_reader *in, struct age_stanza *out) {
    struct buf bytes = BUF_INIT(COLUMNS);
    struct age_span line = {.len = COLUMNS};
    int err = 0;

    while (err == 0 && line.len == COLUMNS) {
        buf_reset(&bytes);
        err = ERR_INVALID;
        if (age_next_line(in, &line) && line.len <= COLUMNS)
            err = base64_decode(BASE64_RAW, line.text, line.len, &bytes);
        for (size_t i = 0; i < bytes.len && out->body_len + i < sizeof(out->body); i++)
            out->body[out->body_len + i] = bytes.data[i];
        out->body_len += bytes.len;
    }
    buf_free(&bytes);
    return err;
}

static bool
age_span_is(struct age_span s, const char *text) {
    return s.len == strlen(text) && memcmp(s.text, text, s.len) == 0;
}

/* Unwrap the file key of ${stanza}.  Returns 1; 0 if it is not for ${identity}; or a failure. */
static int
unwrap_stanza(const uint8_t *identity, const struct age_stanza *stanza,
              uint8_t file_key[static AGE_FILE_KEY_LEN]) {
    uint8_t share[AGE_KEY_LEN];
    if (!age_span_is(stanza->args[0], "X25519")) return 0;
    if (stanza->arg_count != 2 || stanza->body_len != AGE_WRAPPED_LEN ||
        base64_decode_exact(BASE64_RAW, stanza->args[1].text, stanza->args[1].len, share,
                            sizeof(share)) != 0)
        return ERR_INVALID;

    int err = age_key_unwrap(identity, share, stanza->body, file_key);
    if (err == ERR_TAG) return 0;
    return err == 0 ? 1 : err;
}

/* Read all stanzas, and unwrap the first that is for ${identity}.  Returns as
 * age_header_open(). */
static int
read_stanzas(struct age_reader *in, const uint8_t *identity, uint8_t *file_key) {
    size_t count = 0;
    bool passphrase = false;
    int found = 0;

    for (; age_starts_with(in, "-> "); count++) {
        struct age_stanza stanza = {0};
        struct age_span line;
        if (!age_next_line(in, &line)) return ERR_INVALID;
        line = (struct age_span){line.text + 3, line.len - 3};
        if (read_stanza_args(line, &stanza) != 0) return ERR_INVALID;

        int err = read_stanza_body(in, &stanza);
        if (err != 0) return err;
        passphrase = passphrase || age_span_is(stanza.args[0], "scrypt");
        if (found == 0) found = unwrap_stanza(identity, &stanza, file_key);
        if (found < 0) return found;
    }

    /* A file for a passphrase has no other stanza, so that its sender is known to know it. */
    if (count == 0 || (passphrase && count > 1)) return ERR_INVALID;
    return found;
}

/* Compute the MAC of the ${len} bytes of the header up to and with the three hyphens. */
static int
compute_mac(const uint8_t *file_key, const void *header, size_t len, uint8_t mac[static HMAC_LEN]) {
    const struct hkdf_input in = {
        .secret = file_key, .secret_len = AGE_FILE_KEY_LEN, .info = "header"};
    uint8_t key[HMAC_LEN];

    int err = hkdf_sha256(&in, key, sizeof(key));
    if (err == 0) err = hmac_sha256(key, sizeof(key), header, len, mac);
    explicit_bzero(key, sizeof(key));
    return err;
}

/* Read the line of the MAC, and compare it with that of the header before it.  Returns ${found}, or
 * a failure. */
static int
check_mac(struct age_reader *in, int found, const uint8_t *file_key) {
    struct age_span line;
    uint8_t want[HMAC_LEN], got[HMAC_LEN];
    if (!age_starts_with(in, "--- ")) return ERR_INVALID;

    size_t covered = in->at + strlen("---");
    if (!age_next_line(in, &line)) return ERR_INVALID;
    if (base64_decode_exact(BASE64_RAW, line.text + 4, line.len - 4, got, sizeof(got)) != 0)
        return ERR_INVALID;
    if (found != 1) return found;

    int err = compute_mac(file_key, in->data, covered, want);
    if (err == 0 && CRYPTO_memcmp(want, got, sizeof(want)) != 0) err = ERR_TAG;
    explicit_bzero(want, sizeof(want));
    return err == 0 ? 1 : err;
}

int
age_header_open(const uint8_t identity[static AGE_KEY_LEN], const uint8_t *file, size_t len,
                struct age_header *out) {
    struct age_reader in = {file, len, strlen(version_line)};
    int found = ERR_INVALID;

    explicit_bzero(out, sizeof(*out));
    if (len > AGE_FILE_MAX) return ERR_TOO_LARGE;
    if (len >= in.at && memcmp(file, version_line, in.at) == 0)
        found = read_stanzas(&in, identity, out->file_key);
    if (found >= 0) found = check_mac(&in, found, out->file_key);

    out->len = in.at;
    if (found != 1) explicit_bzero(out, sizeof(*out));
    return found;
}

/* Derive the key of the payload from its ${nonce}. */
static int
derive_payload_key(const uint8_t *file_key, const uint8_t *nonce,
                   uint8_t key[static AEAD_KEY_LEN]) {
    const struct hkdf_input in = {
        .secret = file_key,
        .secret_len = AGE_FILE_KEY_LEN,
        .salt = nonce,
        .salt_len = PAYLOAD_NONCE_LEN,
        .info = "payload",
    };
    return hkdf_sha256(&in, key, AEAD_KEY_LEN);
}

/* The nonce of the first chunk, which is the last one too. */
static const uint8_t only_chunk[AEAD_NONCE_LEN] = {[AEAD_NONCE_LEN - 1] = 1};

static struct aead_params
payload_params(const uint8_t *key) {
    return (struct aead_params){.cipher = AEAD_CHACHA20_POLY1305,
                                .key = key,
                                .nonce = only_chunk,
                                .nonce_len = sizeof(only_chunk)};
}

int
age_payload_open(const struct age_header *header, const uint8_t *file, size_t len,
                 struct buf *out) {
    uint8_t key[AEAD_KEY_LEN];
    const struct aead_params params = payload_params(key);
    const uint8_t *nonce = file + header->len;
    if (len - header->len < PAYLOAD_NONCE_LEN) return ERR_INVALID;
    if (len - header->len < PAYLOAD_NONCE_LEN + AEAD_TAG_LEN) return ERR_TAG;

    size_t plain_len = len - header->len - PAYLOAD_NONCE_LEN - AEAD_TAG_LEN;
    const uint8_t *sealed = nonce + PAYLOAD_NONCE_LEN;
    if (plain_len > out->max - out->len) return ERR_TOO_LARGE;
    uint8_t *to = buf_space(out, plain_len);
    if (to == NULL) return ERR_NOMEM;

    int err = derive_payload_key(header->file_key, nonce, key);
    if (err == 0) err = aead_open(&params, sealed, plain_len, sealed + plain_len, to);
    if (err == 0) out->len += plain_len;
    explicit_bzero(key, sizeof(key));
    return err;
}

int
age_open(const uint8_t identity[static AGE_KEY_LEN], const uint8_t *file, size_t len,
         struct buf *out) {
    struct age_header header;

    int result = age_header_open(identity, file, len, &header);
    if (result == 1) {
        int err = age_payload_open(&header, file, len, out);
        if (err != 0) result = err;
    }
    explicit_bzero(&header, sizeof(header));
    return result;
}

/* Append the stanza of ${recipient}. */
static int
add_stanza(const struct random *r, const uint8_t *recipient, const uint8_t *file_key,
           struct buf *out) {
    uint8_t share[AGE_KEY_LEN], wrapped[AGE_WRAPPED_LEN];

    int err = age_key_wrap(r, recipient, file_key, share, wrapped);
    if (err == 0) err = buf_add_text(out, "-> X25519 ");
    if (err == 0) err = base64_encode(BASE64_RAW, share, sizeof(share), out);
    if (err == 0) err = buf_add_byte(out, '\n');
    if (err == 0) err = base64_encode(BASE64_RAW, wrapped, sizeof(wrapped), out);
    if (err == 0) err = buf_add_byte(out, '\n');
    return err;
}

/* Append the line of the MAC to the header in ${out}, which begins at ${begin}. */
static int
add_mac(const uint8_t *file_key, size_t begin, struct buf *out) {
    uint8_t mac[HMAC_LEN];

    int err = buf_add_text(out, "---");
    if (err == 0) err = compute_mac(file_key, out->data + begin, out->len - begin, mac);
    if (err == 0) err = buf_add_byte(out, ' ');
    if (err == 0) err = base64_encode(BASE64_RAW, mac, sizeof(mac), out);
    if (err == 0) err = buf_add_byte(out, '\n');
    return err;
}

/* Append the nonce of the payload, the payload and its tag. */
static int
add_payload(const struct random *r, const uint8_t *file_key, const void *plain, size_t len,
            struct buf *out) {
    uint8_t key[AEAD_KEY_LEN], nonce[PAYLOAD_NONCE_LEN];
    const struct aead_params params = payload_params(key);

    random_fill(r, nonce, sizeof(nonce));
    int err = derive_payload_key(file_key, nonce, key);
    if (err == 0) err = buf_add(out, nonce, sizeof(nonce));
    if (err == 0 && len > out->max - out->len) err = ERR_TOO_LARGE;
    uint8_t *to = NULL;
    if (err == 0 && (to = buf_space(out, len + AEAD_TAG_LEN)) == NULL) err = ERR_TOO_LARGE;
    if (err == 0) err = aead_seal(&params, plain, len, to, to + len);
    if (err == 0) out->len += len + AEAD_TAG_LEN;

    explicit_bzero(key, sizeof(key));
    return err;
}

int
age_seal(const struct random *r, const uint8_t (*recipients)[AGE_KEY_LEN], size_t count,
         const void *plain, size_t len, struct buf *out) {
    uint8_t file_key[AGE_FILE_KEY_LEN];
    size_t begin = out->len;
    if (count < 1 || count > AGE_RECIPIENTS_MAX) return ERR_TOO_LARGE;

    random_fill(r, file_key, sizeof(file_key));
    int err = buf_add_text(out, version_line);
    for (size_t i = 0; err == 0 && i < count; i++)
        err = add_stanza(r, recipients[i], file_key, out);
    if (err == 0) err = add_mac(file_key, begin, out);
    if (err == 0) err = add_payload(r, file_key, plain, len, out);

    explicit_bzero(file_key, sizeof(file_key));
    return err;
}
