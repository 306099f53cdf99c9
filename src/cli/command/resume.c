/* SPDX-License-Identifier: MIT */
/* secrets put --resume: finish an upload from the sealed bytes that an interrupted run left. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/transfer/handover.h"
#include "cli/transfer/upload.h"

enum { PART_NUMBER_LEN = 4 };

/* The unfinished upload to resume. */
struct resume_choice {
    const char *id; /* of the given link, or NULL where none was given */
    json_t *record;
    int count; /* of the uploads that match */
};

/* Count ${record} if it matches, and keep the first one. */
static int
match_upload(void *ctx, json_t *record) {
    struct resume_choice *c = ctx;
    const char *id = remote_text(record, "id");
    if (id == NULL || !token_is_sealed_id(id, strlen(id))) return 0;
    if (c->id != NULL && strcmp(c->id, id) != 0) return 0;

    c->count++;
    if (c->record == NULL) c->record = json_incref(record);
    return 0;
}

/* Return how many percent of the upload of ${record} the server has. */
static unsigned
percent_sent(const struct cli *cli, const json_t *record) {
    char path[STATE_PATH_MAX];
    struct stat st;
    int64_t size = remote_number(record, "size", 0);
    int64_t part_size = remote_number(record, "part_size", 0);
    if (size <= 0 || part_size <= 0) return 0;

    state_path(&cli->state, STATE_UPLOAD, remote_text(record, "id"), ".parts", path);
    int64_t sent = stat(path, &st) == 0 ? (int64_t)st.st_size / PART_NUMBER_LEN : 0;
    if (sent > size / part_size) return 100; /* all but the last call */
    return (unsigned)((double)sent * (double)part_size / (double)size * 100);
}

/* Return how many bytes the upload of ${record} has.  Records of older versions only tell how many
 * bytes its envelope has. */
static int64_t
size_of_content(const json_t *record) {
    return remote_number(record, "content_size", remote_number(record, "size", 0));
}

/* Print the line of ${record} in the list of unfinished uploads. */
static int
list_upload(void *ctx, json_t *record) {
    const struct cli *cli = ctx;
    char begun[64];
    struct buf size = BUF_INIT(64);
    const char *id = remote_text(record, "id"), *note = "";
    if (id == NULL || !token_is_sealed_id(id, strlen(id))) return 0;

    int64_t content = size_of_content(record);
    cli_time_text(remote_number(record, "begun_at", 0), begun);
    if (!json_is_true(json_object_get(record, "shown"))) note = "; its link was never shown";
    if (progress_bytes((uint64_t)content, &size) == 0)
        say_hint("%s  %s, %u %% sent, begun %s%s", id, buf_text(&size), percent_sent(cli, record),
                 begun, note);
    buf_free(&size);
    return 0;
}

/* The list of unfinished uploads that --json prints. */
struct json_list {
    const struct cli *cli;
    json_t *uploads;
};

/* Add the upload of ${record} to the list. */
static int
add_upload(void *ctx, json_t *record) {
    struct json_list *list = ctx;
    const char *id = remote_text(record, "id"), *server = remote_text(record, "server");
    if (id == NULL || !token_is_sealed_id(id, strlen(id))) return 0;

    json_t *one = json_pack("{s:s, s:s*, s:I, s:i, s:I, s:b}", "id", id, "server", server, "size",
                            (json_int_t)size_of_content(record), "percent_sent",
                            (int)percent_sent(list->cli, record), "begun_at",
                            (json_int_t)remote_number(record, "begun_at", 0), "link_shown",
                            json_is_true(json_object_get(record, "shown")));
    if (one == NULL || json_array_append_new(list->uploads, one) != 0) return ERR_NOMEM;
    return 0;
}

/* Print all unfinished uploads as JSON.  Returns ${status}, or another one if that fails. */
static enum cli_exit
list_as_json(const struct cli *cli, enum cli_exit status) {
    struct json_list list = {.cli = cli, .uploads = json_array()};
    json_t *json = NULL;
    if (state_each(&cli->state, STATE_UPLOAD, add_upload, &list) == 0)
        json = json_pack("{s:O}", "uploads", list.uploads);
    json_decref(list.uploads);
    enum cli_exit printed = cli_print_json(json);
    return printed == CLI_DONE ? status : printed;
}

static enum cli_exit
choose_upload(struct cli *cli, struct resume_choice *c, struct link *link) {
    if (cli->opt.operand != NULL) {
        enum cli_exit status = cli_take_link(cli, link);
        if (status != CLI_DONE) return status;
        c->id = link->id;
    }

    (void)state_each(&cli->state, STATE_UPLOAD, match_upload, c);
    if (c->count == 1) return CLI_DONE;
    if (c->count == 0) {
        say_error("there is no unfinished upload here");
        say_hint("Share it again with secrets put.");
        return cli->opt.json ? list_as_json(cli, CLI_GONE) : CLI_GONE;
    }
    say_error("there are %d unfinished uploads", c->count);
    if (!cli->opt.json) (void)state_each(&cli->state, STATE_UPLOAD, list_upload, cli);
    say_hint("Finish one: secrets put --resume ID. Erase one: secrets burn ID.");
    return cli->opt.json ? list_as_json(cli, CLI_USAGE) : CLI_USAGE;
}

/*
 * Read from the log which parts the server has, one byte a part, into memory that the caller frees.
 * The log is left open in ${*log}, -1 without one.  A number that was written only in part is
 * skipped; its part is sent again, which is harmless.  Returns NULL if memory is short.
 */
