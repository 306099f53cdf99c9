/* SPDX-License-Identifier: MIT */
/* secrets info, burn and receipt: what can be asked and done without opening. */
#include "cli/cli.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { RAW_MAX = 4096, TEXT_MAX = 16 * 1024, POLL_FIRST_MS = 1000, POLL_LONGEST_MS = 10000 };

static enum cli_exit
call_secret(struct cli *cli, enum http_method method, const char *id, const char *more,
            const char *token, struct remote_response *resp) {
    char path[CLI_PATH_MAX];
    cli_secret_path(path, id, more);
    struct remote_call call = {.method = method, .path = path, .token = token};
    return remote_call(&cli->remote, &call, resp);
}

/* These commands know nothing of classic secrets. */
static enum cli_exit
take_sealed_link(struct cli *cli, struct link *link) {
    enum cli_exit status = cli_take_link(cli, link);
    if (status != CLI_DONE || link->kind == LINK_SEALED) return status;
    say_error("a link of the classic service tells nothing of itself");
    say_hint("All that can be done with it is secrets get.");
    return CLI_USAGE;
}

static enum cli_exit
print_info(const json_t *json) {
    struct buf text = BUF_INIT(TEXT_MAX);
    char until[64];
    int64_t views = remote_number(json, "views_left", 0);
    int64_t attempts = remote_number(json, "attempts_left", -1);
    cli_time_text(remote_number(json, "expires_at", 0), until);
    int err = buf_printf(&text, "Can be opened %lld more %s, until %s.\nSize: ", (long long)views,
                         views == 1 ? "time" : "times", until);
    if (err == 0) err = progress_bytes((uint64_t)remote_number(json, "size", 0), &text);
    if (err == 0) err = buf_add_text(&text, " at most.\n");
    if (err == 0 && json_is_true(json_object_get(json, "passphrase")))
        err = buf_add_text(&text, "Needs a passphrase.\n");
    if (err == 0 && attempts >= 0)
        err = buf_printf(&text, "Locked after %lld more wrong tries.\n", (long long)attempts);
    enum cli_exit status = err == 0 ? cli_print(&text) : CLI_FAILED;
    buf_free(&text);
    return status;
}

enum cli_exit
info_run(struct cli *cli) {
    struct link link = {0};
    struct remote_response resp = {0};
    enum cli_exit status = take_sealed_link(cli, &link);
    if (status == CLI_DONE) status = cli_choose_server(cli, &link);
    if (status == CLI_DONE) {
        status = call_secret(cli, HTTP_GET, link.id, "", NULL, &resp);
        if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "tell of the secret");
        else
            status = cli->opt.json ? cli_print_json(json_incref(resp.json)) : print_info(resp.json);
    }
    remote_response_clear(&resp);
    explicit_bzero(&link, sizeof(link));
    return status;
}

/* The owner token of ${link} into ${token}, and its server. */
static enum cli_exit
find_token(struct cli *cli, const struct link *link, struct buf *token) {
    json_t *record = state_load(&cli->state, STATE_OWNED, link->id);
    const char *kept = remote_text(record, "owner_token"), *server = remote_text(record, "server");
    enum cli_exit status = CLI_DONE;
    if (cli->opt.token != NULL) status = cli_ask(cli, cli->opt.token, "owner token", token);
    else if (kept != NULL) status = buf_add_text(token, kept) == 0 ? CLI_DONE : CLI_FAILED;
    else {
        say_error("no owner token of this secret is kept here");
        say_hint("Only who shared it can do this; name the token's source with --token.");
        status = CLI_WRONG;
    }
    if (status == CLI_DONE) {
        bool known = cli->opt.server == NULL && server != NULL &&
                     link_address(server, strlen(server), cli->remote.base) == 0;
        if (!known) status = cli_choose_server(cli, link);
    }
    json_decref(record);
    return status;
}

enum cli_exit
burn_run(struct cli *cli) {
    struct link link = {0};
    struct remote_response resp = {0};
    struct buf token = BUF_INIT(RAW_MAX);
    enum cli_exit status = take_sealed_link(cli, &link);
    if (status == CLI_DONE) status = find_token(cli, &link, &token);
    if (status == CLI_DONE) {
        status = call_secret(cli, HTTP_DELETE, link.id, "", buf_text(&token), &resp);
        if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "burn the secret");
        else if (cli->opt.json) status = cli_print_json(json_pack("{s:b}", "burnt", 1));
        else say_note("Burnt: nobody can open it any more.");
    }
    buf_free(&token);
    remote_response_clear(&resp);
    explicit_bzero(&link, sizeof(link));
    return status;
}

