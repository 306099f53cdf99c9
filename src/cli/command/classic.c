/* SPDX-License-Identifier: MIT */
/* The classic service: the server encrypts, generates the passphrase, and decrypts. */
#include "base/err.h"
#include "base/text/base64.h"
#include "cli/address/page.h"
#include "cli/cli.h"
#include "cli/command/sharing.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/output.h"
#include "cli/transfer/source.h"
#include "crypto/envelope/sealer.h"

enum {
    CLASSIC_CONTENT_MAX = 10 * 1024 * 1024,
    CLASSIC_RESPONSE_MAX = 2 * CLASSIC_CONTENT_MAX,
    CLASSIC_TEXT_MAX = 4096,
    CLASSIC_PATH_MAX = 32 + 3 * ENVELOPE_NAME_MAX,
    READ_STEP = 64 * 1024,
    PASSPHRASE_RAW_MAX = 4096,
};

/* Read all of ${s} into ${out}. */
static enum cli_exit
read_classic_source(struct source *s, struct buf *out) {
    enum cli_exit status = CLI_FAILED;
    if (buf_add(out, s->head.data, s->head.len) == 0) status = CLI_DONE;

    while (status == CLI_DONE && !s->ended) {
        uint8_t *room = buf_space(out, READ_STEP);
        if (room == NULL) {
            say_error("%s is too large for the classic service", s->path);
            say_hint("Share it without --classic.");
            return CLI_REFUSED;
        }
        ssize_t n = source_read(s, room, READ_STEP);
        if (n >= 0) out->len += (size_t)n;
        else if (signals_stop_asked()) status = CLI_INTERRUPTED;
        else status = CLI_FAILED;
        s->ended = n == 0;
    }
    return status;
}

/* Return the body of POST /encrypt for json_decref(), or NULL if memory is short or ${content} is
 * not UTF-8. */
static json_t *
new_encrypt_request(const struct options *o, const struct buf *content) {
    json_t *text = json_stringn((const char *)content->data, content->len);
    json_t *views = json_integer(o->views > 0 ? o->views : 1);
    json_t *json = json_object();
    bool ok = json_object_set_new(json, "secret", text) == 0 &&
              json_object_set_new(json, "view_count", views) == 0;
    if (ok && o->ttl > 0) ok = json_object_set_new(json, "ttl", json_integer(o->ttl)) == 0;
    if (ok) return json;
    json_decref(json);
    return NULL;
}

static enum cli_exit
post_classic_text(struct cli *cli, const char *token, const struct buf *content,
                  struct remote_response *resp) {
    json_t *json = new_encrypt_request(&cli->opt, content);
    struct remote_call call = {.method = HTTP_POST,
                               .path = "encrypt",
                               .token = token,
                               .json = json,
                               .expect = {EXPECT_JSON, "secret_id", 0}};
    enum cli_exit status = CLI_FAILED;
    if (json != NULL) status = remote_call(&cli->remote, &call, resp);
    json_decref(json);
    return status;
}

static enum cli_exit
post_classic_file(struct cli *cli, const char *token, const char *name, const struct buf *content,
                  struct remote_response *resp) {
    static const char hex[] = "0123456789ABCDEF";
    char path[CLASSIC_PATH_MAX] = "encrypt?file_name=";
    size_t n = strlen(path);
    /* Every byte of the name is encoded. */
    for (const char *p = name; *p != '\0'; p++) {
        path[n++] = '%';
        path[n++] = hex[(uint8_t)*p >> 4];
        path[n++] = hex[(uint8_t)*p & 15];
    }
    path[n] = '\0';

    struct remote_call call = {
        .method = HTTP_POST,
        .path = path,
        .token = token,
        .expect = {.kind = EXPECT_JSON, .field = "secret_id"},
        .http = {.body = content->data, .body_len = content->len},
    };
    return remote_call(&cli->remote, &call, resp);
}

