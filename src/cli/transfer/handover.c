/* SPDX-License-Identifier: MIT */
#include "cli/transfer/handover.h"

#include <limits.h>
#include <unistd.h>

#include "cli/message/message.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/qr.h"
#include "cli/terminal/say.h"
#include "cli/terminal/terminal.h"

enum { HANDOVER_TEXT_MAX = 4096, QR_DRAWING_MAX = 256 * 1024 };

enum cli_exit
handover_read(struct handover *h, const struct sealed *s, const json_t *json, uint32_t *part_size) {
    struct message_created created = {0};
    bool sound = message_read_created(json, &created);

    /* There are parts exactly if the content was not sent with the call. */
    uint32_t size = created.part_size;
    sound = sound && (s->file >= 0) == (size > 0) && (size == 0 || s->size / size < UINT32_MAX);
    if (sound) {
        memcpy(h->id, created.id, sizeof(h->id));
        memcpy(h->owner_token, created.owner_token, sizeof(h->owner_token));
        h->expires_at = created.expires_at;
        *part_size = size;
    }
    explicit_bzero(&created, sizeof(created));
    return sound ? CLI_DONE : CLI_DAMAGED;
}

void
handover_show_qr(const struct cli *cli, const char *link) {
    struct buf drawing = BUF_INIT(QR_DRAWING_MAX);
    struct qr_style style = {.utf8 = cli->utf8, .colour = cli->colour, .width = UINT_MAX};
    if (isatty(STDERR_FILENO)) style.width = terminal_width();
    if (qr_draw(link, &style, &drawing) == 0)
        (void)!write(STDERR_FILENO, drawing.data, drawing.len);
    else say_note("Note: there is no room for a QR code. Widen the terminal.");
    buf_free(&drawing);
}

static int
build_handover_link(const struct cli *cli, const struct handover *h, struct buf *link) {
    const char *key = cli->opt.key_apart ? NULL : h->link_key;
    return link_build(h->page, h->id, key, link);
}

enum cli_exit
handover_print(struct cli *cli, struct handover *h) {
    struct buf link = BUF_INIT(HANDOVER_TEXT_MAX), text = BUF_INIT(HANDOVER_TEXT_MAX);
    enum cli_exit status = CLI_FAILED;
    if (h->shown && !progress_was_wrapped()) return CLI_DONE;

    int err = build_handover_link(cli, h, &link);
    if (err == 0) err = buf_printf(&text, "%s\n", buf_text(&link));
    if (err == 0 && cli->opt.key_apart) err = buf_printf(&text, "%s\n", h->link_key);
    if (err == 0) status = cli_print(&text);
    if (status == CLI_DONE && cli->opt.qr) handover_show_qr(cli, buf_text(&link));

    h->shown = status == CLI_DONE;
    buf_free(&link);
    buf_free(&text);
    return status;
}

bool
handover_remember_upload(struct cli *cli, const struct handover *h, struct sealed *s,
                         uint32_t part_size, json_t *complete) {
    char path[STATE_PATH_MAX];
    if (s->path[0] == '\0') return false;

    state_path(&cli->state, STATE_UPLOAD, h->id, ".sealed", path);
    bool kept = rename(s->path, path) == 0;
    if (kept) memcpy(s->path, path, sizeof(path));

    /* One write: a record without the body of its last call could not be finished. */
    json_t *record =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:O*}", "id", h->id, "server",
                  cli->remote.base, "owner_token", h->owner_token, "size", (json_int_t)s->size,
                  "content_size", (json_int_t)h->content_size, "part_size", (json_int_t)part_size,
                  "begun_at", (json_int_t)clock_now(cli->clock), "expires_at",
                  (json_int_t)h->expires_at, "shown", (int)h->shown, "complete", complete);
    kept = kept && record != NULL && state_save(&cli->state, STATE_UPLOAD, h->id, record) == 0;
    if (!kept) say_note("Note: cannot write to %s. This upload cannot be resumed.", cli->state.dir);
    json_decref(record);
    return kept;
}

void
handover_keep_token(struct cli *cli, const char *id, const char *token, int64_t expires_at,
                    bool answer) {
    json_t *record = json_pack("{s:s, s:s, s:I}", "server", cli->remote.base, "owner_token", token,
                               "expires_at", (json_int_t)expires_at);
    if (record == NULL || state_save(&cli->state, STATE_OWNED, id, record) != 0)
        say_note("Note: cannot write to %s.%s", cli->state.dir,
                 answer ? "" : " burn and receipt will need the owner token that --json prints.");
    json_decref(record);
}

static enum cli_exit
print_handover_json(const struct cli *cli, const struct handover *h) {
    struct buf link = BUF_INIT(HANDOVER_TEXT_MAX);
    json_t *json = NULL;
    if (build_handover_link(cli, h, &link) == 0)
        json = json_pack("{s:s, s:s, s:s, s:I, s:I}", "link", buf_text(&link), "id", h->id,
                         "owner_token", h->owner_token, "expires_at", (json_int_t)h->expires_at,
                         "views", (json_int_t)cli->opt.views);
    buf_free(&link);

    if (json != NULL && cli->opt.key_apart &&
        json_object_set_new(json, "key", json_string(h->link_key)) != 0) {
        json_decref(json);
        json = NULL;
    }
    return cli_print_json(json);
}

static enum cli_exit
print_handover(struct cli *cli, struct handover *h) {
    if (cli->opt.json) return print_handover_json(cli, h);
    return handover_print(cli, h);
}

enum cli_exit
handover_finish(struct cli *cli, struct handover *h) {
    char until[64];
    handover_keep_token(cli, h->id, h->owner_token, h->expires_at, false);
    enum cli_exit status = print_handover(cli, h);
    if (status != CLI_DONE) return status;

    cli_time_text(h->expires_at, until);
    if (cli->opt.views == 1) say_note("Opens once, until %s.", until);
    else say_note("Opens %lld times, until %s.", (long long)cli->opt.views, until);
    if (cli->opt.key_apart)
        say_note("The second line is the key. Send it through a different channel.");
    return CLI_DONE;
}

/* Note in the upload's record that its link was printed.  Returns whether that worked. */
static bool
mark_upload_shown(const struct cli *cli, const char *id) {
    json_t *record = state_load(&cli->state, STATE_UPLOAD, id);
    bool ok = record != NULL && json_object_set_new(record, "shown", json_true()) == 0 &&
              state_save(&cli->state, STATE_UPLOAD, id, record) == 0;
    json_decref(record);
    return ok;
}

enum cli_exit
handover_interrupted(struct cli *cli, struct handover *h, bool kept, enum cli_exit status,
                     const struct remote_response *resp) {
    if (!kept && status != CLI_INTERRUPTED) {
        remote_complain(&cli->remote, status, resp, "upload");
        return status;
    }
    if (!kept) {
        say_interrupted("The server erases the unfinished upload within an hour.");
        return status;
    }

    /* Only an upload whose link was printed can be resumed. */
    if (print_handover(cli, h) != CLI_DONE) return status;
    if (!mark_upload_shown(cli, h->id)) {
        remote_complain(&cli->remote, status, resp, "upload");
        return status;
    }

    remote_complain_cut(&cli->remote, status, resp, "the upload is not finished",
                        "What is left of it is kept. Run secrets put --resume within the hour to "
                        "finish it. The link opens only then.");
    return CLI_UNFINISHED;
}