/* The words for what the server calls ${name}. */
static const char *
words(const char *name) {
    static const char *const table[][2] = {
        {"uploading", "Still being uploaded."},
        {"waiting", "Not opened yet."},
        {"opened", "Opened; it can be opened again."},
        {"used_up", "Opened as often as allowed; it is gone."},
        {"burnt", "Burnt."},
        {"expired", "Expired."},
        {"locked", "Locked after too many wrong passphrases."},
        {"created", "shared"},
        {"confirmed", "arrived whole"},
        {"lapsed", "its time to arrive ended"},
        {"burnt_by_owner", "burnt by you"},
        {"burnt_by_opener", "burnt by who opened it"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (name != NULL && strcmp(table[i][0], name) == 0) return table[i][1];
    return "(something newer than this program)";
}

/* An event's words where the state's are other ones. */
static const char *
event_words(const char *name) {
    if (name == NULL) return words(name);
    if (strcmp(name, "opened") == 0) return "opened";
    if (strcmp(name, "expired") == 0) return "expired";
    if (strcmp(name, "locked") == 0) return "locked";
    return words(name);
}

static enum cli_exit
print_receipt(const json_t *json) {
    struct buf text = BUF_INIT(TEXT_MAX);
    char when[64];
    size_t i;
    json_t *event;
    int err = buf_printf(&text, "%s\n", words(remote_text(json, "state")));
    json_array_foreach(json_object_get(json, "events"), i, event) {
        cli_time_text(remote_number(event, "at", 0), when);
        if (err == 0)
            err = buf_printf(&text, "  %s: %s\n", when, event_words(remote_text(event, "event")));
    }
    enum cli_exit status = err == 0 ? cli_print(&text) : CLI_FAILED;
    buf_free(&text);
    return status;
}

static bool
is_waiting(const json_t *json) {
    const char *state = remote_text(json, "state");
    return state != NULL && (strcmp(state, "waiting") == 0 || strcmp(state, "uploading") == 0);
}

/* Ask until it was opened or is gone. */
static enum cli_exit
ask_receipt(struct cli *cli, const char *id, const char *token, struct remote_response *resp) {
    enum cli_exit status = call_secret(cli, HTTP_GET, id, "/receipt", token, resp);
    long wait = POLL_FIRST_MS;
    while (cli->opt.wait && status == CLI_DONE && is_waiting(resp->json)) {
        signals_wait_ms(wait);
        if (signals_stop_asked()) return CLI_INTERRUPTED;
        wait = wait * 2 > POLL_LONGEST_MS ? POLL_LONGEST_MS : wait * 2;
        remote_response_clear(resp);
        status = call_secret(cli, HTTP_GET, id, "/receipt", token, resp);
    }
    return status;
}

/* With --wait the exit code tells whether it was opened. */
static enum cli_exit
outcome(const struct cli *cli, const json_t *json) {
    const char *state = remote_text(json, "state");
    bool opened = state != NULL && (strcmp(state, "opened") == 0 || strcmp(state, "used_up") == 0);
    return !cli->opt.wait || opened ? CLI_DONE : CLI_GONE;
}

enum cli_exit
receipt_run(struct cli *cli) {
    struct link link = {0};
    struct remote_response resp = {0};
    struct buf token = BUF_INIT(RAW_MAX);
    enum cli_exit status = take_sealed_link(cli, &link);
    if (status == CLI_DONE) status = find_token(cli, &link, &token);
    if (status == CLI_DONE) {
        status = ask_receipt(cli, link.id, buf_text(&token), &resp);
        if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "give the receipt");
        else
            status =
                cli->opt.json ? cli_print_json(json_incref(resp.json)) : print_receipt(resp.json);
        if (status == CLI_DONE) status = outcome(cli, resp.json);
    }
    buf_free(&token);
    remote_response_clear(&resp);
    explicit_bzero(&link, sizeof(link));
    return status;
}
