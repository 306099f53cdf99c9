/* SPDX-License-Identifier: MIT */
/* secrets collect: read the answers to a request. */
#include <unistd.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "cli/message/message.h"
#include "cli/request/asked.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/output.h"
#include "cli/wrap/wrap.h"

enum {
    ANSWER_TEXT_MAX = 128,
    POLL_MS = 5000,
};

/* The answers of one request. */
struct collecting {
    struct cli *cli;
    struct asked asked;
    uint8_t identity[AGE_KEY_LEN]; /* of the seed */
    char owner[TOKEN_LEN + 1];
    char seen[MESSAGE_ANSWERS_MAX][TOKEN_SEALED_ID_LEN + 1]; /* ids of answers in this list */
    int count;                                               /* of them */
    int delivered, damaged;
};

/* --- one answer ------------------------------------------------------------------------------- */

/* Decrypt ${wrap} into ${text}: by the seed, or by the identities of --identity. */
static enum cli_exit
unwrap_answer(struct collecting *c, const struct buf *wrap, struct buf *text) {
    if (c->cli->opt.identity != NULL) return wrap_decrypt(c->cli->opt.identity, wrap, text);
    int result = age_open(c->identity, wrap->data, wrap->len, text);
    if (result == 1) return CLI_DONE;
    return result == ERR_NOMEM ? CLI_FAILED : CLI_DAMAGED;
}

/* Read "REQUESTKEY.ID.LINKKEY" at ${text} into ${out}.  Returns whether it is that, for this
 * request. */
static bool
read_answer_text(const struct collecting *c, struct buf *text, struct link *out) {
    enum { KEY = TOKEN_LINK_KEY_LEN, ID = TOKEN_SEALED_ID_LEN };
    const char *t = (const char *)text->data;
    if (text->len == KEY + 1 + ID + 1 + KEY + 1 && t[text->len - 1] == '\n') text->len--;
    if (text->len != KEY + 1 + ID + 1 + KEY || t[KEY] != '.' || t[KEY + 1 + ID] != '.')
        return false;

    /* An answer that was moved here from another request names that one. */
    if (memcmp(t, c->asked.link_key, KEY) != 0) return false;
    if (!token_is_sealed_id(t + KEY + 1, ID) || !token_is_link_key(t + KEY + 1 + ID + 1, KEY))
        return false;
    *out = (struct link){.kind = LINK_SEALED};
    memcpy(out->id, t + KEY + 1, ID);
    memcpy(out->key, t + KEY + 1 + ID + 1, KEY);
    return true;
}

/* Return whether ${id} was in this list before, and note it. */
static bool
is_repeated(struct collecting *c, const char *id) {
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->seen[i], id) == 0) return true;
    if (c->count < MESSAGE_ANSWERS_MAX) memcpy(c->seen[c->count++], id, TOKEN_SEALED_ID_LEN + 1);
    return false;
}

/* Open the answer ${one} of the list, and deliver it as get does. */
static enum cli_exit
collect_one(struct collecting *c, const json_t *one) {
    struct buf wrap = BUF_INIT(ANSWER_WRAP_MAX), text = BUF_INIT(ANSWER_TEXT_MAX);
    struct link link = {0};
    char when[64];
    int64_t size = remote_number(one, "size", 0);
    const char *encoded = remote_text(one, "wrap");

    /* Nothing is asked for before the text is known to be for this request, and new. */
    enum cli_exit status = CLI_DAMAGED;
    if (base64_decode(BASE64_URL, encoded, strlen(encoded), &wrap) == 0)
        status = unwrap_answer(c, &wrap, &text);
    if (status == CLI_DONE && !read_answer_text(c, &text, &link)) status = CLI_DAMAGED;
    if (status == CLI_DONE && is_repeated(c, link.id)) status = CLI_DAMAGED;

    if (status == CLI_DAMAGED) {
        c->damaged++;
    } else if (status == CLI_DONE) {
        cli_time_text(remote_number(one, "at", 0), when);
        say_note("An answer of %s:", when);
        link.answer_size = size;
        status = get_deliver(c->cli, &link);
        c->delivered += status == CLI_DONE;
    }
    explicit_bzero(&link, sizeof(link));
    buf_free(&text);
    buf_free(&wrap);
    return status;
}

/* --- the list --------------------------------------------------------------------------------- */

