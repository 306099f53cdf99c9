/* SPDX-License-Identifier: MIT */
/* The classic service: the server encrypts, makes the passphrase, and decrypts. */
#include "base/err.h"
#include "base/text/base64.h"
#include "cli/cli.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/output.h"
#include "cli/transfer/source.h"
#include "crypto/envelope/sealer.h"

enum {
    CONTENT_MAX = 10 * 1024 * 1024,
    CHUNK = 64 * 1024,
    ANSWER_MAX = 2 * CONTENT_MAX,
    TEXT_MAX = 4096,
    RAW_MAX = 4096,
    PATH_MAX_LEN = 32 + 3 * ENVELOPE_NAME_MAX,
};

/* Read all there is. */
static enum cli_exit
read_content(struct source *s, struct buf *out) {
    enum cli_exit status = buf_add(out, s->head.data, s->head.len) == 0 ? CLI_DONE : CLI_FAILED;
    while (status == CLI_DONE && !s->ended) {
        uint8_t *room = buf_space(out, CHUNK);
        if (room == NULL) {
            say_error("%s is larger than the classic service takes", s->path);
            say_hint("Share it without --classic.");
            return CLI_REFUSED;
        }
        ssize_t n = source_read(s, room, CHUNK);
        if (n < 0) status = signals_stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
        else out->len += (size_t)n;
        s->ended = n == 0;
    }
    return status;
}

static enum cli_exit
post_text(struct cli *cli, const struct buf *content, struct remote_response *resp) {
    json_t *json = json_object();
    bool ok = json_object_set_new(json, "secret",
                                  json_stringn((const char *)content->data, content->len)) == 0 &&
              json_object_set_new(json, "view_count",
                                  json_integer(cli->opt.views > 0 ? cli->opt.views : 1)) == 0;
    if (ok && cli->opt.ttl > 0)
        ok = json_object_set_new(json, "ttl", json_integer(cli->opt.ttl)) == 0;
    struct remote_call call = {.method = HTTP_POST, .path = "encrypt", .json = json};
    enum cli_exit status = ok ? remote_call(&cli->remote, &call, resp) : CLI_FAILED;
    json_decref(json);
    return status;
}

static enum cli_exit
post_file(struct cli *cli, const char *name, const struct buf *content,
          struct remote_response *resp) {
    static const char hex[] = "0123456789ABCDEF";
    char path[PATH_MAX_LEN] = "encrypt?file_name=";
    size_t n = strlen(path);
    for (const char *p = name; *p != '\0'; p++) {
        path[n++] = '%';
        path[n++] = hex[(uint8_t)*p >> 4];
        path[n++] = hex[(uint8_t)*p & 15];
    }
    path[n] = '\0';
    struct remote_call call = {.method = HTTP_POST,
                               .path = path,
                               .http = {.body = content->data, .body_len = content->len}};
    return remote_call(&cli->remote, &call, resp);
}

/* Where the page is that opens classic links: the server says, or is it itself. */
static void
find_page(struct cli *cli, char page[static LINK_PAGE_MAX]) {
    struct remote_response resp = {0};
    struct remote_call call = {.method = HTTP_GET, .path = "api/v1/config"};
    enum cli_exit status = remote_call(&cli->remote, &call, &resp);
    const char *named = status == CLI_DONE ? remote_text(resp.json, "page") : NULL;
    if (named == NULL || link_address(named, strlen(named), page) != 0)
        memcpy(page, cli->remote.base, LINK_PAGE_MAX);
    remote_response_clear(&resp);
}

static enum cli_exit
print_created(struct cli *cli, const json_t *json) {
    const char *id = remote_text(json, "secret_id"), *pass = remote_text(json, "passphrase");
    char page[LINK_PAGE_MAX];
    struct buf text = BUF_INIT(TEXT_MAX);
    if (id == NULL || pass == NULL || !token_is_classic_id(id, strlen(id))) {
        remote_complain(&cli->remote, CLI_DAMAGED, NULL, "take the secret");
        return CLI_DAMAGED;
    }
    find_page(cli, page);
    enum cli_exit status = CLI_FAILED;
    if (buf_printf(&text, "%ssecret/%s", page, id) != 0) goto out;
    if (cli->opt.json) {
        status = cli_print_json(
            json_pack("{s:s, s:s, s:s}", "link", buf_text(&text), "id", id, "passphrase", pass));
    } else if (buf_printf(&text, "\n%s\n", pass) == 0) status = cli_print(&text);
    if (status == CLI_DONE) say_note("The second line is the passphrase: send it another way.");
out:
    buf_free(&text);
    return status;
}