/* Find the page that opens classic links, as page_choose() does, and check that ${token} lets this
 * user share. */
static enum cli_exit
find_classic_page(struct cli *cli, const struct buf *token, char page[static LINK_PAGE_MAX]) {
    struct remote_response resp = {0};
    struct remote_call call = {
        .method = HTTP_GET, .path = "api/v1/config", .expect = {EXPECT_JSON, "file_max", 0}};
    enum cli_exit status = remote_call(&cli->remote, &call, &resp);

    /* A server without a configuration is a classic one, and its own page. */
    const char *named = NULL;
    if (status == CLI_DONE) named = remote_text(resp.json, "page");
    status = sharing_check(cli, resp.json, token);
    if (status == CLI_DONE) status = page_choose(cli, named, page);
    remote_response_clear(&resp);
    return status;
}

static enum cli_exit
print_classic_link(struct cli *cli, const char *page, const char *id, const char *passphrase) {
    struct buf text = BUF_INIT(CLASSIC_TEXT_MAX);
    enum cli_exit status = CLI_FAILED;
    if (buf_printf(&text, "%ssecret/%s", page, id) != 0) goto out;

    if (cli->opt.json)
        status = cli_print_json(json_pack("{s:s, s:s, s:s}", "link", buf_text(&text), "id", id,
                                          "passphrase", passphrase));
    else if (buf_printf(&text, "\n%s\n", passphrase) == 0) status = cli_print(&text);
    if (status == CLI_DONE)
        say_note("The second line is the passphrase. Send it through a different channel.");
out:
    buf_free(&text);
    return status;
}

/* Print what the server created, as its response ${json} says. */
static enum cli_exit
print_classic_created(struct cli *cli, const char *page, const json_t *json) {
    const char *id = remote_text(json, "secret_id"), *pass = remote_text(json, "passphrase");
    if (id == NULL || pass == NULL || !token_is_classic_id(id, strlen(id))) {
        remote_complain(&cli->remote, CLI_DAMAGED, NULL, "store the secret");
        return CLI_DAMAGED;
    }
    return print_classic_link(cli, page, id, pass);
}

static enum cli_exit
post_classic(struct cli *cli, struct buf *token, const char *page, const struct source *source,
             const struct buf *content) {
    struct remote_response resp = {0};
    enum cli_exit status;
    const char *sent = token->len > 0 ? buf_text(token) : NULL;
    if (source->name[0] == '\0') status = post_classic_text(cli, sent, content, &resp);
    else status = post_classic_file(cli, sent, source->name, content, &resp);

    if (sharing_was_refused(cli, &resp, token)) status = CLI_FORBIDDEN;
    else if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "store the secret");
    else status = print_classic_created(cli, page, resp.json);
    remote_response_clear(&resp);
    return status;
}

enum cli_exit
classic_put(struct cli *cli) {
    struct source source = {.fd = -1};
    struct buf content = BUF_INIT(CLASSIC_CONTENT_MAX + READ_STEP);
    struct buf token = BUF_INIT(PASSPHRASE_RAW_MAX);
    char page[LINK_PAGE_MAX];
    enum cli_exit status = cli_choose_server(cli, NULL);

    /* Nothing is shared before it is clear where the link leads. */
    if (status == CLI_DONE) status = sharing_token(cli, &token);
    if (status == CLI_DONE) status = find_classic_page(cli, &token, page);
    if (status == CLI_DONE) status = source_open(cli, &source);
    if (status == CLI_DONE) status = read_classic_source(&source, &content);
    if (status == CLI_DONE && !source_unchanged(&source)) status = CLI_FAILED;
    if (status == CLI_DONE) status = post_classic(cli, &token, page, &source, &content);
    source_close(&source);
    buf_free(&token);
    buf_free(&content);
    return status;
}

/* Decode what the server decrypted into ${content}: a file is base64.  Returns CLI_DONE, or
 * CLI_DAMAGED after printing an error. */