static enum cli_exit
ask_answers(struct collecting *c, struct remote_response *resp) {
    char path[REMOTE_PATH_MAX];
    (void)snprintf(path, sizeof(path), "api/v1/requests/%s/answers", c->asked.id);
    struct remote_call call = {
        .method = HTTP_GET, .path = path, .token = c->owner, .expect = {EXPECT_JSON, "answers", 0}};
    enum cli_exit status = remote_call(&c->cli->remote, &call, resp);
    if (status == CLI_DONE && !message_check_answers(resp->json)) status = CLI_DAMAGED;

    if (status == CLI_GONE) {
        say_error("the request is gone: it was ended, or its answers have expired");
        say_hint("Ask again with secrets request.");
    } else if (status != CLI_DONE) {
        remote_complain(&c->cli->remote, status, resp, "get the answers");
    }
    return status;
}

/* Return whether ${output} can take several answers: a directory, the terminal, or standard output
 * for who asks for it by name. */
static bool
holds_several(const char *output) {
    if (output == NULL) return isatty(STDOUT_FILENO);
    return strcmp(output, "-") == 0 || output_is_directory(output);
}

/* Refuse to write several answers into one pipe or file, before one of them is opened. */
static enum cli_exit
check_output_place(const struct collecting *c, const json_t *list) {
    const json_t *one = NULL;
    size_t i = 0;
    int count = 0;
    json_array_foreach(list, i, one)
        count += remote_text(one, "wrap") != NULL;
    if (count < 2 || holds_several(c->cli->opt.output)) return CLI_DONE;

    say_error("there are %d answers", count);
    say_hint("Name a directory for them: --output answers/. No answer was opened.");
    return CLI_USAGE;
}

/* Return whether ${status} is the fault of one answer, which the next one may not have: whoever has
 * the link can send a wrap for other keys, or with a wrong link key. */
static bool
is_of_one(enum cli_exit status) {
    return status == CLI_DAMAGED || status == CLI_GONE || status == CLI_WRONG;
}

/* Collect every answer of ${list} that is still there.  A failure of one that is not its own fault
 * ends the run, so that the next one continues. */
static enum cli_exit
collect_list(struct collecting *c, const json_t *list) {
    const json_t *one = NULL;
    size_t i = 0;
    enum cli_exit first = check_output_place(c, list);
    if (first != CLI_DONE) return first;

    json_array_foreach(list, i, one) {
        if (remote_text(one, "wrap") == NULL) continue;
        enum cli_exit status = collect_one(c, one);
        if (status != CLI_DONE && !is_of_one(status)) return status;
        if (first == CLI_DONE) first = status;
    }
    return first;
}

static bool
can_come(const json_t *json) {
    const char *state = remote_text(json, "state");
    return state != NULL && strcmp(state, "open") == 0 &&
           remote_number(json, "answers_left", 0) > 0;
}

/* Say what came of a list. */
static enum cli_exit
finish_list(const struct collecting *c, const json_t *json, enum cli_exit status) {
    if (c->damaged > 0) {
        say_error("%d of the answers %s not for this request, or damaged; not opened", c->damaged,
                  c->damaged == 1 ? "is" : "are");
        say_hint("Do not trust this server, or whoever answered. Ask again.");
        return CLI_DAMAGED;
    }
    if (status != CLI_DONE || c->delivered > 0) return status;

    if (can_come(json))
        say_note("There is no answer to collect. %lld more can come.",
                 (long long)remote_number(json, "answers_left", 0));
    else say_note("There is no answer to collect, and none can come any more.");
    return status;
}

/* Collect what is there.  With --wait, wait until something is, or nothing can come any more. */
static enum cli_exit
collect_answers(struct collecting *c) {
    for (;;) {
        struct remote_response resp = {0};
        enum cli_exit status = ask_answers(c, &resp);
        c->count = 0;
        if (status == CLI_DONE) status = collect_list(c, json_object_get(resp.json, "answers"));
        bool again =
            c->cli->opt.wait && status == CLI_DONE && c->delivered == 0 && can_come(resp.json);
        if (!again && (status == CLI_DONE || is_of_one(status)))
            status = finish_list(c, resp.json, status);
        remote_response_clear(&resp);
        if (!again) return status;

        signals_wait_ms(POLL_MS);
        if (signals_stop_asked()) return CLI_INTERRUPTED;
    }
}

enum cli_exit
collect_run(struct cli *cli) {
    struct collecting c = {.cli = cli};
    struct link link = {0};
    bool named = cli->opt.operand != NULL;
    cli->opt.of_request = true;
    enum cli_exit status = output_check(cli);
    state_prune(&cli->state, clock_now(cli->clock));

    if (status == CLI_DONE && named) status = cli_take_link(cli, &link);
    if (status == CLI_DONE) status = asked_locate(cli, named ? &link : NULL, &c.asked);
    if (status == CLI_DONE) status = asked_derive(&c.asked, c.owner, c.identity);
    if (status == CLI_DONE) status = collect_answers(&c);
    explicit_bzero(&c, sizeof(c));
    explicit_bzero(&link, sizeof(link));
    return status;
}