enum cli_exit
classic_put(struct cli *cli) {
    struct source source = {.fd = -1};
    struct buf content = BUF_INIT(CONTENT_MAX + CHUNK);
    struct remote_response resp = {0};
    enum cli_exit status = cli_choose_server(cli, NULL);
    if (status == CLI_DONE) status = source_open(cli, &source);
    if (status == CLI_DONE) status = read_content(&source, &content);
    if (status == CLI_DONE && !source_unchanged(&source)) status = CLI_FAILED;
    if (status == CLI_DONE) {
        status = source.name[0] == '\0' ? post_text(cli, &content, &resp)
                                        : post_file(cli, source.name, &content, &resp);
        if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "take the secret");
        else status = print_created(cli, resp.json);
    }
    source_close(&source);
    buf_free(&content);
    remote_response_clear(&resp);
    return status;
}

/* Write what the server decrypted.  A file's data is base64. */
static enum cli_exit
deliver(struct cli *cli, json_t *json) {
    const char *name = remote_text(json, "file_name");
    json_t *data = json_object_get(json, "data");
    struct buf content = BUF_INIT(CONTENT_MAX);
    struct output output = {.fd = -1};
    struct envelope_meta meta = {.is_file = name != NULL};
    const char *text = json_string_value(data);
    size_t len = json_string_length(data);
    int err = text == NULL   ? ERR_INVALID
              : name != NULL ? base64_decode(BASE64_STD, text, len, &content)
                             : buf_add(&content, text, len);
    if (name != NULL) (void)snprintf(meta.name, sizeof(meta.name), "%s", name);
    meta.name_len = strlen(meta.name);
    meta.size = content.len;
    enum cli_exit status = err == 0 ? CLI_DONE : CLI_DAMAGED;
    if (err != 0) remote_complain(&cli->remote, status, NULL, "open the secret");
    if (status == CLI_DONE) status = output_begin(cli, &output, &meta, NULL);
    if (status == CLI_DONE && output_write(&output, 0, content.data, content.len) != 0)
        status = CLI_FAILED;
    if (status == CLI_DONE) status = output_finish(cli, &output, &meta);
    output_drop(&output, false);
    buf_free(&content);
    return status;
}

enum cli_exit
classic_get(struct cli *cli, const struct link *link) {
    struct buf passphrase = BUF_INIT(RAW_MAX);
    struct remote_response resp = {.body = BUF_INIT(ANSWER_MAX)};
    enum cli_exit status = cli_ask(cli, cli->opt.passphrase, "passphrase", &passphrase);
    if (status != CLI_DONE) goto out;
    json_t *json = json_pack("{s:s, s:s%}", "secret_id", link->id, "passphrase",
                             (const char *)passphrase.data, passphrase.len);
    /* Asked twice it would cost two views. */
    struct remote_call call = {
        .method = HTTP_POST, .path = "decrypt", .json = json, .retry = REMOTE_RETRY_UNSENT};
    status = json == NULL ? CLI_USAGE : remote_call(&cli->remote, &call, &resp);
    json_decref(json);
    if (status == CLI_DONE) {
        resp.json = json_parse_object((const char *)resp.body.data, resp.body.len);
        status = deliver(cli, resp.json);
    } else if (status == CLI_GONE) {
        say_error("wrong passphrase, or the secret is gone");
        say_hint("Check the passphrase; a wrong one costs no view.");
    } else if (status == CLI_USAGE) {
        say_error("the passphrase is not UTF-8");
        say_hint("Give the passphrase that came with the link.");
    } else remote_complain(&cli->remote, status, &resp, "open the secret");
out:
    buf_free(&passphrase);
    remote_response_clear(&resp);
    return status;
}
