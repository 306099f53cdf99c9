/* SPDX-License-Identifier: MIT */
/*
 * Any responses of the services that hand out AWS keys, and any profile file.  Keys that are taken
 * can stand in the header of a request.  Input: the source, then responses (aws_peer.h), or the
 * text itself.
 */
#include "aws/credentials_source.h"
#include "aws_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *
container_variable(void *ctx, const char *name) {
    (void)ctx;
    return strcmp(name, "AWS_CONTAINER_CREDENTIALS_FULL_URI") == 0 ? "http://127.0.0.1:1/" : NULL;
}

static void
check_word(const char *text, bool may_be_empty) {
    if (text[0] == '\0' && !may_be_empty) abort();
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~') abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    const struct aws_service_config peer = peer_config();
    const struct aws_credentials_config config = {
        {container_variable, NULL}, peer.transport, peer.clock};
    struct aws_keys keys;
    struct buf text = BUF_INIT(1 << 16);
    int got;
    json_setup();
    if (len == 0) return 0;
    peer_data = data + 1;
    peer_len = len - 1;
    if (buf_add(&text, data + 1, len - 1) != 0) return 0;

    switch (data[0] % 4) {
    case 0: got = aws_credentials_from_container(&config, &keys); break;
    case 1: got = aws_credentials_from_instance(&config, &keys); break;
    case 2: got = aws_credentials_parse_json(&text, &keys); break;
    default: got = aws_credentials_parse_profile(buf_text(&text), "default", &keys); break;
    }
    if (got == 1) {
        check_word(keys.id, false);
        check_word(keys.secret, false);
        check_word(keys.token, true);
    }
    buf_free(&text);
    return 0;
}
