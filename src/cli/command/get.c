/* SPDX-License-Identifier: MIT */
/* secrets get: open a link and deliver its content. */
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/local/lockfile.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/download.h"
#include "cli/transfer/lease.h"
#include "cli/transfer/output.h"
#include "crypto/envelope/opener.h"

enum {
    INLINE_MINUTES = 2, /* how long a server holds a lease after the last fetch */
    PARTS_MINUTES = 15,
    REASON_MAX = 2048,
};

/* One secret on its way from the server to its output. */
struct delivery {
    struct cli *cli;
    struct lease lease;
    struct envelope_opener *opener;
    struct output output;
    struct progress bar;
    struct buf reason;    /* why the connection was lost */
    enum cli_exit status; /* set where the output failed */
    uint64_t skip;        /* bytes of the next part to pass over */
    bool until_meta;      /* stop feeding once the metadata is known */
};

/* What the sink returns to end the download although the envelope is sound so far. */
enum { ENOUGH = 100 };

static int
begin_delivery_output(struct delivery *d) {
    if (d->output.begun) return 0;
    d->status = output_begin(d->cli, &d->output, envelope_opener_meta(d->opener), d->lease.temp);
    if (d->status != CLI_DONE) return ERR_IO;

    /* The record names the file before it exists, so that no end of this run leaves a file that
     * nothing knows of, and again once it has an inode. */
    bool remembered = d->output.temp[0] != '\0' && !d->output.elsewhere;
    if (remembered && d->output.fd < 0)
        remembered = lease_remember(d->cli, &d->lease, d->output.temp);
    d->status = output_create(&d->output);
    if (d->status != CLI_DONE) return ERR_IO;
    if (remembered) (void)lease_remember(d->cli, &d->lease, d->output.temp);

    progress_scale(&d->bar, envelope_opener_meta(d->opener)->size);
    return 0;
}

/* Called by the opener with content that was verified. */
static int
on_verified_content(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct delivery *d = ctx;
    int err = begin_delivery_output(d);
    if (err == 0 && output_write(&d->output, offset, data, len) != 0) {
        d->status = CLI_FAILED;
        err = ERR_IO;
    }
    return err;
}

/* Called by the download with bytes of the envelope, in order. */
static int
on_envelope_bytes(void *ctx, uint8_t *data, size_t len) {
    struct delivery *d = ctx;
    size_t skip = d->skip < len ? (size_t)d->skip : len;
    d->skip -= skip;

    int err = envelope_opener_add_in_place(d->opener, data + skip, len - skip);
    if (err == 0 && d->until_meta && envelope_opener_meta(d->opener) != NULL) return ENOUGH;
    return err;
}

/* Feed parts from the first on until the metadata is known.  ${*next} is the part after them. */
static enum cli_exit
fetch_metadata(struct delivery *d, const struct download *down, uint32_t *next,
               struct remote_response *resp) {
    uint32_t parts = download_parts(down);
    int ended = 0;
    d->until_meta = true;
    for (*next = 0; *next < parts && envelope_opener_meta(d->opener) == NULL && ended == 0;) {
        enum cli_exit status = download_run(d->cli, down, *next, *next + 1, &ended, resp);
        if (status != CLI_DONE && ended != ENOUGH) return status;
        remote_response_clear(resp);
        ++*next;
    }
    d->until_meta = false;
    return CLI_DONE;
}

/*
 * Find the first part to fetch.  Where an earlier run left an unfinished file, read the metadata,
 * then continue at the chunk at which the file ends.  Returns CLI_DONE with ${*first}, or another
 * status.
 */
static enum cli_exit
find_first_part(struct delivery *d, const struct download *down, uint32_t *first,
                struct remote_response *resp) {
    uint64_t content = 0;
    *first = 0;
    if (d->lease.temp == NULL || download_parts(down) < 3) return CLI_DONE;

    enum cli_exit status = fetch_metadata(d, down, first, resp);
    if (status != CLI_DONE) return status;
    if (begin_delivery_output(d) != 0) return d->status;

    uint64_t chunk = envelope_opener_resume_point(d->opener, output_have(&d->output), &content);
    if (chunk <= envelope_opener_chunks(d->opener)) return CLI_DONE;
    if (envelope_opener_resume(d->opener, chunk) != 0) return CLI_DAMAGED;

    /* A part may begin in the middle of a chunk. */
    uint64_t at = envelope_chunk_offset(chunk);
    *first = (uint32_t)(at / d->lease.part_size);
    d->skip = at % d->lease.part_size;
    d->bar.begun_with = (uint64_t)*first * d->lease.part_size;
    atomic_store(&d->bar.done, d->bar.begun_with);
    return CLI_DONE;
}

