/* SPDX-License-Identifier: MIT */
/* The classic service: the server encrypts, makes the passphrase, and decrypts. */
#include "base/err.h"
#include "base/text/base64.h"
#include "cli/cli.h"
#include "cli/terminal/message.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/output.h"
#include "cli/transfer/source.h"
#include "crypto/envelope/sealer.h"

enum {
    CONTENT_MAX = 10 * 1024 * 1024,
    PIECE = 64 * 1024,
    ANSWER_MAX = 2 * CONTENT_MAX,
    TEXT_MAX = 4096,
    RAW_MAX = 4096,
    PATH_MAX_LEN = 32 + 3 * ENVELOPE_NAME_MAX,
};

/* Read all there is. */
static enum cli_exit
read_content(struct source *s, struct buf *out) {
    enum cli_exit why = buf_add(out, s->head.data, s->head.len) == 0 ? CLI_DONE : CLI_FAILED;
    while (why == CLI_DONE && !s->ended) {
        uint8_t *room = buf_space(out, PIECE);
        if (room == NULL) {
            say_error("Share it without --classic.", "%s is larger than the classic service takes",
                      s->path);
            return CLI_REFUSED;
        }
        ssize_t n = source_read(s, room, PIECE);
        if (n < 0) why = stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
        else out->len += (size_t)n;
        s->ended = n == 0;
    }
    return why;
}

static enum cli_exit
post_text(struct cli *cli, const struct buf *content, struct remote_answer *a) {
    json_t *json = json_object();
    bool ok = json_object_set_new(json, "secret",
                                  json_stringn((const char *)content->data, content->len)) == 0 &&
              json_object_set_new(json, "view_count",
                                  json_integer(cli->opt.views > 0 ? cli->opt.views : 1)) == 0;
    if (ok && cli->opt.ttl > 0)
        ok = json_object_set_new(json, "ttl", json_integer(cli->opt.ttl)) == 0;
    struct remote_call call = {.method = HTTP_POST, .path = "encrypt", .json = json};
    enum cli_exit why = ok ? remote_call(&cli->remote, &call, a) : CLI_FAILED;
    json_decref(json);
    return why;
}

static enum cli_exit
post_file(struct cli *cli, const char *name, const struct buf *content, struct remote_answer *a) {
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
    return remote_call(&cli->remote, &call, a);
}

/* Where the page is that opens classic links: the server says, or is it itself. */
static void
find_page(struct cli *cli, char page[static LINK_PAGE_MAX]) {
    struct remote_answer a = {0};
    struct remote_call call = {.method = HTTP_GET, .path = "api/v1/config"};
    enum cli_exit why = remote_call(&cli->remote, &call, &a);
    const char *named = why == CLI_DONE ? remote_text(a.json, "page") : NULL;
    if (named == NULL || link_address(named, strlen(named), page) != 0)
        memcpy(page, cli->remote.base, LINK_PAGE_MAX);
    remote_answer_clear(&a);
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
    enum cli_exit why = CLI_FAILED;
    if (buf_printf(&text, "%ssecret/%s", page, id) != 0) goto out;
    if (cli->opt.json) {
        why = cli_print_json(
            json_pack("{s:s, s:s, s:s}", "link", buf_text(&text), "id", id, "passphrase", pass));
    } else if (buf_printf(&text, "\n%s\n", pass) == 0) why = cli_print(&text);
    if (why == CLI_DONE) say_note("The second line is the passphrase: send it another way.");
out:
    buf_free(&text);
    return why;
}

enum cli_exit
classic_put(struct cli *cli) {
    struct source source = {.fd = -1};
    struct buf content = BUF_INIT(CONTENT_MAX + PIECE);
    struct remote_answer a = {0};
    enum cli_exit why = cli_choose_server(cli, NULL);
    if (why == CLI_DONE) why = source_open(cli, &source);
    if (why == CLI_DONE) why = read_content(&source, &content);
    if (why == CLI_DONE && !source_unchanged(&source)) why = CLI_FAILED;
    if (why == CLI_DONE) {
        why = source.name[0] == '\0' ? post_text(cli, &content, &a)
                                     : post_file(cli, source.name, &content, &a);
        if (why != CLI_DONE) remote_complain(&cli->remote, why, &a, "take the secret");
        else why = print_created(cli, a.json);
    }
    source_close(&source);
    buf_free(&content);
    remote_answer_clear(&a);
    return why;
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
    enum cli_exit why = err == 0 ? CLI_DONE : CLI_DAMAGED;
    if (err != 0) remote_complain(&cli->remote, why, NULL, "open the secret");
    if (why == CLI_DONE) why = output_begin(cli, &output, &meta, NULL);
    if (why == CLI_DONE && output_write(&output, 0, content.data, content.len) != 0)
        why = CLI_FAILED;
    if (why == CLI_DONE) why = output_finish(cli, &output, &meta);
    output_drop(&output, false);
    buf_free(&content);
    return why;
}

enum cli_exit
classic_get(struct cli *cli, const struct link *link) {
    struct buf passphrase = BUF_INIT(RAW_MAX);
    struct remote_answer a = {.body = BUF_INIT(ANSWER_MAX)};
    enum cli_exit why = cli_ask(cli, cli->opt.passphrase, "passphrase", &passphrase);
    if (why != CLI_DONE) goto out;
    json_t *json = json_pack("{s:s, s:s%}", "secret_id", link->id, "passphrase",
                             (const char *)passphrase.data, passphrase.len);
    /* Asked twice it would cost two views. */
    struct remote_call call = {
        .method = HTTP_POST, .path = "decrypt", .json = json, .retry = REMOTE_RETRY_UNSENT};
    why = json == NULL ? CLI_USAGE : remote_call(&cli->remote, &call, &a);
    json_decref(json);
    if (why == CLI_DONE) {
        a.json = json_parse_object((const char *)a.body.data, a.body.len);
        why = deliver(cli, a.json);
    } else if (why == CLI_GONE) {
        say_error("Check the passphrase; a wrong one costs no view.",
                  "wrong passphrase, or the secret is gone");
    } else if (why == CLI_USAGE)
        say_error("Give the passphrase that came with the link.", "the passphrase is not UTF-8");
    else remote_complain(&cli->remote, why, &a, "open the secret");
out:
    buf_free(&passphrase);
    remote_answer_clear(&a);
    return why;
}