static enum cli_exit
decode_classic(struct cli *cli, const json_t *json, bool is_file, struct buf *content) {
    json_t *data = json_object_get(json, "data");
    const char *text = json_string_value(data);
    size_t len = json_string_length(data);

    int err = ERR_INVALID;
    if (text != NULL && is_file) err = base64_decode(BASE64_STD, text, len, content);
    else if (text != NULL) err = buf_add(content, text, len);
    if (err == 0) return CLI_DONE;
    remote_complain(&cli->remote, CLI_DAMAGED, NULL, "open the secret");
    return CLI_DAMAGED;
}

/* Write what the server decrypted to its output. */
static enum cli_exit
deliver_classic(struct cli *cli, const json_t *json) {
    const char *name = remote_text(json, "file_name");
    struct buf content = BUF_INIT(CLASSIC_CONTENT_MAX);
    struct output output = {.fd = -1};
    struct envelope_meta meta = {.is_file = name != NULL};
    enum cli_exit status = decode_classic(cli, json, meta.is_file, &content);

    if (name != NULL) (void)snprintf(meta.name, sizeof(meta.name), "%s", name);
    meta.name_len = strlen(meta.name);
    meta.size = content.len;
    if (status == CLI_DONE) status = output_begin(cli, &output, &meta, NULL);
    if (status == CLI_DONE) status = output_create(&output);
    if (status == CLI_DONE && output_write(&output, 0, content.data, content.len) != 0)
        status = CLI_FAILED;
    if (status == CLI_DONE) status = output_finish(cli, &output, &meta);
    output_drop(&output, false);
    buf_free(&content);
    return status;
}

/* Ask the server to decrypt ${id} with ${passphrase}.  The body is in ${resp}. */
static enum cli_exit
post_decrypt(struct cli *cli, const char *id, const struct buf *passphrase,
             struct remote_response *resp) {
    json_t *json = json_pack("{s:s, s:s%}", "secret_id", id, "passphrase",
                             (const char *)passphrase->data, passphrase->len);
    if (json == NULL) return CLI_USAGE; /* the passphrase is not UTF-8 */

    /* Repeated, the call could use two views. */
    struct remote_call call = {
        .method = HTTP_POST,
        .path = "decrypt",
        .json = json,
        .retry = REMOTE_RETRY_UNSENT,
        .expect = {.kind = EXPECT_DECRYPTED, .field = "data"},
    };
    enum cli_exit status = remote_call(&cli->remote, &call, resp);
    json_decref(json);
    return status;
}

/* Say that a decrypt was answered 404.  An unmarked response may have come from something else. */
static void
complain_classic_gone(const struct remote_response *resp) {
    if (resp->marked) say_error("wrong passphrase, or the secret is gone");
    else
        say_error("wrong passphrase, the secret is gone, or a proxy responded instead of the "
                  "server, with status 404");
    say_hint("Check the passphrase. A wrong one does not use a view.");
}

enum cli_exit
classic_get(struct cli *cli, const struct link *link) {
    struct buf passphrase = BUF_INIT(PASSPHRASE_RAW_MAX);
    struct remote_response resp = {.body = BUF_INIT(CLASSIC_RESPONSE_MAX)};
    enum cli_exit status = cli_ask(cli, cli->opt.passphrase, "passphrase", &passphrase);
    if (status != CLI_DONE) goto out;

    /* The server answers a wrong passphrase and an absent secret alike. */
    status = post_decrypt(cli, link->id, &passphrase, &resp);
    switch (status) {
    case CLI_DONE: status = deliver_classic(cli, resp.json); break;
    case CLI_GONE: complain_classic_gone(&resp); break;
    case CLI_USAGE:
        say_error("the passphrase is not UTF-8");
        say_hint("Give the passphrase that came with the link.");
        break;
    default: remote_complain(&cli->remote, status, &resp, "open the secret"); break;
    }
out:
    buf_free(&passphrase);
    remote_response_clear(&resp);
    return status;
}
