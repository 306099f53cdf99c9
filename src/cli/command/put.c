/* SPDX-License-Identifier: MIT */
/* secrets put: seal, upload, and print the link. */
#include <fcntl.h>
#include <unistd.h>

#include "base/text/base64.h"
#include "cli/cli.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/handover.h"
#include "cli/transfer/seal.h"
#include "cli/transfer/upload.h"

enum { ATTEMPTS = 10, RAW_MAX = 4096 };

/* What the server takes and suggests. */
struct server_config {
    struct seal_limits limits;
    int64_t ttl_default, ttl_max, views_max;
    char page[LINK_PAGE_MAX];
};

/* One secret on its way to the server. */
struct putting {
    struct cli *cli;
    struct server_config server;
    struct buf passphrase;
    struct sealed sealed;
    struct handover handover; /* what the user gets */
    uint32_t part_size;       /* 0 if all went with the create call */
};

static enum cli_exit
ask_config(struct cli *cli, struct server_config *out) {
    struct remote_response resp = {0};
    struct remote_call call = {.method = HTTP_GET, .path = "api/v1/config"};
    enum cli_exit status = remote_call(&cli->remote, &call, &resp);
    const char *page = remote_text(resp.json, "page");
    int64_t inline_max = remote_number(resp.json, "inline_max", -1);
    int64_t file_max = remote_number(resp.json, "file_max", -1);
    out->ttl_default = remote_number(resp.json, "ttl_default", 0);
    out->ttl_max = remote_number(resp.json, "ttl_max", INT64_MAX);
    out->views_max = remote_number(resp.json, "views_max", INT64_MAX);
    out->limits.inline_max = inline_max < 0 ? 0 : (uint64_t)inline_max;
    out->limits.file_max = file_max < 0 ? 0 : (uint64_t)file_max;
    if (out->limits.inline_max > SEAL_INLINE_MAX) out->limits.inline_max = SEAL_INLINE_MAX;
    if (page == NULL || link_address(page, strlen(page), out->page) != 0)
        memcpy(out->page, cli->remote.base, sizeof(out->page));
    if (status == CLI_DONE && (file_max < 0 || out->ttl_default <= 0)) status = CLI_DAMAGED;
    if (status == CLI_GONE) {
        say_error("%s is no server of this service", cli->remote.base);
        say_hint("Check the address; for a classic server use --classic.");
    } else if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "tell its limits");
    remote_response_clear(&resp);
    return status == CLI_GONE ? CLI_USAGE : status;
}

/* The wishes of the command line, the configuration file and the server, in this order. */
static enum cli_exit
choose(struct putting *p) {
    struct options *o = &p->cli->opt;
    const struct config *c = &p->cli->config;
    if (o->views == 0) o->views = c->views > 0 ? c->views : 1;
    if (o->ttl == 0) o->ttl = c->ttl > 0 ? c->ttl : p->server.ttl_default;
    if (o->ttl > p->server.ttl_max) {
        say_error("the server keeps nothing longer than %lld days",
                  (long long)(p->server.ttl_max / 86400));
        say_hint("Ask for less with --ttl.");
        return CLI_REFUSED;
    }
    if (o->views > p->server.views_max) {
        say_error("the server allows at most %lld views", (long long)p->server.views_max);
        say_hint("Ask for fewer with --views.");
        return CLI_REFUSED;
    }
    if (o->passphrase == NULL) return CLI_DONE;
    return cli_ask_passphrase(p->cli, o->passphrase, true, &p->passphrase);
}

static bool
set_bytes(json_t *json, const char *name, const void *data, size_t len) {
    struct buf text = BUF_INIT(base64_encoded_len(BASE64_URL, len));
    bool ok = base64_encode(BASE64_URL, data, len, &text) == 0 &&
              json_object_set_new(json, name, json_stringn((char *)text.data, text.len)) == 0;
    buf_free(&text);
    return ok;
}

static bool
set_number(json_t *json, const char *name, uint64_t n) {
    return json_object_set_new(json, name, json_integer((json_int_t)n)) == 0;
}

