/* SPDX-License-Identifier: MIT */
/* secrets put: seal, upload, and print the link. */
#include <fcntl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/command/server_config.h"
#include "cli/command/sharing.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/handover.h"
#include "cli/transfer/seal.h"
#include "cli/transfer/upload.h"
#include "cli/wrap/proof.h"
#include "cli/wrap/wrap.h"

enum {
    ATTEMPTS = 10, /* wrong passphrases until the secret locks */
    PASSPHRASE_RAW_MAX = 4096,
};

/* One secret on its way to the server. */
struct putting {
    struct cli *cli;
    struct server_config server;
    struct buf api_token; /* "" for none */
    struct buf passphrase;
    struct recipients to;
    struct buf wrap; /* the passphrase, encrypted to them */
    struct sealed sealed;
    struct handover handover; /* what the user gets */
    uint32_t part_size;       /* 0 if the content was sent with the create call */
};

/* Set views and ttl from the command line, else the configuration file, else the server. */
static void
apply_defaults(struct putting *p) {
    struct options *o = &p->cli->opt;
    const struct config *c = &p->cli->config;
    if (o->views == 0) o->views = c->views;
    if (o->views == 0) o->views = 1;
    if (o->ttl == 0) o->ttl = c->ttl;
    if (o->ttl == 0) o->ttl = p->server.ttl_default;
}