static uint8_t *
read_done_parts(const struct cli *cli, const char *id, uint32_t parts, int *log) {
    char path[STATE_PATH_MAX];
    uint8_t number[PART_NUMBER_LEN], *done = calloc(parts, 1);
    state_path(&cli->state, STATE_UPLOAD, id, ".parts", path);
    *log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (done == NULL || *log < 0) return done;

    while (read(*log, number, sizeof(number)) == (ssize_t)sizeof(number)) {
        uint32_t k = number[0] | (uint32_t)number[1] << 8 | (uint32_t)number[2] << 16 |
                     (uint32_t)number[3] << 24;
        if (k < parts) done[k] = 1;
    }
    return done;
}

/* Burn an upload whose link was never printed: its key is lost, so no one could open it. */
static enum cli_exit
burn_unshown(struct cli *cli, const char *id, const char *token) {
    struct remote_response resp = {0};
    enum cli_exit status =
        remote_call_secret(&cli->remote, HTTP_DELETE, id, "", token, NULL, &resp);
    bool erased = remote_shows_erased(status, &resp);

    /* A success proves nothing without the server's mark. */
    if (!erased && status != CLI_DONE) {
        remote_complain(&cli->remote, status, &resp, "erase the upload");
        remote_note_unproven(status, &resp);
    }
    remote_response_clear(&resp);
    if (!erased && status == CLI_DONE) {
        say_error("it is not certain that the upload was erased");
        say_hint("Run secrets put --resume again.");
        status = CLI_NETWORK;
    }
    if (!erased) return status;

    state_forget(&cli->state, STATE_UPLOAD, id);
    say_error("the program was killed before it could print the link; the upload was erased");
    say_hint("Share it again with secrets put.");
    return CLI_GONE;
}

/* Say that the upload stopped again, with ${status} and the last response ${resp}. */
static void
complain_unfinished(const struct cli *cli, enum cli_exit status,
                    const struct remote_response *resp) {
    remote_complain_cut(&cli->remote, status, resp, "the upload is not finished yet",
                        "What is left of it is kept. Run secrets put --resume again within the "
                        "hour.");
}

static enum cli_exit
continue_upload(struct cli *cli, const json_t *record, const struct upload *u) {
    struct remote_response resp = {0};
    enum cli_exit status = upload_run(cli, u, &resp);

    if (status == CLI_DONE) {
        handover_keep_token(cli, u->id, u->owner_token, remote_number(record, "expires_at", 0),
                            u->complete != NULL);
        if (u->complete != NULL) say_note("Answered. Only the asker can read it.");
        else say_note("The upload is complete. The link can be opened now.");
    } else if (!upload_is_over(status, &resp)) {
        complain_unfinished(cli, status, &resp);
        status = CLI_UNFINISHED;
    }

    if (status != CLI_UNFINISHED) state_forget(&cli->state, STATE_UPLOAD, u->id);
    remote_response_clear(&resp);
    return status;
}

/* Check that ${record} and the file ${sealed} fit each other. */
static bool
is_resumable(const json_t *record, int sealed) {
    int64_t size = remote_number(record, "size", 0);
    int64_t part_size = remote_number(record, "part_size", 0);
    struct stat st;
    return remote_text(record, "owner_token") != NULL && size > 0 && part_size > 0 &&
           part_size <= UINT32_MAX && size / part_size < UINT32_MAX && fstat(sealed, &st) == 0 &&
           st.st_size == size;
}

static enum cli_exit
resume_upload(struct cli *cli, const json_t *record, int sealed) {
    const char *id = remote_text(record, "id"), *token = remote_text(record, "owner_token");
    if (!is_resumable(record, sealed)) {
        state_forget(&cli->state, STATE_UPLOAD, id);
        say_error("what was kept of the upload is damaged");
        say_hint("Share it again with secrets put.");
        return CLI_DAMAGED;
    }

    /* The link key is stored nowhere: if it was not printed, it is lost. */
    if (!json_is_true(json_object_get(record, "shown"))) return burn_unshown(cli, id, token);

    struct upload u = {
        .id = id,
        .owner_token = token,
        .sealed = sealed,
        .size = (uint64_t)remote_number(record, "size", 0),
        .content_size = (uint64_t)remote_number(record, "content_size", 0),
        .part_size = (uint32_t)remote_number(record, "part_size", 0),
        .label = "Sending",
        .complete = json_object_get(record, "complete"),
    };
    u.done = read_done_parts(cli, id, upload_parts(&u), &u.done_log);
    enum cli_exit status = CLI_FAILED;
    if (u.done != NULL) status = continue_upload(cli, record, &u);
    if (u.done_log >= 0) (void)close(u.done_log);
    free(u.done);
    return status;
}

/* Open the sealed bytes of ${record}, which locks them, and resume. */
static enum cli_exit
lock_and_resume(struct cli *cli, const json_t *record) {
    int sealed = state_spool_again(&cli->state, remote_text(record, "id"));
    if (sealed == ERR_BUSY) {
        say_error("another process is sending this upload");
        say_hint("Wait until it has finished.");
        return CLI_FAILED;
    }
    enum cli_exit status = resume_upload(cli, record, sealed);
    if (sealed >= 0) (void)close(sealed);
    return status;
}

enum cli_exit
resume_run(struct cli *cli) {
    struct link link = {0};
    struct resume_choice c = {0};
    enum cli_exit status = choose_upload(cli, &c, &link);
    const char *server = remote_text(c.record, "server");
    if (status == CLI_DONE) status = cli_check_token_server(cli, server);
    if (status == CLI_DONE) status = cli_use_server(cli, server, NULL);
    if (status == CLI_DONE) status = lock_and_resume(cli, c.record);
    json_decref(c.record);
    explicit_bzero(&link, sizeof(link));
    return status;
}