static json_t *
create_request(const struct putting *p) {
    const struct options *o = &p->cli->opt;
    const struct sealed *s = &p->sealed;
    json_t *json = json_object();
    bool ok = set_bytes(json, "verifier", s->keys.verifier, sizeof(s->keys.verifier)) &&
              set_bytes(json, "header", s->keys.header, sizeof(s->keys.header)) &&
              set_number(json, "views", (uint64_t)o->views) &&
              set_number(json, "ttl", (uint64_t)o->ttl) && set_number(json, "size", s->size);
    if (ok && p->passphrase.len > 0)
        ok = set_number(json, "attempts", ATTEMPTS) &&
             json_object_set_new(json, "passphrase", json_true()) == 0;
    if (ok && s->file < 0) ok = set_bytes(json, "content", s->content.data, s->content.len);
    if (ok) return json;
    json_decref(json);
    return NULL;
}

static enum cli_exit
take_created(struct putting *p, const json_t *json) {
    const char *id = remote_text(json, "id"), *token = remote_text(json, "owner_token");
    int64_t part_size = remote_number(json, "part_size", 0);
    if (id == NULL || token == NULL || !token_is_sealed_id(id, strlen(id)) ||
        strlen(token) != TOKEN_LEN || part_size < 0 || part_size > UINT32_MAX ||
        (p->sealed.file >= 0) != (part_size > 0) ||
        (part_size > 0 && p->sealed.size / (uint64_t)part_size >= UINT32_MAX))
        return CLI_DAMAGED;
    memcpy(p->handover.id, id, sizeof(p->handover.id));
    memcpy(p->handover.owner_token, token, sizeof(p->handover.owner_token));
    p->handover.expires_at = remote_number(json, "expires_at", 0);
    p->part_size = (uint32_t)part_size;
    return CLI_DONE;
}

/* An answer was lost: what it told of is there, and nobody can name it, open it or burn it. */
static void
note_unsure(const struct putting *p, enum cli_exit status) {
    const char *until = p->sealed.file >= 0 ? "within the hour" : "when its time is over";
    if (status == CLI_DONE)
        say_note(
            "Note: an answer was lost; the server may hold a second copy, which nobody can open "
            "and which goes %s.",
            until);
    else
        say_note("Note: the server may hold it all the same; nobody can open that, and it goes %s.",
                 until);
}

static enum cli_exit
create(struct putting *p) {
    struct remote_response resp = {0};
    json_t *json = create_request(p);
    enum cli_exit status = CLI_FAILED;
    if (json != NULL) {
        /* Should it be made twice, nobody ever learns the first one's id: no link leads there. */
        struct remote_call call = {
            .method = HTTP_POST,
            .path = "api/v1/secrets",
            .json = json,
            .http = {.fresh_connection = true}, /* no second attempt that we do not hear of */
        };
        status = remote_call(&p->cli->remote, &call, &resp);
        if (status == CLI_DONE) status = take_created(p, resp.json);
    }
    if (status != CLI_DONE) remote_complain(&p->cli->remote, status, &resp, "take the secret");
    if (resp.unsure) note_unsure(p, status);
    json_decref(json);
    remote_response_clear(&resp);
    return status;
}

/* Note what another run needs to finish the upload: the sealed bytes, and the token to
 * send them. */
static void
remember_upload(struct putting *p) {
    char path[STATE_PATH_MAX];
    const struct handover *h = &p->handover;
    if (p->sealed.path[0] == '\0') return;
    state_path(&p->cli->state, STATE_UPLOAD, h->id, ".sealed", path);
    if (rename(p->sealed.path, path) == 0) memcpy(p->sealed.path, path, sizeof(path));
    handover_remember_upload(p->cli, h, p->sealed.size, p->part_size);
}

static enum cli_exit
upload(struct putting *p) {
    char log[STATE_PATH_MAX];
    struct handover *h = &p->handover;
    struct remote_response resp = {0};
    struct upload u = {
        .id = h->id,
        .owner_token = h->owner_token,
        .sealed = p->sealed.file,
        .size = p->sealed.size,
        .part_size = p->part_size,
        .label = "Sending",
        .done_log = -1,
    };
    bool kept = p->sealed.path[0] != '\0';
    state_path(&p->cli->state, STATE_UPLOAD, h->id, ".parts", log);
    if (kept) u.done_log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum cli_exit status = upload_run(p->cli, &u, &resp);
    if (u.done_log >= 0) (void)close(u.done_log);
    if (status == CLI_NETWORK || status == CLI_INTERRUPTED)
        status = handover_interrupted(p->cli, h, kept, status, &resp);
    remote_response_clear(&resp);
    return status;
}

