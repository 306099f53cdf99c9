/* SPDX-License-Identifier: MIT */
/* get --identity: fetch the wrap and decrypt it. */
#include "base/text/base64.h"
#include "cli/terminal/say.h"
#include "cli/wrap/proof.h"
#include "cli/wrap/wrap.h"

/* Ask the server for the wrap of ${link}. */
static enum cli_exit
post_wrap(struct cli *cli, const struct link *link, const uint8_t *header,
          struct remote_response *resp) {
    char path[REMOTE_PATH_MAX];
    json_t *json = json_object();
    enum cli_exit status = CLI_FAILED;
    remote_secret_path(path, link->id, "/wrap");

    if (proof_add_gate(json, link->key, header)) {
        struct remote_call call = {
            .method = HTTP_POST,
            .path = path,
            .json = json,
            .expect = {.kind = EXPECT_JSON, .field = "wrap"},
        };
        status = remote_call(&cli->remote, &call, resp);
    }
    json_decref(json);
    return status;
}

static enum cli_exit
fetch_wrap(struct cli *cli, const struct link *link, const uint8_t *header, struct buf *wrap) {
    struct remote_response resp = {0};
    enum cli_exit status = post_wrap(cli, link, header, &resp);
    const char *text = remote_text(resp.json, "wrap");
    if (status == CLI_DONE &&
        (text == NULL || base64_decode(BASE64_URL, text, strlen(text), wrap) != 0))
        status = CLI_DAMAGED;

    if (status == CLI_WRONG) proof_complain_link();
    else if (status != CLI_DONE)
        remote_complain(&cli->remote, status, &resp, "get what is encrypted to your key");
    remote_response_clear(&resp);
    return status;
}

enum cli_exit
wrap_unlock(struct cli *cli, const struct link *link,
            const uint8_t header[static ENVELOPE_HEADER_LEN], bool wrapped, struct buf *out) {
    const char *identity = cli->opt.identity;
    struct buf wrap = BUF_INIT(AGE_FILE_MAX);
    if (!wrapped) {
        say_error("the secret is not encrypted to a key");
        say_hint("Run the same command without --identity.");
        return CLI_USAGE;
    }
    if (identity == NULL) {
        say_error("the secret is encrypted to the keys of its recipients");
        say_hint("Give the file with yours: secrets get -i IDENTITY-FILE LINK");
        return CLI_USAGE;
    }

    enum cli_exit status = fetch_wrap(cli, link, header, &wrap);
    if (status == CLI_DONE) status = wrap_open(identity, &wrap, out);
    buf_free(&wrap);
    return status;
}