/* Say that the opener ended with ${verdict}, unless the output printed an error already. */
static void
complain_opener(const struct delivery *d, int verdict) {
    if (d->status != CLI_DONE || verdict == ENOUGH) return;
    if (verdict == ERR_NOMEM) {
        say_no_memory();
    } else if (verdict < 0) {
        say_error("could not open the secret: %s", err_text(verdict));
        say_hint("Run the same command again.");
    } else {
        say_error("the data is damaged or forged; nothing was kept");
        say_hint("Run the same command again. If it fails again, ask the sender for a new link.");
    }
}

/* Return whether another run can continue with the view of this one. */
static bool
can_continue_later(const struct delivery *d) {
    return d->cli->state.dir[0] != '\0';
}

static enum cli_exit
fetch_parts(struct delivery *d) {
    struct download down = {
        .id = d->lease.id,
        .lease = d->lease.token,
        .size = d->lease.size,
        .part_size = d->lease.part_size,
        .bar = &d->bar,
        .sink = on_envelope_bytes,
        .ctx = d,
    };
    struct remote_response resp = {0};
    uint32_t first = 0;
    int ended = 0;

    progress_begin(&d->bar, "Receiving", d->lease.size, d->cli->bar);
    enum cli_exit status = find_first_part(d, &down, &first, &resp);
    if (status == CLI_DONE)
        status = download_run(d->cli, &down, first, download_parts(&down), &ended, &resp);
    progress_end(&d->bar);

    /* leave_for_later() prints the error where another run can continue. */
    bool for_later = status == CLI_NETWORK && can_continue_later(d);
    if (status == CLI_DAMAGED) complain_opener(d, ended);
    else if (for_later) (void)!remote_reason(&d->cli->remote, &resp, &d->reason);
    else if (status != CLI_DONE && status != CLI_INTERRUPTED)
        remote_complain(&d->cli->remote, status, &resp, "fetch the secret");
    remote_response_clear(&resp);
    if (d->status != CLI_DONE) return d->status;
    return status;
}

/* Feed the whole envelope to the opener. */
static enum cli_exit
feed_envelope(struct delivery *d) {
    int verdict = 0;
    if (d->lease.part_size > 0) {
        enum cli_exit status = fetch_parts(d);
        if (status != CLI_DONE) return status;
    } else {
        verdict = envelope_opener_add(d->opener, d->lease.content.data, d->lease.content.len);
    }

    if (verdict == 0) verdict = envelope_opener_end(d->opener);
    if (verdict == 0) verdict = begin_delivery_output(d); /* where the content is empty */
    if (verdict == 0) return CLI_DONE;

    complain_opener(d, verdict);
    if (d->status != CLI_DONE) return d->status;
    if (verdict < 0) return CLI_FAILED;
    return CLI_DAMAGED;
}

/* Say what is left of the secret, whose lease has ${ended}, as far as the server confirmed it. */
static void
note_views_left(const struct delivery *d, bool ended) {
    long long left = (long long)d->lease.views_left;
    if (d->cli->opt.burn && ended) say_note("The secret was burnt.");
    else if (left == 0 && ended) say_note("That was the last view. The secret is being erased.");
    else if (left > 0)
        say_note("It can be opened %lld more %s.", left, left == 1 ? "time" : "times");
}

/* After an interruption or a lost connection, say how to continue, and for how long that is
 * possible if the output failed.  Returns the exit code. */