/* What failed is not left behind: neither half of it nor a secret whose link nobody has. */
static void
abandon(struct putting *p) {
    char path[CLI_PATH_MAX];
    struct remote_response resp = {0};
    if (p->handover.id[0] == '\0') return;
    cli_secret_path(path, p->handover.id, "");
    struct remote_call call = {
        .method = HTTP_DELETE, .path = path, .token = p->handover.owner_token};
    enum cli_exit status = remote_call(&p->cli->remote, &call, &resp);
    if (status == CLI_DONE) say_note("What the server had of it was burnt.");
    else if (status != CLI_GONE)
        say_note("Note: the server still holds it; it goes by itself in time.");
    /* While it is there its token may still be of use. */
    if (status == CLI_DONE || status == CLI_GONE)
        state_forget(&p->cli->state, STATE_OWNED, p->handover.id);
    remote_response_clear(&resp);
}

/* Get the sealed bytes to the server. */
static enum cli_exit
send(struct putting *p) {
    enum cli_exit status = create(p);
    if (status != CLI_DONE || p->part_size == 0) return status;
    /* On a terminal the link is shown at once: whatever ends this run, it is not lost. */
    if (isatty(STDOUT_FILENO) && !p->cli->opt.json) status = handover_print(p->cli, &p->handover);
    remember_upload(p);
    if (status == CLI_DONE) status = upload(p);
    if (status != CLI_UNFINISHED) state_forget(&p->cli->state, STATE_UPLOAD, p->handover.id);
    return status;
}

static enum cli_exit
put_sealed(struct putting *p) {
    struct cli *cli = p->cli;
    struct handover *h = &p->handover;
    enum cli_exit status = cli_choose_server(cli, NULL);
    if (status == CLI_DONE) status = ask_config(cli, &p->server);
    if (status == CLI_DONE) status = choose(p);
    if (status != CLI_DONE) return status;
    token_mint_link_key(cli->random, h->link_key);
    h->page = p->server.page;
    status = seal_run(cli, h->link_key, &p->passphrase, &p->server.limits, &p->sealed);
    if (status == CLI_DONE) status = send(p);
    if (status == CLI_DONE) status = handover_finish(cli, h);
    if (status != CLI_DONE && status != CLI_UNFINISHED && status != CLI_NETWORK &&
        status != CLI_INTERRUPTED)
        abandon(p);
    seal_clear(&p->sealed, status == CLI_UNFINISHED);
    return status;
}

static enum cli_exit
check(const struct cli *cli) {
    const struct options *o = &cli->opt;
    const char *file = o->file != NULL ? o->file : o->operand;
    const char *bad = NULL;
    if (o->file != NULL && o->operand != NULL) bad = "--file and another file";
    else if (o->classic && (o->passphrase != NULL || o->key_apart))
        bad = "--classic with --passphrase or --key-apart (the server makes its own)";
    else if (o->qr && o->json) bad = "--qr with --json";
    if (bad != NULL) {
        say_error("%s do not go together", bad);
        say_hint("See secrets put --help.");
        return CLI_USAGE;
    }
    if (passphrase_from_stdin(o->passphrase) && (file == NULL || strcmp(file, "-") == 0)) {
        say_error("the secret and the passphrase cannot both come from standard input");
        say_hint("Give the secret with --file, or the passphrase another way.");
        return CLI_USAGE;
    }
    return CLI_DONE;
}

enum cli_exit
put_run(struct cli *cli) {
    if (cli->opt.resume) return resume_run(cli);
    enum cli_exit status = check(cli);
    if (status != CLI_DONE) return status;
    state_prune(&cli->state, clock_now(cli->clock));
    if (cli->opt.classic) return classic_put(cli);
    struct putting p = {.cli = cli, .passphrase = BUF_INIT(RAW_MAX), .sealed = {.file = -1}};
    status = put_sealed(&p);
    buf_free(&p.passphrase);
    explicit_bzero(&p.handover, sizeof(p.handover));
    return status;
}
