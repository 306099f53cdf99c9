/* SPDX-License-Identifier: MIT */
/* secrets answer: give the secret that somebody asks for. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/hidden.h"
#include "cli/command/server_config.h"
#include "cli/local/name.h"
#include "cli/message/message.h"
#include "cli/request/asked.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/terminal/terminal.h"
#include "cli/transfer/handover.h"
#include "cli/transfer/upload.h"
#include "cli/wrap/proof.h"

enum { ANSWER_TEXT_LEN = 2 * TOKEN_LINK_KEY_LEN + TOKEN_SEALED_ID_LEN + 2, QUESTION_MAX = 8192 };

/* One answer on its way to the server. */
struct answering {
    struct cli *cli;
    struct link link; /* of the request */
    struct server_config server;
    struct description description;
    uint8_t header[ENVELOPE_HEADER_LEN]; /* of the description's envelope */
    struct sealed sealed;
    struct handover handover; /* of the answer, a secret of its own */
    uint32_t part_size;
    json_t *complete; /* the body that completes it */
};

/* Show the note of the asker, without what could change the terminal or hide text. */
static void
show_note(const char *note) {
    char line[DESCRIPTION_MAX + 1];
    size_t len = strlen(note), n = 0;
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        size_t hidden = hidden_at(note, len, i, &code);
        unsigned char c = (unsigned char)note[i];
        if (c < ' ' || c == 0x7f) line[n++] = ' ';
        else if (hidden == 0) line[n++] = note[i];
        i += hidden > 0 ? hidden : 1;
    }
    line[n] = '\0';

    if (n > 0) say_note("The asker writes: %s", line);
    say_note("Nobody has checked who asks. Answer only what you were expecting.");
}

/* Read the request from ${json}.  Returns CLI_DONE, or another status after printing an error. */
static enum cli_exit
read_asked_request(struct answering *a, const json_t *json) {
    const char *text = remote_text(json, "description");
    struct buf envelope = BUF_INIT(ASKED_ENVELOPE_MAX);
    int64_t size = 0, left = 0, until = 0;
    bool sound = message_within(json, "answer_size", 1, MESSAGE_SIZE_MAX, &size) &&
                 message_within(json, "answers_left", 0, MESSAGE_ANSWERS_MAX, &left) &&
                 message_time(json, "expires_at", &until);
    enum cli_exit status = CLI_DAMAGED;

    if (sound && text != NULL && base64_decode(BASE64_URL, text, strlen(text), &envelope) == 0 &&
        envelope.len >= ENVELOPE_SIZE_MIN) {
        status = asked_open(&envelope, a->link.key, &a->description);
        memcpy(a->header, envelope.data, sizeof(a->header));
    } else {
        say_error("the server sent a request that is damaged");
        say_hint("Do not trust this server, or ask for a new link.");
    }

    /* The asker may allow less than the server. */
    if (status == CLI_DONE && (uint64_t)size < a->server.limits.file_max) {
        a->server.limits.file_max = (uint64_t)size;
        a->server.limits.asked = true;
    }
    buf_free(&envelope);
    return status;
}

static enum cli_exit
ask_request(struct answering *a) {
    char path[REMOTE_PATH_MAX];
    struct remote_response resp = {0};
    (void)snprintf(path, sizeof(path), "api/v1/requests/%s", a->link.id);
    struct remote_call call = {
        .method = HTTP_GET, .path = path, .expect = {EXPECT_JSON, "description", 0}};

    enum cli_exit status = remote_call(&a->cli->remote, &call, &resp);
    if (status == CLI_DONE) status = read_asked_request(a, resp.json);
    else if (status == CLI_GONE) {
        say_error("the request is over: answered, ended or expired");
        say_hint("Ask for a new link.");
    } else remote_complain(&a->cli->remote, status, &resp, "find the request");
    remote_response_clear(&resp);
    return status;
}

/* Return the body of the call that begins the answer, or NULL. */
static json_t *
new_answer(const struct answering *a) {
    const struct sealed *s = &a->sealed;
    json_t *json = json_object();
    bool ok = proof_add_gate(json, a->link.key, a->header) &&
              remote_set_bytes(json, "verifier", s->keys.verifier, sizeof(s->keys.verifier)) &&
              remote_set_bytes(json, "header", s->keys.header, sizeof(s->keys.header)) &&
              remote_set_number(json, "size", s->size);
    if (ok && s->file < 0) ok = remote_set_bytes(json, "content", s->content.data, s->content.len);
    if (ok) return json;
    json_decref(json);
    return NULL;
}