static enum cli_exit
leave_for_later(struct delivery *d, enum cli_exit status) {
    int minutes = PARTS_MINUTES;
    if (d->lease.part_size == 0) minutes = INLINE_MINUTES;
    if (!can_continue_later(d)) return status;
    if (status == CLI_FAILED && say_had_error())
        say_note("The view is kept for you for %d minutes.", minutes);
    if (status != CLI_INTERRUPTED && status != CLI_NETWORK) return status;

    const char *reason = "the connection was lost";
    if (d->reason.len > 0) reason = buf_text(&d->reason);
    if (status == CLI_INTERRUPTED) reason = "interrupted";
    say_error("%s; the view is kept for you for %d minutes", reason, minutes);
    say_hint("Run the same command again to continue.");
    return CLI_UNFINISHED;
}

/* End the lease, unless another process is still fetching with it and will end it. */
static void
end_delivery_lease(const struct delivery *d) {
    /* An unfinished file of an earlier run that is still here was of no use to this one. */
    bool shared = d->lease.temp != NULL && !d->output.nameless &&
                  lockfile_remove(d->lease.temp, true) == ERR_BUSY;
    if (!lease_is_mine_alone(&d->lease)) shared = true;
    bool ended = true;
    if (d->cli->opt.burn || !shared) ended = lease_end(d->cli, &d->lease, d->cli->opt.burn);
    note_views_left(d, ended);
}

static enum cli_exit
deliver_sealed(struct delivery *d) {
    d->opener = envelope_opener_new(&d->lease.keys, on_verified_content, d);
    enum cli_exit status = CLI_FAILED;
    if (d->opener != NULL) status = feed_envelope(d);

    /* The lease ends only after the output is complete and on the disk. */
    if (status == CLI_DONE)
        status = output_finish(d->cli, &d->output, envelope_opener_meta(d->opener));
    if (status == CLI_DONE) end_delivery_lease(d);
    else status = leave_for_later(d, status);

    /* The record names one unfinished file.  If it is that of another process, drop ours. */
    output_drop(&d->output, status == CLI_UNFINISHED && !d->output.elsewhere);
    envelope_opener_free(d->opener);
    return status;
}

enum cli_exit
get_deliver(struct cli *cli, struct link *link) {
    struct delivery d = {.cli = cli, .output = {.fd = -1}, .reason = BUF_INIT(REASON_MAX)};
    enum cli_exit status = lease_open(cli, link, &d.lease);
    if (status == CLI_DONE) status = deliver_sealed(&d);
    lease_clear(&d.lease);
    buf_free(&d.reason);
    return status;
}

/* Refuse to read two things from standard input. */
static enum cli_exit
check_stdin_readers(const struct options *o) {
    int readers = o->operand != NULL && strcmp(o->operand, "-") == 0;
    readers += passphrase_from_stdin(o->passphrase);
    readers += passphrase_from_stdin(o->key);
    if (readers <= 1) return CLI_DONE;

    say_error("only one of link, key and passphrase can come from standard input");
    say_hint("Read one of them from a file: file:PATH.");
    return CLI_USAGE;
}

/* Refuse options that contradict each other, or the kind of link. */
static enum cli_exit
check_identity(const struct options *o, bool classic) {
    const char *bad = NULL;
    if (o->identity == NULL) return CLI_DONE;
    if (o->passphrase != NULL) bad = "--identity and --passphrase cannot be combined";
    else if (strcmp(o->identity, "-") == 0) bad = "--identity takes a file, not standard input";
    else if (classic) bad = "a classic secret is never encrypted to a key";
    if (bad == NULL) return CLI_DONE;

    say_error("%s", bad);
    say_hint("See secrets get --help.");
    return CLI_USAGE;
}

enum cli_exit
get_run(struct cli *cli) {
    struct link link = {0};
    enum cli_exit status = check_stdin_readers(&cli->opt);
    if (status == CLI_DONE) status = check_identity(&cli->opt, false);
    state_prune(&cli->state, clock_now(cli->clock));

    /* The output is checked first: a view is not used for what cannot be written. */
    if (status == CLI_DONE) status = output_check(cli);
    if (status == CLI_DONE) status = cli_take_link(cli, &link);
    if (status == CLI_DONE) status = check_identity(&cli->opt, link.kind == LINK_CLASSIC);
    if (status == CLI_DONE) status = cli_choose_server(cli, &link);
    if (status == CLI_DONE && link.kind == LINK_CLASSIC) status = classic_get(cli, &link);
    else if (status == CLI_DONE) status = get_deliver(cli, &link);
    explicit_bzero(&link, sizeof(link));
    return status;
}
