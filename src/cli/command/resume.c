/* SPDX-License-Identifier: MIT */
/* secrets put --resume: finish an upload from the sealed bytes that an interrupted run left. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/terminal/say.h"
#include "cli/transfer/handover.h"
#include "cli/transfer/upload.h"

/* The unfinished upload that is meant. */
struct choice {
    const char *id; /* of the link given, or NULL: the only one there is */
    json_t *record;
    int count;
};

static int
consider(void *ctx, json_t *record) {
    struct choice *c = ctx;
    const char *id = remote_text(record, "id");
    if (id == NULL || !token_is_sealed_id(id, strlen(id))) return 0;
    if (c->id != NULL && strcmp(c->id, id) != 0) return 0;
    c->count++;
    if (c->record == NULL) c->record = json_incref(record);
    return 0;
}

static enum cli_exit
choose(struct cli *cli, struct choice *c, struct link *link) {
    if (cli->opt.operand != NULL) {
        enum cli_exit status = cli_take_link(cli, link);
        if (status != CLI_DONE) return status;
        c->id = link->id;
    }
    (void)state_each_upload(&cli->state, consider, c);
    if (c->count == 0) {
        say_error("there is no unfinished upload here");
        say_hint("Share it anew with secrets put.");
        return CLI_GONE;
    }
    if (c->count == 1) return CLI_DONE;
    say_error("there are %d unfinished uploads", c->count);
    say_hint("Name one by its link: secrets put --resume LINK, or - to read it from standard "
             "input.");
    return CLI_USAGE;
}

/* Read which parts the server has; what was noted half is sent again, which does no harm. */
static uint8_t *
read_done(const struct cli *cli, const char *id, uint32_t parts, int *log) {
    char path[STATE_PATH_MAX];
    uint8_t number[4], *done = calloc(parts, 1);
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

/* The link of this upload was never shown, and its key is gone: nobody can ever open it. */
static enum cli_exit
give_up(struct cli *cli, const char *id, const char *token) {
    struct remote_response resp = {0};
    char path[CLI_PATH_MAX];
    cli_secret_path(path, id, "");
    struct remote_call call = {.method = HTTP_DELETE, .path = path, .token = token};
    enum cli_exit status = remote_call(&cli->remote, &call, &resp);
    remote_response_clear(&resp);
    if (status == CLI_NETWORK || status == CLI_INTERRUPTED) return status;
    state_forget(&cli->state, STATE_UPLOAD, id);
    say_error("the program was killed before it could show the link; the upload was erased");
    say_hint("Share it anew with secrets put.");
    return CLI_GONE;
}

static enum cli_exit
go_on(struct cli *cli, const json_t *record, const struct upload *u) {
    struct remote_response resp = {0};
    enum cli_exit status = upload_run(cli, u, &resp);
    if (status == CLI_DONE) {
        handover_keep_token(cli, u->id, u->owner_token, remote_number(record, "expires_at", 0));
        say_note("The upload is complete; its link opens now.");
    } else if (status == CLI_NETWORK || status == CLI_INTERRUPTED) {
        say_error("the upload is not finished yet");
        say_hint("Run secrets put --resume again within the hour.");
        status = CLI_UNFINISHED;
    }
    if (status != CLI_UNFINISHED) state_forget(&cli->state, STATE_UPLOAD, u->id);
    remote_response_clear(&resp);
    return status;
}

static enum cli_exit
resume(struct cli *cli, const json_t *record, int sealed) {
    const char *id = remote_text(record, "id"), *token = remote_text(record, "owner_token");
    int64_t size = remote_number(record, "size", 0), part = remote_number(record, "part_size", 0);
    struct stat st;
    if (token == NULL || size <= 0 || part <= 0 || part > UINT32_MAX || size / part >= UINT32_MAX ||
        fstat(sealed, &st) != 0 || st.st_size != size) {
        state_forget(&cli->state, STATE_UPLOAD, id);
        say_error("what was kept of the upload is damaged");
        say_hint("Share it anew with secrets put.");
        return CLI_DAMAGED;
    }
    if (!json_is_true(json_object_get(record, "shown"))) return give_up(cli, id, token);
    struct upload u = {
        .id = id,
        .owner_token = token,
        .sealed = sealed,
        .size = (uint64_t)size,
        .part_size = (uint32_t)part,
        .label = "Sending",
    };
    u.done = read_done(cli, id, upload_parts(&u), &u.done_log);
    enum cli_exit status = u.done == NULL ? CLI_FAILED : go_on(cli, record, &u);
    if (u.done_log >= 0) (void)close(u.done_log);
    free(u.done);
    return status;
}

static enum cli_exit
use_server(struct cli *cli, const json_t *record) {
    const char *server = remote_text(record, "server");
    if (cli->opt.server != NULL || server == NULL) return cli_choose_server(cli, NULL);
    return link_address(server, strlen(server), cli->remote.base) == 0 ? CLI_DONE : CLI_DAMAGED;
}

enum cli_exit
resume_run(struct cli *cli) {
    struct link link = {0};
    struct choice c = {0};
    int sealed = -1;
    enum cli_exit status = choose(cli, &c, &link);
    if (status == CLI_DONE) status = use_server(cli, c.record);
    if (status == CLI_DONE) {
        sealed = state_spool_again(&cli->state, remote_text(c.record, "id"));
        if (sealed == ERR_BUSY) {
            say_error("another run sends this upload right now");
            say_hint("Wait until it is done.");
            status = CLI_FAILED;
        } else status = resume(cli, c.record, sealed);
    }
    if (sealed >= 0) (void)close(sealed);
    json_decref(c.record);
    explicit_bzero(&link, sizeof(link));
    return status;
}