static enum cli_exit
send_begin(struct answering *a) {
    char path[REMOTE_PATH_MAX];
    struct remote_response resp = {0};
    json_t *json = new_answer(a);
    enum cli_exit status = CLI_FAILED;
    (void)snprintf(path, sizeof(path), "api/v1/requests/%s/answers", a->link.id);
    if (json != NULL) {
        /* A repeated call may begin two answers, of which only one is completed. */
        struct remote_call call = {
            .method = HTTP_POST,
            .path = path,
            .json = json,
            .expect = {.kind = EXPECT_JSON, .field = "owner_token"},
            .http = {.fresh_connection = true},
        };
        status = remote_call(&a->cli->remote, &call, &resp);
    }

    if (status == CLI_DONE)
        status = handover_read(&a->handover, &a->sealed, resp.json, &a->part_size);
    if (status == CLI_WRONG) proof_complain_link();
    else if (status != CLI_DONE) remote_complain(&a->cli->remote, status, &resp, "give the answer");
    json_decref(json);
    remote_response_clear(&resp);
    return status;
}

/* Make the wrap: which request is answered, by which secret, with which key. */
static enum cli_exit
wrap_answer(struct answering *a) {
    char text[ANSWER_TEXT_LEN + 1];
    struct buf wrap = BUF_INIT(ANSWER_WRAP_MAX);
    const struct description *d = &a->description;
    (void)snprintf(text, sizeof(text), "%s.%s.%s", a->link.key, a->handover.id,
                   a->handover.link_key);

    a->complete = json_object();
    int err = age_seal(a->cli->random, d->recipients, d->count, text, strlen(text), &wrap);
    if (err == 0 && !remote_set_bytes(a->complete, "wrap", wrap.data, wrap.len)) err = ERR_NOMEM;
    explicit_bzero(text, sizeof(text));
    buf_free(&wrap);
    if (err == 0) return CLI_DONE;

    say_error("could not encrypt to the asker: %s", err_text(err));
    say_hint("Ask for a new link.");
    return CLI_FAILED;
}

/* Say that the answer, which is kept, stopped with ${status} and the last response ${resp}. */
static enum cli_exit
complain_answer_cut(const struct answering *a, enum cli_exit status,
                    const struct remote_response *resp) {
    char hint[128];
    (void)snprintf(hint, sizeof(hint),
                   "What is left of it is kept. Run secrets put --resume %s within the hour.",
                   a->handover.id);
    remote_complain_cut(&a->cli->remote, status, resp, "the answer is not finished yet", hint);
    return CLI_UNFINISHED;
}

/* Send the parts, if there are any, and complete the answer. */
static enum cli_exit
finish_answer(struct answering *a) {
    char log[STATE_PATH_MAX];
    struct remote_response resp = {0};
    struct handover *h = &a->handover;
    struct upload u = {
        .id = h->id,
        .owner_token = h->owner_token,
        .sealed = a->sealed.file,
        .size = a->sealed.size,
        .content_size = a->sealed.content_size,
        .part_size = a->part_size,
        .label = "Sending",
        .done_log = -1,
        .complete = a->complete,
    };

    /* Another run can finish what has parts.  No link has to be printed: the wrap tells the asker
     * the key. */
    h->shown = true;
    bool kept = a->part_size > 0 &&
                handover_remember_upload(a->cli, h, &a->sealed, a->part_size, a->complete);
    enum cli_exit status = CLI_FAILED;

    if (a->part_size == 0) {
        status = upload_complete(a->cli, &u, &resp);
        if (status != CLI_DONE && status != CLI_INTERRUPTED)
            remote_complain(&a->cli->remote, status, &resp, "give the answer");
    } else {
        state_path(&a->cli->state, STATE_UPLOAD, h->id, ".parts", log);
        if (kept)
            u.done_log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        status = upload_run(a->cli, &u, &resp);
        if (u.done_log >= 0) (void)close(u.done_log);
    }

    if (a->part_size > 0 && !upload_is_over(status, &resp)) {
        if (kept) status = complain_answer_cut(a, status, &resp);
        else remote_complain(&a->cli->remote, status, &resp, "give the answer");
    }
    if (kept && status != CLI_UNFINISHED) state_forget(&a->cli->state, STATE_UPLOAD, h->id);
    remote_response_clear(&resp);
    return status;
}

