/* SPDX-License-Identifier: MIT */
/* secrets request: ask for a secret, and print the link to answer. */
#include <unistd.h>

#include "cli/command/server_config.h"
#include "cli/command/sharing.h"
#include "cli/message/message.h"
#include "cli/request/asked.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/handover.h"
#include "cli/wrap/proof.h"
#include "cli/wrap/recipients.h"
#include "crypto/request.h"

enum {
    TOKEN_RAW_MAX = 4096,
    LINKS_MAX = 2 * LINK_TEXT_MAX,
    SIZE_TEXT_MAX = 64,
};

/* One request on its way to the server. */
struct asking {
    struct cli *cli;
    struct server_config server;
    struct buf api_token;
    struct description description;
    struct asked asked;
    struct buf text;     /* of the description */
    struct buf envelope; /* of the text */
    struct envelope_keys keys;
};

/* Read the note from the command line, or for "-" from standard input. */
static enum cli_exit
take_note(struct asking *a) {
    const char *note = a->cli->opt.note;
    char *to = a->description.note;
    size_t len = 0;
    if (note == NULL) return CLI_DONE;

    /* One byte more than is allowed tells what is too long. */
    if (strcmp(note, "-") != 0) {
        len = strlen(note);
        if (len <= DESCRIPTION_MAX) memcpy(to, note, len + 1);
    } else {
        ssize_t n = 0;
        while (len <= DESCRIPTION_MAX &&
               (n = signals_read(STDIN_FILENO, to + len, DESCRIPTION_MAX + 1 - len)) > 0)
            len += (size_t)n;
        if (n < 0) return CLI_INTERRUPTED;
        while (len > 0 && len <= DESCRIPTION_MAX && to[len - 1] == '\n')
            len--;
        if (len <= DESCRIPTION_MAX) to[len] = '\0';
    }
    if (len <= DESCRIPTION_MAX) return CLI_DONE;

    say_error("the note is longer than %d bytes", DESCRIPTION_MAX);
    say_hint("Say in a few words what you ask for.");
    return CLI_USAGE;
}

/* Choose whom the answers are encrypted to: the keys of --to, or that of the seed. */
static enum cli_exit
take_recipients(struct asking *a) {
    uint8_t identity[AGE_KEY_LEN];
    struct recipients to = {0};
    struct description *d = &a->description;

    /* Without --to only the seed reads the answers. */
    if (a->cli->opt.to.count == 0) {
        int err = request_identity(a->asked.seed, TOKEN_LINK_KEY_LEN, identity);
        if (err == 0) err = age_recipient_of(identity, d->recipients[0]);
        explicit_bzero(identity, sizeof(identity));
        d->count = 1;
        if (err == 0) return CLI_DONE;
        say_no_memory();
        return CLI_FAILED;
    }

    enum cli_exit status = recipients_read(&a->cli->opt.to, &to);
    if (status == CLI_DONE && to.key_count < to.count) {
        say_error("answers can be encrypted to age1... keys only");
        say_hint("Make one with age-keygen.");
        status = CLI_USAGE;
    }
    memcpy(d->recipients, to.keys, sizeof(d->recipients));
    d->count = to.key_count;
    recipients_clear(&to);
    return status;
}

/* Return the body of the call, or NULL if memory is short. */
static json_t *
new_request(const struct asking *a) {
    uint8_t owner[TOKEN_HASH_LEN];
    char token[TOKEN_LEN + 1];
    const struct options *o = &a->cli->opt;
    json_t *json = json_object();

    /* The server stores hashes of what proves the right to answer and to collect. */
    bool ok = request_owner(a->asked.seed, TOKEN_LINK_KEY_LEN, token) == 0;
    if (ok) token_hash(token, TOKEN_LEN, owner);
    explicit_bzero(token, sizeof(token));

    ok = ok && remote_set_bytes(json, "owner", owner, sizeof(owner)) &&
         remote_set_bytes(json, "header", a->keys.header, sizeof(a->keys.header)) &&
         remote_set_bytes(json, "description", a->envelope.data, a->envelope.len) &&
         proof_add_verifier(json, a->asked.link_key, a->keys.header);
    if (ok && o->answers > 0) ok = remote_set_number(json, "answers", (uint64_t)o->answers);
    if (ok && o->ttl > 0) ok = remote_set_number(json, "ttl", (uint64_t)o->ttl);
    if (ok && o->answer_size > 0)
        ok = remote_set_number(json, "answer_size", (uint64_t)o->answer_size);
    if (ok) return json;
    json_decref(json);
    return NULL;
}

/* Send the request. */
static enum cli_exit
send_request(struct asking *a) {
    struct remote_response resp = {0};
    json_t *json = new_request(a);
    enum cli_exit status = CLI_FAILED;
    if (json != NULL) {
        /* A repeated call may make two requests, but no link leads to the first one. */
        struct remote_call call = {
            .method = HTTP_POST,
            .path = "api/v1/requests",
            .token = a->api_token.len > 0 ? buf_text(&a->api_token) : NULL,
            .json = json,
            .expect = {.kind = EXPECT_JSON, .field = "id"},
        };
        status = remote_call(&a->cli->remote, &call, &resp);
    }

    const char *id = remote_text(resp.json, "id");
    if (status == CLI_DONE && (id == NULL || !token_is_sealed_id(id, strlen(id)) ||
                               !message_time(resp.json, "expires_at", &a->asked.expires_at)))
        status = CLI_DAMAGED;
    if (status == CLI_DONE) memcpy(a->asked.id, id, sizeof(a->asked.id));

    if (sharing_was_refused(a->cli, &resp, &a->api_token)) status = CLI_FORBIDDEN;
    else if (status != CLI_DONE)
        remote_complain(&a->cli->remote, status, &resp, "ask for a secret");
    json_decref(json);
    remote_response_clear(&resp);
    return status;
}

