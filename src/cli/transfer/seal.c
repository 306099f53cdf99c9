/* SPDX-License-Identifier: MIT */
#include "cli/transfer/seal.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/source.h"
#include "crypto/envelope/sealer.h"

enum { READ_STEP = 64 * 1024 };

/* One envelope while it is being sealed. */
struct sealing {
    struct cli *cli;
    struct source source;
    struct envelope_sealer *sealer;
    struct progress bar;
    const struct seal_limits *limits;
    struct sealed *out;
};

static int
write_at(int fd, uint64_t offset, const uint8_t *data, size_t len) {
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ERR_IO;
        data += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/* Called by the sealer with sealed bytes. */
static int
on_sealed_bytes(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct sealed *s = ctx;
    if (s->file >= 0) return write_at(s->file, offset, data, len);
    if (offset == s->content.len) return buf_add(&s->content, data, len);
    return ERR_INVALID;
}

static enum cli_exit
complain_too_large(const struct sealing *w) {
    struct buf most = BUF_INIT(64);
    if (progress_bytes(w->limits->file_max, &most) == 0) {
        const char *who = w->limits->asked ? "the asker" : "this server";
        say_error("%s is larger than the %s that %s allows", w->source.path, buf_text(&most), who);
        if (w->limits->asked)
            say_hint("Give something smaller, or ask for a link made with --answer-size.");
        else say_hint("Share something smaller, or ask the operator of the server.");
    }
    buf_free(&most);
    return CLI_REFUSED;
}

/* Say that sealing failed with ${err}.  Returns the exit code. */
static enum cli_exit
complain_seal(const struct sealing *w, int err) {
    if (err == ERR_IO) {
        say_error("cannot store the sealed bytes: %s", strerror(errno));
        say_hint("They need as much room as what you share. Free some, or choose another place "
                 "with --no-state and TMPDIR.");
    } else if (err == ERR_INVALID && w->source.regular) {
        (void)source_unchanged(&w->source); /* prints that it changed */
    } else if (err == ERR_NOMEM) {
        say_no_memory();
    } else {
        say_error("could not seal: %s", err_text(err));
        say_hint("Run the same command again.");
    }
    return CLI_FAILED;
}

/* Fill ${meta} with what is known about the source. */
static int
set_seal_meta(const struct sealing *w, struct envelope_meta *meta) {
    const char *name = w->source.name;
    uint64_t size = source_size(&w->source), known = size;
    if (name[0] == '\0') name = NULL;
    if (size == ENVELOPE_SIZE_UNKNOWN) known = 0;
    int err = envelope_meta_set(meta, known, name, "application/octet-stream");
    meta->size = size;
    return err;
}

/* Derive the keys and make the sealer.  The memory for the derivation is freed before anything
 * large begins. */
static enum cli_exit
begin_sealing(struct sealing *w, const char *link_key, const struct buf *passphrase) {
    struct buf secret = BUF_INIT(TOKEN_LINK_KEY_LEN + 1 + ENVELOPE_PASSPHRASE_MAX);
    struct envelope_meta meta;
    struct kdf_params cost = ENVELOPE_COST_LINK;
    if (passphrase->len > 0 || w->cli->opt.key_apart) cost = ENVELOPE_COST_PASSPHRASE;

    int err = set_seal_meta(w, &meta);
    if (err == 0)
        err = envelope_secret(link_key, TOKEN_LINK_KEY_LEN, (const char *)passphrase->data,
                              passphrase->len, &secret);

    /* cli_arena() prints its own error. */
    struct kdf_arena *arena = NULL;
    if (err == 0) arena = cli_arena(cost);
    bool ready = arena != NULL;
    if (ready)
        err = envelope_sealer_new(&w->sealer, w->cli->random, arena, cost, secret.data, secret.len,
                                  &meta, on_sealed_bytes, w->out);
    kdf_arena_free(arena);
    buf_free(&secret);

    if (err != 0) return complain_seal(w, err);
    if (ready) return CLI_DONE;
    return CLI_FAILED;
}

/* Choose where the sealed bytes go: to memory if all of them fit into the create call. */
static enum cli_exit
choose_sealed_place(struct sealing *w) {
    uint64_t size = envelope_sealer_size(w->sealer);
    buf_init(&w->out->content, w->limits->inline_max);
    if (size > 0 && size <= w->limits->inline_max) return CLI_DONE;

    w->out->file = state_spool(&w->cli->state, w->cli->temp_dir, w->out->path);
    if (w->out->file >= 0) return CLI_DONE;
    return complain_seal(w, ERR_IO);
}

/* Seal the next ${len} bytes of content. */
static enum cli_exit
seal_bytes(struct sealing *w, const uint8_t *data, size_t len) {
    w->out->content_size += len;
    if (w->out->content_size > w->limits->file_max) return complain_too_large(w);

    int err = envelope_sealer_add(w->sealer, data, len);
    atomic_fetch_add(&w->bar.done, len);
    /* A file that is longer than its size has changed. */
    if (err == ERR_TOO_LARGE && w->source.regular) err = ERR_INVALID;
    if (err != 0) return complain_seal(w, err);
    return CLI_DONE;
}

static enum cli_exit
seal_source(struct sealing *w) {
    uint8_t bytes[READ_STEP];
    enum cli_exit status = seal_bytes(w, w->source.head.data, w->source.head.len);
    buf_free(&w->source.head);

    bool more = !w->source.ended;
    while (status == CLI_DONE && more) {
        ssize_t n = source_read(&w->source, bytes, sizeof(bytes));
        if (n < 0) status = signals_stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
        else if (n > 0) status = seal_bytes(w, bytes, (size_t)n);
        more = n > 0;
        progress_draw(&w->bar);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}

static enum cli_exit
finish_sealing(struct sealing *w) {
    if (!source_unchanged(&w->source)) return CLI_FAILED;
    int err = envelope_sealer_end(w->sealer);
    if (err != 0) return complain_seal(w, err);

    w->out->size = envelope_sealer_size(w->sealer);
    w->out->keys = *envelope_sealer_keys(w->sealer);
    return CLI_DONE;
}

enum cli_exit
seal_run(struct cli *cli, const char *link_key, const struct buf *passphrase,
         const struct seal_limits *limits, struct sealed *out) {
    struct sealing w = {.cli = cli, .limits = limits, .out = out};
    *out = (struct sealed){.file = -1};

    enum cli_exit status = source_open(cli, &w.source);
    uint64_t size = status == CLI_DONE ? source_size(&w.source) : 0;
    bool known = size != ENVELOPE_SIZE_UNKNOWN;
    if (status == CLI_DONE && known && size > limits->file_max) status = complain_too_large(&w);
    if (status == CLI_DONE) status = begin_sealing(&w, link_key, passphrase);
    if (status == CLI_DONE) status = choose_sealed_place(&w);

    progress_begin(&w.bar, "Encrypting", known ? size : 0, cli->bar);
    if (status == CLI_DONE) status = seal_source(&w);
    if (status == CLI_DONE) status = finish_sealing(&w);
    progress_end(&w.bar);
    envelope_sealer_free(w.sealer);
    source_close(&w.source);
    return status;
}

void
seal_clear(struct sealed *s, bool keep) {
    buf_free(&s->content);
    if (s->file >= 0) (void)close(s->file);
    if (s->path[0] != '\0' && !keep) (void)unlink(s->path);
    explicit_bzero(&s->keys, sizeof(s->keys));
    s->file = -1;
    s->path[0] = '\0';
}