static enum cli_exit
check_server_limits(const struct putting *p) {
    const struct options *o = &p->cli->opt;

    /* A limit of the configuration file counts as one of the command line. */
    if (o->ttl > p->server.ttl_max) {
        say_error("the server keeps secrets for at most %lld days",
                  (long long)(p->server.ttl_max / 86400));
        say_hint("Choose a shorter time with --ttl.");
        return CLI_REFUSED;
    }
    if (o->views > p->server.views_max) {
        say_error("the server allows at most %lld views", (long long)p->server.views_max);
        say_hint("Choose fewer with --views.");
        return CLI_REFUSED;
    }

    if (p->to.count > 0 && !p->server.wrap) {
        say_error("%s cannot keep a secret that is encrypted to keys", p->cli->remote.base);
        say_hint("Use another server, or add a passphrase in place of --to.");
        return CLI_REFUSED;
    }
    if (p->server.passphrase_required && o->passphrase == NULL && p->to.count == 0) {
        say_error("the server requires a passphrase");
        say_hint("Add one with --passphrase, such as --passphrase tty.");
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

/* Return the body of the create call for json_decref(), or NULL if memory is short. */
static json_t *
new_create_request(const struct putting *p) {
    const struct options *o = &p->cli->opt;
    const struct sealed *s = &p->sealed;
    json_t *json = json_object();
    bool ok = remote_set_bytes(json, "verifier", s->keys.verifier, sizeof(s->keys.verifier)) &&
              remote_set_bytes(json, "header", s->keys.header, sizeof(s->keys.header)) &&
              remote_set_number(json, "views", (uint64_t)o->views) &&
              remote_set_number(json, "ttl", (uint64_t)o->ttl) &&
              remote_set_number(json, "size", s->size);

    if (ok && p->server.gate) ok = proof_add_verifier(json, p->handover.link_key, s->keys.header);
    if (ok && p->passphrase.len > 0) ok = json_object_set_new(json, "passphrase", json_true()) == 0;

    /* Only what a person can guess needs a limit of attempts. */
    if (ok && p->wrap.len > 0) ok = remote_set_bytes(json, "wrap", p->wrap.data, p->wrap.len);
    else if (ok && p->passphrase.len > 0) ok = remote_set_number(json, "attempts", ATTEMPTS);
    if (ok && s->file < 0) ok = remote_set_bytes(json, "content", s->content.data, s->content.len);

    if (ok) return json;
    json_decref(json);
    return NULL;
}

/* Say that a lost response may have created a secret whose id nobody knows. */
static void
note_lost_response(const struct putting *p, enum cli_exit status) {
    const char *until = "when its time is over";
    if (p->sealed.file >= 0) until = "within the hour";

    if (status == CLI_DONE)
        say_note("Note: a response was lost. The server may hold a second copy that no one can "
                 "open; it expires %s.",
                 until);
    else
        say_note("Note: the server may still hold a copy that no one can open; it expires %s.",
                 until);
}

/* Called for each unfinished upload, of which one is enough. */
static int
is_upload_there(void *ctx, json_t *record) {
    (void)ctx, (void)record;
    return 1;
}

/* Say that the server begins no other upload, and what is in the way. */
static void
complain_too_many_uploads(const struct cli *cli) {
    say_error("too many uploads from here to %s are unfinished", cli->remote.base);
    if (state_each(&cli->state, STATE_UPLOAD, is_upload_there, NULL) != 0)
        say_hint("Finish one with secrets put --resume, which lists them, or erase one with "
                 "secrets burn ID.");
    else say_hint("Wait until one has ended, then run the same command again.");
}

static enum cli_exit
create_secret(struct putting *p) {
    struct remote_response resp = {0};
    json_t *json = new_create_request(p);
    enum cli_exit status = CLI_FAILED;
    if (json != NULL) {
        /* A repeated call may create two secrets, but no link leads to the first one. */
        struct remote_call call = {
            .method = HTTP_POST,
            .path = "api/v1/secrets",
            .token = p->api_token.len > 0 ? buf_text(&p->api_token) : NULL,
            .json = json,
            .expect = {.kind = EXPECT_JSON, .field = "owner_token"},
            .http = {.fresh_connection = true}, /* or libcurl may repeat it without our knowledge */
        };
        status = remote_call(&p->cli->remote, &call, &resp);
        if (status == CLI_DONE)
            status = handover_read(&p->handover, &p->sealed, resp.json, &p->part_size);
    }

    if (sharing_was_refused(p->cli, &resp, &p->api_token)) status = CLI_FORBIDDEN;
    else if (strcmp(resp.code, "too_many_uploads") == 0) complain_too_many_uploads(p->cli);
    else if (status != CLI_DONE)
        remote_complain(&p->cli->remote, status, &resp, "store the secret");
    if (resp.unsure) note_lost_response(p, status);
    json_decref(json);
    remote_response_clear(&resp);
    return status;
}

/* Send the parts.  With ${kept} another run can continue. */
static enum cli_exit
upload_sealed(struct putting *p, bool kept) {
    char log[STATE_PATH_MAX];
    struct handover *h = &p->handover;
    struct remote_response resp = {0};
    struct upload u = {
        .id = h->id,
        .owner_token = h->owner_token,
        .sealed = p->sealed.file,
        .size = p->sealed.size,
        .content_size = p->sealed.content_size,
        .part_size = p->part_size,
        .label = "Sending",
        .done_log = -1,
    };

    /* The log of acknowledged parts lets another run skip them. */
    state_path(&p->cli->state, STATE_UPLOAD, h->id, ".parts", log);
    if (kept) u.done_log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    enum cli_exit status = upload_run(p->cli, &u, &resp);
    if (u.done_log >= 0) (void)close(u.done_log);
    if (!upload_is_over(status, &resp))
        status = handover_interrupted(p->cli, h, kept, status, &resp);
    remote_response_clear(&resp);
    return status;
}

/* Burn what the server has of a failed put: part of an upload, or a secret whose link is lost. */
static void
burn_failed(struct putting *p) {
    struct remote_response resp = {0};
    const struct handover *h = &p->handover;
    if (h->id[0] == '\0') return;

    enum cli_exit status =
        remote_call_secret(&p->cli->remote, HTTP_DELETE, h->id, "", h->owner_token, NULL, &resp);
    if (status == CLI_DONE && resp.marked) say_note("The server's copy was burnt.");
    else if (status != CLI_DONE && status != CLI_GONE)
        say_note("Note: the server still holds a copy. It expires by itself.");
    remote_note_unproven(status, &resp);

    /* While the server may hold a copy, its token is still of use. */
    if (remote_shows_erased(status, &resp)) state_forget(&p->cli->state, STATE_OWNED, h->id);
    remote_response_clear(&resp);
}

/* Bring the sealed bytes to the server. */
static enum cli_exit
send_sealed(struct putting *p) {
    enum cli_exit status = create_secret(p);
    if (status != CLI_DONE || p->part_size == 0) return status;

    /* On a terminal the link is printed before the upload, so that no interruption can lose it. */
    if (isatty(STDOUT_FILENO) && !p->cli->opt.json) {
        status = handover_print(p->cli, &p->handover);
        if (status == CLI_DONE) say_note("It opens once the upload is complete.");
    }
    bool kept = handover_remember_upload(p->cli, &p->handover, &p->sealed, p->part_size, NULL);
    if (status == CLI_DONE) status = upload_sealed(p, kept);
    if (status != CLI_UNFINISHED) state_forget(&p->cli->state, STATE_UPLOAD, p->handover.id);
    return status;
}

static enum cli_exit
seal_and_send(struct putting *p) {
    struct handover *h = &p->handover;
    token_mint_link_key(p->cli->random, h->link_key);
    h->page = p->server.page;

    enum cli_exit status =
        seal_run(p->cli, h->link_key, &p->passphrase, &p->server.limits, &p->sealed);
    h->content_size = p->sealed.content_size;
    if (status == CLI_DONE) status = send_sealed(p);
    if (status == CLI_DONE) status = handover_finish(p->cli, h);
    return status;
}

/* Make a passphrase, and encrypt it to the recipients. */
static enum cli_exit
make_wrap(struct putting *p) {
    char passphrase[WRAP_PASSPHRASE_LEN + 1];
    enum cli_exit status = CLI_FAILED;
    token_mint_link_key(p->cli->random, passphrase);
    if (buf_add_text(&p->passphrase, passphrase) == 0)
        status = wrap_seal(p->cli, &p->to, &p->passphrase, &p->wrap);
    else say_no_memory();
    explicit_bzero(passphrase, sizeof(passphrase));
    return status;
}

static enum cli_exit
put_sealed_secret(struct putting *p) {
    struct cli *cli = p->cli;
    enum cli_exit status = CLI_DONE;
    if (cli->opt.to.count > 0) status = recipients_read(&cli->opt.to, &p->to);
    if (status == CLI_DONE) status = cli_choose_server(cli, NULL);
    if (status == CLI_DONE) status = sharing_token(cli, &p->api_token);
    if (status == CLI_DONE) status = server_config_ask(cli, &p->api_token, &p->server);
    if (status == CLI_DONE) {
        apply_defaults(p);
        status = check_server_limits(p);
    }
    if (status == CLI_DONE && cli->opt.passphrase != NULL)
        status = cli_ask_passphrase(cli, cli->opt.passphrase, true, &p->passphrase);
    if (status == CLI_DONE && p->to.count > 0) status = make_wrap(p);
    if (status != CLI_DONE) return status;

    status = seal_and_send(p);
    if (status == CLI_DONE && p->to.count > 0)
        say_note("Its recipients open it with: secrets get -i IDENTITY-FILE LINK");

    /* After a lost connection the server may hold what another run continues. */
    switch (status) {
    case CLI_DONE:
    case CLI_UNFINISHED:
    case CLI_NETWORK:
    case CLI_INTERRUPTED: break;
    default: burn_failed(p); break;
    }
    seal_clear(&p->sealed, status == CLI_UNFINISHED);
    return status;
}

/* Refuse options that contradict each other. */
static enum cli_exit
check_put_options(const struct options *o) {
    const char *file = o->file != NULL ? o->file : o->operand;
    const char *bad = NULL;
    if (o->file != NULL && o->operand != NULL) bad = "--file and another file";
    else if (o->classic && (o->passphrase != NULL || o->key_apart))
        bad = "--classic with --passphrase or --key-apart (the server generates the passphrase)";
    else if (o->to.count > 0 && (o->classic || o->passphrase != NULL))
        bad = "--to with --classic or --passphrase (the passphrase is generated)";
    else if (o->qr && o->json) bad = "--qr with --json";
    if (bad != NULL) {
        say_error("%s cannot be combined", bad);
        say_hint("See secrets put --help.");
        return CLI_USAGE;
    }

    /* Standard input can be read only once. */
    bool from_stdin = file == NULL || strcmp(file, "-") == 0;
    if (from_stdin && passphrase_from_stdin(o->passphrase)) {
        say_error("the secret and the passphrase cannot both come from standard input");
        say_hint("Give the secret with --file, or the passphrase by another method.");
        return CLI_USAGE;
    }
    bool stdin_used = from_stdin || passphrase_from_stdin(o->passphrase);
    if (stdin_used && passphrase_from_stdin(o->api_token)) {
        say_error("the API token cannot come from standard input, too");
        say_hint("Give it by another method, such as file:PATH.");
        return CLI_USAGE;
    }
    return CLI_DONE;
}

enum cli_exit
put_run(struct cli *cli) {
    if (cli->opt.resume) return resume_run(cli);

    enum cli_exit status = check_put_options(&cli->opt);
    if (status != CLI_DONE) return status;
    state_prune(&cli->state, clock_now(cli->clock));
    if (cli->opt.classic) return classic_put(cli);

    struct putting p = {
        .cli = cli,
        .api_token = BUF_INIT(PASSPHRASE_RAW_MAX),
        .passphrase = BUF_INIT(PASSPHRASE_RAW_MAX),
        .wrap = BUF_INIT(AGE_FILE_MAX),
        .sealed = {.file = -1},
    };
    status = put_sealed_secret(&p);

    /* The keys are in p.handover and p.passphrase. */
    buf_free(&p.api_token);
    buf_free(&p.passphrase);
    buf_free(&p.wrap);
    recipients_clear(&p.to);
    explicit_bzero(&p.handover, sizeof(p.handover));
    return status;
}
