/* SPDX-License-Identifier: MIT */
/* secrets receipt: show what happened to a shared secret. */
#include "base/err.h"
#include "cli/command/owner_token.h"
#include "cli/message/message.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { RECEIPT_TEXT_MAX = 16 * 1024, POLL_FIRST_MS = 1000, POLL_LONGEST_MS = 10000 };

/* What the server calls a state or an event, and the words for it. */
struct wording {
    const char *name;
    const char *words;
};

static const struct wording states[] = {
    {"uploading", "Still being uploaded."},
    {"waiting", "Not opened yet."},
    {"opened", "Opened. It can be opened again."},
    {"used_up", "Opened as often as allowed. It is gone."},
    {"burnt", "Burnt."},
    {"expired", "Expired."},
    {"locked", "Locked after too many wrong passphrases."},
    {"removed", "Taken down by the operator of the server."},
};

static const struct wording events[] = {
    {"created", "shared"},
    {"opened", "opened"},
    {"confirmed", "received completely"},
    {"lapsed", "time to receive it ran out"},
    {"burnt_by_owner", "burnt by you"},
    {"burnt_by_opener", "burnt by the recipient"},
    {"expired", "expired"},
    {"locked", "locked"},
    {"removed", "taken down by the operator of the server"},
};

/* Return the words for ${name}, which may be NULL, in ${table} of ${len} rows. */
static const char *
find_words(const struct wording *table, size_t len, const char *name) {
    for (size_t i = 0; i < len; i++)
        if (name != NULL && strcmp(table[i].name, name) == 0) return table[i].words;
    return "(unknown to this version of the program)";
}

/* Append the state and the events to ${text}. */
static int
format_receipt(const json_t *json, struct buf *text) {
    char when[64];
    size_t i;
    json_t *event;
    const char *state = find_words(states, ARRAY_LEN(states), remote_text(json, "state"));
    int err = buf_printf(text, "%s\n", state);

    json_array_foreach(json_object_get(json, "events"), i, event) {
        if (err != 0) break;
        cli_time_text(remote_number(event, "at", 0), when);
        const char *words = find_words(events, ARRAY_LEN(events), remote_text(event, "event"));
        err = buf_printf(text, "  %s: %s\n", when, words);
    }
    return err;
}

static enum cli_exit
print_receipt(const json_t *json) {
    struct buf text = BUF_INIT(RECEIPT_TEXT_MAX);
    enum cli_exit status = CLI_FAILED;
    int err = format_receipt(json, &text);
    if (err == 0) status = cli_print(&text);
    if (err == ERR_TOO_LARGE) {
        say_error("the receipt has more events than a secret can have");
        say_hint("Do not trust this server. --json shows what it sent.");
        status = CLI_DAMAGED;
    }

    buf_free(&text);
    return status;
}

static bool
has_state(const json_t *json, const char *name) {
    const char *state = remote_text(json, "state");
    return state != NULL && strcmp(state, name) == 0;
}

/* Get the receipt.  With --wait poll until the secret was opened or is gone. */
static enum cli_exit
ask_receipt(struct cli *cli, const char *id, const char *token, struct remote_response *resp) {
    long wait = POLL_FIRST_MS;
    for (;;) {
        enum cli_exit status =
            remote_call_secret(&cli->remote, HTTP_GET, id, "/receipt", token, "state", resp);
        if (status == CLI_DONE && !message_check_receipt(resp->json)) status = CLI_DAMAGED;
        bool waiting = has_state(resp->json, "waiting") || has_state(resp->json, "uploading");
        if (!cli->opt.wait || status != CLI_DONE || !waiting) return status;

        signals_wait_ms(wait);
        if (signals_stop_asked()) return CLI_INTERRUPTED;
        wait = wait * 2 > POLL_LONGEST_MS ? POLL_LONGEST_MS : wait * 2;
        remote_response_clear(resp);
    }
}

/* With --wait the exit code tells whether the secret was opened. */
static enum cli_exit
exit_of_receipt(const struct cli *cli, const json_t *json) {
    bool opened = has_state(json, "opened") || has_state(json, "used_up");
    if (!cli->opt.wait || opened) return CLI_DONE;
    return CLI_GONE;
}

/* Say how to go on with the upload ${id} if it was interrupted here. */
static void
note_unfinished(const struct cli *cli, const char *id) {
    json_t *record = state_load(&cli->state, STATE_UPLOAD, id);
    if (record != NULL) say_note("If it was interrupted: secrets put --resume %s", id);
    json_decref(record);
}

static enum cli_exit
ask_and_print_receipt(struct cli *cli, const char *id, const char *token) {
    struct remote_response resp = {0};
    enum cli_exit status = ask_receipt(cli, id, token, &resp);

    if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "get the receipt");
    else if (cli->opt.json) status = cli_print_json(json_incref(resp.json));
    else status = print_receipt(resp.json);

    if (status == CLI_DONE && has_state(resp.json, "uploading")) note_unfinished(cli, id);
    if (status == CLI_DONE) status = exit_of_receipt(cli, resp.json);
    remote_response_clear(&resp);
    return status;
}

enum cli_exit
receipt_run(struct cli *cli) {
    struct link link = {0};
    struct buf token = BUF_INIT(OWNER_TOKEN_MAX);
    enum cli_exit status = cli_take_sealed_link(cli, &link);
    if (status == CLI_DONE) status = owner_token_find(cli, &link, &token);
    if (status == CLI_DONE) status = ask_and_print_receipt(cli, link.id, buf_text(&token));
    buf_free(&token);
    explicit_bzero(&link, sizeof(link));
    return status;
}