/* Print the link to answer, and that to collect where nothing is kept. */
static enum cli_exit
print_links(struct asking *a, bool kept) {
    struct buf answer = BUF_INIT(LINK_TEXT_MAX), collect = BUF_INIT(LINK_TEXT_MAX);
    struct buf text = BUF_INIT(LINKS_MAX);
    const struct asked *k = &a->asked;
    enum cli_exit status = CLI_FAILED;
    char until[64];

    /* JSON has both links. */
    int err = link_build_request(a->server.page, k->id, NULL, k->link_key, &answer);
    if (err == 0) err = link_build_request(a->server.page, k->id, k->seed, k->link_key, &collect);
    if (err == 0 && a->cli->opt.json) {
        status = cli_print_json(json_pack("{s:s, s:s, s:s, s:I}", "link", buf_text(&answer),
                                          "collect", buf_text(&collect), "id", k->id, "expires_at",
                                          (json_int_t)k->expires_at));
    } else {
        if (err == 0) err = buf_printf(&text, "%s\n", buf_text(&answer));
        if (err == 0 && !kept) err = buf_printf(&text, "%s\n", buf_text(&collect));
        if (err == 0) status = cli_print(&text);
        if (status == CLI_DONE && a->cli->opt.qr) handover_show_qr(a->cli, buf_text(&answer));
    }
    buf_free(&answer);
    buf_free(&collect);
    buf_free(&text);
    if (status != CLI_DONE) return status;

    cli_time_text(k->expires_at, until);
    say_note("Whoever has this link can answer until %s. Read the answers with: secrets collect",
             until);
    if (!kept) say_note("The second line collects the answers. Keep it to yourself.");
    return CLI_DONE;
}

/* Refuse an --answer-size that the server would refuse. */
static enum cli_exit
check_answer_size(const struct asking *a) {
    struct buf most = BUF_INIT(SIZE_TEXT_MAX);
    uint64_t file_max = a->server.limits.file_max;
    if ((uint64_t)a->cli->opt.answer_size <= file_max) return CLI_DONE;
    if (progress_bytes(file_max, &most) == 0) {
        say_error("the server allows answers of at most %s", buf_text(&most));
        say_hint("Choose a smaller size with --answer-size.");
    }
    buf_free(&most);
    return CLI_REFUSED;
}

static enum cli_exit
prepare_request(struct asking *a) {
    struct cli *cli = a->cli;
    token_mint_link_key(cli->random, a->asked.seed);

    /* What is wrong with the arguments or the server is said before the note is read. */
    enum cli_exit status = take_recipients(a);
    if (status == CLI_DONE) status = cli_choose_server(cli, NULL);
    if (status == CLI_DONE) status = sharing_token(cli, &a->api_token);
    if (status == CLI_DONE) status = server_config_ask(cli, &a->api_token, &a->server);
    if (status == CLI_DONE && !a->server.requests) {
        say_error("%s takes no requests for a secret", cli->remote.base);
        say_hint("Use another server.");
        status = CLI_REFUSED;
    }
    if (status == CLI_DONE) status = check_answer_size(a);
    if (status == CLI_DONE) status = take_note(a);
    if (status != CLI_DONE) return status;

    if (description_write(cli->random, &a->description, &a->text) != 0) {
        say_error("the note is too long, or is not UTF-8");
        say_hint("Say in a few words what you ask for.");
        return CLI_USAGE;
    }
    return asked_seal(cli, &a->text, a->asked.link_key, &a->envelope, &a->keys);
}

/* Refuse options that contradict each other. */
static enum cli_exit
check_request_options(const struct options *o) {
    bool note_from_stdin = o->note != NULL && strcmp(o->note, "-") == 0;
    if (o->qr && o->json) {
        say_error("--qr with --json cannot be combined");
        say_hint("See secrets request --help.");
        return CLI_USAGE;
    }
    if (note_from_stdin && passphrase_from_stdin(o->api_token)) {
        say_error("the note and the API token cannot both come from standard input");
        say_hint("Give the token by another method, such as file:PATH.");
        return CLI_USAGE;
    }
    return CLI_DONE;
}

enum cli_exit
request_run(struct cli *cli) {
    enum cli_exit status = check_request_options(&cli->opt);
    if (status != CLI_DONE) return status;

    struct asking a = {
        .cli = cli,
        .api_token = BUF_INIT(TOKEN_RAW_MAX),
        .text = BUF_INIT(DESCRIPTION_MAX),
        .envelope = BUF_INIT(ASKED_ENVELOPE_MAX),
    };
    state_prune(&cli->state, clock_now(cli->clock));

    status = prepare_request(&a);
    if (status == CLI_DONE) status = send_request(&a);
    if (status == CLI_DONE) {
        /* The seed is kept before the link is printed. */
        (void)snprintf(a.asked.server, sizeof(a.asked.server), "%s", cli->remote.base);
        status = print_links(&a, asked_keep(cli, &a.asked));
    }
    buf_free(&a.api_token);
    buf_free(&a.text);
    buf_free(&a.envelope);
    explicit_bzero(&a, sizeof(a));
    return status;
}
