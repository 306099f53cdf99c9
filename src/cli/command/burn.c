/* SPDX-License-Identifier: MIT */
/* secrets burn: destroy a shared secret, or end a request for one. */
#include "cli/command/owner_token.h"
#include "cli/request/asked.h"
#include "cli/terminal/say.h"

/* As remote_shows_erased().  The server answers a wrong token as if there were nothing, so only the
 * ${kept} token shows that by a refusal. */
static bool
shows_erased(enum cli_exit status, const struct remote_response *resp, bool kept) {
    return (status != CLI_GONE || kept) && remote_shows_erased(status, resp);
}

/* What ended a secret before it was burnt: the state in its receipt, and the words for it. */
static const struct {
    const char *state;
    const char *words;
} earlier_ends[] = {
    {"used_up", "It had been opened as often as allowed."},
    {"locked", "It had been locked after too many wrong passphrases."},
    {"removed", "The operator of the server had taken it down."},
};

static bool
has_event(const json_t *receipt, const char *name) {
    const json_t *event = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(receipt, "events"), i, event) {
        const char *text = remote_text(event, "event");
        if (text != NULL && strcmp(text, name) == 0) return true;
    }
    return false;
}

/* Print that the secret is gone, and whether somebody had opened it: its ${receipt} tells, or is
 * NULL. */
static enum cli_exit
print_burnt(const struct cli *cli, const json_t *receipt) {
    const char *state = remote_text(receipt, "state"), *words = NULL;
    for (size_t i = 0; state != NULL && i < ARRAY_LEN(earlier_ends); i++)
        if (strcmp(state, earlier_ends[i].state) == 0) words = earlier_ends[i].words;
    if (has_event(receipt, "burnt_by_opener")) words = "The recipient had burnt it.";

    if (cli->opt.json && words != NULL)
        return cli_print_json(json_pack("{s:b, s:s}", "burnt", 0, "state", state));
    if (cli->opt.json) return cli_print_json(json_pack("{s:b}", "burnt", 1));

    if (words != NULL) say_note("It was gone already. %s", words);
    else if (has_event(receipt, "opened"))
        say_note("Burnt. It had been opened before; secrets receipt says when.");
    else say_note("Burnt. It can no longer be opened.");
    return CLI_DONE;
}

/* The server answered that ${id} is burnt, which it also does if it was gone before.  Say which. */
static enum cli_exit
finish_burn(struct cli *cli, const char *id, const char *token) {
    struct remote_response resp = {0};
    cli->remote.patience_ms = 0; /* the secret is gone, and this only adds to the message */
    enum cli_exit status =
        remote_call_secret(&cli->remote, HTTP_GET, id, "/receipt", token, "state", &resp);
    status = print_burnt(cli, status == CLI_DONE ? resp.json : NULL);
    remote_response_clear(&resp);
    return status;
}

static enum cli_exit
burn_secret(struct cli *cli, const char *id, const char *token) {
    struct remote_response resp = {0};
    enum cli_exit answer =
        remote_call_secret(&cli->remote, HTTP_DELETE, id, "", token, NULL, &resp);
    enum cli_exit status = answer;

    /* Of an erased upload nothing can be resumed. */
    if (shows_erased(answer, &resp, cli->opt.token == NULL))
        state_forget(&cli->state, STATE_UPLOAD, id);

    if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "burn the secret");
    else if (resp.marked) status = finish_burn(cli, id, token);
    else if (cli->opt.json) status = print_burnt(cli, NULL);
    remote_note_unproven(answer, &resp);
    remote_response_clear(&resp);
    return status;
}

/* End the request ${id}, and forget what was kept of it.  ${kept} says that ${token} is the kept
 * one. */
static enum cli_exit
end_asked(struct cli *cli, const char *id, const char *token, bool kept) {
    char path[REMOTE_PATH_MAX];
    struct remote_response resp = {0};
    (void)snprintf(path, sizeof(path), "api/v1/requests/%s", id);
    struct remote_call call = {
        .method = HTTP_DELETE, .path = path, .token = token, .expect = {.kind = EXPECT_EMPTY}};
    enum cli_exit answer = remote_call(&cli->remote, &call, &resp);
    enum cli_exit status = answer;

    if (status == CLI_GONE) {
        say_error("there is no such request");
        say_hint("It has expired, or the link is not the one that was made with it.");
    } else if (status != CLI_DONE) {
        remote_complain(&cli->remote, status, &resp, "end the request");
    } else if (cli->opt.json) {
        status = cli_print_json(json_pack("{s:b}", "burnt", 1));
    } else if (resp.marked) {
        say_note("Ended. Nobody can answer any more, and the answers that were not opened are "
                 "burnt.");
    }
    remote_note_unproven(answer, &resp);

    /* What reads its answers is of use as long as there may be some. */
    if (shows_erased(answer, &resp, kept)) state_forget(&cli->state, STATE_ASKED, id);
    remote_response_clear(&resp);
    return status;
}

static enum cli_exit
burn_link(struct cli *cli, const struct link *link) {
    struct buf token = BUF_INIT(OWNER_TOKEN_MAX);
    enum cli_exit status = owner_token_find(cli, link, &token);
    if (status == CLI_DONE) status = burn_secret(cli, link->id, buf_text(&token));
    buf_free(&token);
    return status;
}

/* End the request of ${link}.  The seed, which is in the link to collect or kept here, gives the
 * owner token. */
static enum cli_exit
burn_request(struct cli *cli, const struct link *link) {
    struct asked asked = {0};
    char owner[TOKEN_LEN + 1];
    uint8_t identity[AGE_KEY_LEN];
    if (cli->opt.token != NULL) {
        say_error("the link of a request needs no --token");
        say_hint("Give the link that collects its answers, which begins with #c.");
        return CLI_USAGE;
    }

    enum cli_exit status = asked_locate(cli, link, &asked);
    if (status == CLI_DONE) status = asked_derive(&asked, owner, identity);
    if (status == CLI_DONE) status = end_asked(cli, asked.id, owner, link->kind == LINK_ANSWER);
    explicit_bzero(&asked, sizeof(asked));
    explicit_bzero(owner, sizeof(owner));
    explicit_bzero(identity, sizeof(identity));
    return status;
}

enum cli_exit
burn_run(struct cli *cli) {
    struct link link = {0};
    cli->opt.of_request = true;
    enum cli_exit status = cli_take_sealed_link(cli, &link);
    if (status == CLI_DONE && link.kind == LINK_SEALED) status = burn_link(cli, &link);
    else if (status == CLI_DONE) status = burn_request(cli, &link);
    explicit_bzero(&link, sizeof(link));
    return status;
}