/* Append to ${question} what is sent, and to which server. */
static int
write_question(const struct cli *cli, struct buf *question) {
    const char *file = cli->opt.operand;
    struct stat st;
    int err = buf_add_text(question, "Send ");
    if (err == 0 && (file == NULL || strcmp(file, "-") == 0)) {
        err = buf_add_text(question, "standard input");
    } else if (err == 0) {
        const char *name = name_of_path(file);
        err = terminal_escape((const uint8_t *)name, strlen(name), question);
        bool sized = err == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode);
        if (sized) err = buf_add_text(question, ", ");
        if (sized && err == 0) err = progress_bytes((uint64_t)st.st_size, question);
    }
    if (err == 0) err = buf_printf(question, " to the asker, by %s? [y/N] ", cli->remote.base);
    return err;
}

/* Return whether somebody at a terminal has to be asked.  Who types the secret itself reads the
 * note before that. */
static bool
must_ask_to_send(const struct options *o) {
    bool typed = isatty(STDIN_FILENO) && (o->operand == NULL || strcmp(o->operand, "-") == 0);
    return !o->yes && !o->quiet && !typed && isatty(STDERR_FILENO);
}

/* Ask on the terminal, if there is one, whether to send the answer.  Returns CLI_DONE, or another
 * status after printing an error. */
static enum cli_exit
ask_to_send(const struct answering *a) {
    struct buf question = BUF_INIT(QUESTION_MAX);
    bool yes = false;
    if (!must_ask_to_send(&a->cli->opt)) return CLI_DONE;

    int err = write_question(a->cli, &question);
    if (err == 0) err = terminal_confirm(buf_text(&question), &yes);
    buf_free(&question);
    if (signals_stop_asked()) return CLI_INTERRUPTED;
    if (yes || err == ERR_CONFIG) return CLI_DONE;

    say_error("nothing was sent");
    say_hint("Answer y to send it, or use --yes.");
    return CLI_FAILED;
}

static enum cli_exit
give_answer(struct answering *a) {
    struct cli *cli = a->cli;
    const struct buf none = {0};
    show_note(a->description.note);
    enum cli_exit status = ask_to_send(a);
    if (status != CLI_DONE) return status;

    /* Only now: a file is sealed for a request that is sound. */
    token_mint_link_key(cli->random, a->handover.link_key);
    status = seal_run(cli, a->handover.link_key, &none, &a->server.limits, &a->sealed);
    a->handover.content_size = a->sealed.content_size;
    if (status == CLI_DONE) status = send_begin(a);
    if (status == CLI_DONE) status = wrap_answer(a);
    if (status == CLI_DONE) status = finish_answer(a);
    if (status == CLI_DONE) {
        handover_keep_token(cli, a->handover.id, a->handover.owner_token, a->handover.expires_at,
                            true);
        if (cli->opt.json)
            status = cli_print_json(json_pack("{s:s, s:I}", "id", a->handover.id, "expires_at",
                                              (json_int_t)a->handover.expires_at));
        else say_note("Answered. Only the asker can read it.");
    }
    seal_clear(&a->sealed, status == CLI_UNFINISHED);
    return status;
}

/* Take the link of a request to answer; the second operand becomes the file. */
static enum cli_exit
take_answer_link(struct cli *cli, struct link *link) {
    const char *file = cli->opt.second;
    const char *operand = cli->opt.operand;
    bool both =
        operand != NULL && strcmp(operand, "-") == 0 && (file == NULL || strcmp(file, "-") == 0);
    if (both) {
        say_error("the link and the secret cannot both come from standard input");
        say_hint("Give the secret as a file: secrets answer LINK FILE.");
        return CLI_USAGE;
    }

    cli->opt.of_request = true;
    enum cli_exit status = cli_take_link(cli, link);
    cli->opt.operand = file;
    if (status != CLI_DONE || link->kind == LINK_ANSWER) return status;
    say_error("that is not a link that asks for a secret");
    say_hint("Such a link has #r. before its id.");
    return CLI_USAGE;
}

enum cli_exit
answer_run(struct cli *cli) {
    struct answering a = {.cli = cli, .sealed = {.file = -1}};
    enum cli_exit status = take_answer_link(cli, &a.link);
    state_prune(&cli->state, clock_now(cli->clock));
    if (status == CLI_DONE) status = cli_choose_server(cli, &a.link);
    if (status == CLI_DONE) status = server_config_ask(cli, NULL, &a.server);
    if (status == CLI_DONE) status = ask_request(&a);
    if (status == CLI_DONE) status = give_answer(&a);
    json_decref(a.complete);
    explicit_bzero(&a, sizeof(a));
    return status;
}
