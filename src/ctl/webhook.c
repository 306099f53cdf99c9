/* SPDX-License-Identifier: MIT */
/* Deliveries to a webhook, and the choice between the two ways. */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/hex.h"
#include "crypto/hmac.h"
#include "ctl/ctl.h"
#include "ctl/internal.h"

enum { DEADLINE_MS = 30000, BODY_MAX = 64 * 1024, SIGNATURE_MAX = 64, SIGNED_MAX = 8192 };

int
delivery_read_key(struct delivery *d, const char *text) {
    static const char prefix[] = "whsec_";
    struct buf key = BUF_INIT(DELIVERY_KEY_MAX);
    if (strncmp(text, prefix, strlen(prefix)) != 0) return ERR_INVALID;

    text += strlen(prefix);
    int err = base64_decode(BASE64_STD, text, strlen(text), &key);
    if (err == 0 && key.len < DELIVERY_KEY_MIN) err = ERR_INVALID;
    d->key_len = key.len;
    if (err == 0) memcpy(d->key, key.data, key.len);
    buf_free(&key);
    return err == 0 ? 0 : ERR_INVALID;
}

/* Write "v1," and the base64 of the HMAC of "ID.TIMESTAMP.BODY" to ${out}.  Returns 0 or a code. */
static int
sign_delivery(const struct delivery *d, const char *id, const char *timestamp, const char *line,
              size_t len, char out[static SIGNATURE_MAX]) {
    struct buf text = BUF_INIT(SIGNED_MAX);
    uint8_t mac[HMAC_LEN];
    int err = buf_printf(&text, "%s.%s.", id, timestamp);
    if (err == 0) err = buf_add(&text, line, len);
    if (err == 0) err = hmac_sha256(d->key, d->key_len, text.data, text.len, mac);
    buf_free(&text);
    if (err != 0) return err;

    memcpy(out, "v1,", sizeof("v1,"));
    base64_encode_text(BASE64_STD, mac, sizeof(mac), out + 3);
    return 0;
}

/* Judge what came back. */
static enum delivery_result
judge_delivery(struct delivery *d, enum http_failure failure,
               const struct http_client_response *resp) {
    d->retry_after = resp->retry_after;
    if (failure != HTTP_FAILURE_NONE) {
        (void)snprintf(d->reason, sizeof(d->reason), "%.150s", resp->detail);
        return DELIVERY_FAILED;
    }
    if (resp->status >= 200 && resp->status < 300) return DELIVERY_DONE;
    (void)snprintf(d->reason, sizeof(d->reason), "the receiver answered %d", resp->status);
    return resp->status == 410 ? DELIVERY_GONE : DELIVERY_FAILED;
}

static enum delivery_result
post_event(struct delivery *d, const struct audit_event *e, const char *line, size_t len) {
    char id[2 * AUDIT_HASH_LEN + 1], timestamp[24], signature[SIGNATURE_MAX];
    hex_write(e->hash, sizeof(e->hash), id);
    (void)snprintf(timestamp, sizeof(timestamp), "%lld", (long long)clock_now(&clock_system));
    if (sign_delivery(d, id, timestamp, line, len, signature) != 0) {
        (void)snprintf(d->reason, sizeof(d->reason), "the event cannot be signed");
        return DELIVERY_FAILED;
    }

    /* The id is that of the row, so a receiver can tell a repetition. */
    const struct http_field fields[] = {{"Content-Type", "application/json"},
                                        {"webhook-id", id},
                                        {"webhook-timestamp", timestamp},
                                        {"webhook-signature", signature}};
    const struct http_client_request req = {.method = HTTP_POST,
                                            .url = d->url,
                                            .fields = fields,
                                            .field_count = ARRAY_LEN(fields),
                                            .body = line,
                                            .body_len = len,
                                            .deadline_ms = DEADLINE_MS};
    struct http_client_response resp = {.body = BUF_INIT(BODY_MAX), .retry_after = -1};
    enum http_failure failure = http_client_send(d->client, &req, &resp);
    enum delivery_result result = judge_delivery(d, failure, &resp);
    buf_free(&resp.body);
    return result;
}

enum delivery_result
delivery_try(struct delivery *d, const struct audit_event *e, const char *line, size_t len) {
    d->reason[0] = '\0';
    d->retry_after = -1;
    return d->url != NULL ? post_event(d, e, line, len) : delivery_run(d, line, len);
}
