/* SPDX-License-Identifier: MIT */
/* secrets get: open a link and deliver what is behind it. */
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

/* One secret on its way from the server to where it goes. */
struct delivery {
    struct cli *cli;
    struct lease lease;
    struct envelope_opener *opener;
    struct output output;
    struct progress bar;
    enum cli_exit status; /* set where the output failed */
    uint64_t skip;        /* bytes of the next part that come before what is wanted */
    uint64_t released;    /* content written */
    bool until_meta;      /* stop feeding once the metadata is known */
};

/* The result of a sink that ends the download without a failure of the envelope. */
enum { ENOUGH = 100 };

static int
begin_output(struct delivery *d) {
    if (d->output.begun) return 0;
    d->status = output_begin(d->cli, &d->output, envelope_opener_meta(d->opener), d->lease.temp);
    if (d->status != CLI_DONE) return ERR_IO;
    if (d->output.temp[0] != '\0' && !d->output.elsewhere)
        lease_remember(d->cli, &d->lease, d->output.temp);
    return 0;
}

/* Content that verified. */
static int
on_content(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct delivery *d = ctx;
    int err = begin_output(d);
    if (err == 0 && output_write(&d->output, offset, data, len) != 0) {
        d->status = CLI_FAILED;
        err = ERR_IO;
    }
    d->released += len;
    return err;
}

/* Bytes of the envelope, in order. */
static int
on_sealed(void *ctx, const uint8_t *data, size_t len) {
    struct delivery *d = ctx;
    size_t skip = d->skip < len ? (size_t)d->skip : len;
    d->skip -= skip;
    int err = envelope_opener_add(d->opener, data + skip, len - skip);
    if (err == 0 && d->until_meta && envelope_opener_meta(d->opener) != NULL) return ENOUGH;
    return err;
}

/*
 * Where an earlier run left an unfinished file: read the metadata, then go on at the chunk where
 * that ended.  Returns CLI_DONE with the first part that is needed, or why not.
 */
static enum cli_exit
find_start(struct delivery *d, const struct download *down, uint32_t *first,
           struct remote_response *resp) {
    uint64_t content = 0;
    int ended = 0;
    uint32_t parts = download_parts(down);
    *first = 0;
    if (d->lease.temp == NULL || parts < 3) return CLI_DONE;
    d->until_meta = true;
    while (*first < parts && envelope_opener_meta(d->opener) == NULL && ended == 0) {
        enum cli_exit status = download_run(d->cli, down, *first, *first + 1, &ended, resp);
        if (status != CLI_DONE && ended != ENOUGH) return status;
        remote_response_clear(resp);
        ++*first;
    }
    d->until_meta = false;
    if (begin_output(d) != 0) return d->status;
    uint64_t chunk = envelope_opener_resume_point(d->opener, output_have(&d->output), &content);
    if (chunk <= envelope_opener_chunks(d->opener)) return CLI_DONE;
    if (envelope_opener_resume(d->opener, chunk) != 0) return CLI_DAMAGED;
    uint64_t at = envelope_chunk_offset(chunk);
    *first = (uint32_t)(at / d->lease.part_size);
    d->skip = at % d->lease.part_size;
    d->bar.begun_with = (uint64_t)*first * d->lease.part_size;
    atomic_store(&d->bar.done, d->bar.begun_with);
    return CLI_DONE;
}

static void
complain_opener(const struct delivery *d, int verdict) {
    if (d->status != CLI_DONE || verdict == ENOUGH) return; /* the output said why */
    if (verdict == ERR_NOMEM) say_no_memory();
    else if (verdict < 0) {
        say_error("could not open the secret: %s", err_text(verdict));
        say_hint("Run the same command again.");
    } else {
        say_error("what came is damaged or forged; nothing of it was kept");
        say_hint("Run the same command again; if it fails again, ask the sender for a new link.");
    }
}

/* Whether another run can go on with the view of this one. */
static bool
can_go_on(const struct delivery *d) {
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
        .sink = on_sealed,
        .ctx = d,
    };
    struct remote_response resp = {0};
    uint32_t first = 0;
    int ended = 0;
    progress_begin(&d->bar, "Receiving", d->lease.size, d->cli->bar);
    enum cli_exit status = find_start(d, &down, &first, &resp);
    if (status == CLI_DONE)
        status = download_run(d->cli, &down, first, download_parts(&down), &ended, &resp);
    progress_end(&d->bar);
    bool for_later = status == CLI_NETWORK && can_go_on(d);
    if (status == CLI_DAMAGED) complain_opener(d, ended);
    else if (status != CLI_DONE && status != CLI_INTERRUPTED && !for_later)
        remote_complain(&d->cli->remote, status, &resp, "hand out the secret");
    remote_response_clear(&resp);
    return d->status != CLI_DONE ? d->status : status;
}

static enum cli_exit
feed(struct delivery *d) {
    int verdict = 0;
    if (d->lease.part_size > 0) {
        enum cli_exit status = fetch_parts(d);
        if (status != CLI_DONE) return status;
    } else verdict = envelope_opener_add(d->opener, d->lease.content.data, d->lease.content.len);
    if (verdict == 0) verdict = envelope_opener_end(d->opener);
    if (verdict == 0) verdict = begin_output(d); /* of no content */
    if (verdict == 0) return CLI_DONE;
    complain_opener(d, verdict);
    return d->status != CLI_DONE ? d->status : verdict < 0 ? CLI_FAILED : CLI_DAMAGED;
}

/* Tell what is left of it. */
static void
note_left(const struct delivery *d) {
    if (d->cli->opt.burn) say_note("The secret was burnt.");
    else if (d->lease.views_left == 0) say_note("That was the last time; it is being erased.");
    else
        say_note("It can be opened %lld more %s.", (long long)d->lease.views_left,
                 d->lease.views_left == 1 ? "time" : "times");
}

/* After an interruption or a lost connection: the view is not lost, and how to go on. */
static enum cli_exit
leave_for_later(const struct delivery *d, enum cli_exit status) {
    if (!can_go_on(d) || (status != CLI_INTERRUPTED && status != CLI_NETWORK)) return status;
    int64_t minutes = d->lease.part_size > 0 ? 15 : 2;
    say_error("%s; the view is kept for you for %lld minutes",
              status == CLI_INTERRUPTED ? "interrupted" : "the connection is lost",
              (long long)minutes);
    say_hint("Run the same command again to go on.");
    return CLI_UNFINISHED;
}

/* All arrived: end the lease, unless another run is still fetching by it, which will. */
static void
end_lease(const struct delivery *d) {
    /* What an earlier run began and this one did not need; else it has its name by now. */
    bool shared = d->lease.temp != NULL && lockfile_remove(d->lease.temp, true) == ERR_BUSY;
    if (d->cli->opt.burn || !shared) lease_end(d->cli, &d->lease, d->cli->opt.burn);
    note_left(d);
}

static enum cli_exit
deliver(struct delivery *d) {
    d->opener = envelope_opener_new(&d->lease.keys, on_content, d);
    enum cli_exit status = d->opener == NULL ? CLI_FAILED : feed(d);
    if (status == CLI_DONE)
        status = output_finish(d->cli, &d->output, envelope_opener_meta(d->opener));
    if (status == CLI_DONE) end_lease(d);
    else status = leave_for_later(d, status);
    /* Beside another run's unfinished file, this one's is not noted: nobody would go on with it. */
    output_drop(&d->output, status == CLI_UNFINISHED && !d->output.elsewhere);
    envelope_opener_free(d->opener);
    return status;
}

static enum cli_exit
get_sealed(struct cli *cli, struct link *link) {
    struct delivery d = {.cli = cli, .output = {.fd = -1}};
    enum cli_exit status = lease_open(cli, link, &d.lease);
    if (status == CLI_DONE) status = deliver(&d);
    lease_clear(&d.lease);
    return status;
}

/* Two things cannot both be read from standard input. */
static enum cli_exit
check_stdin(const struct cli *cli) {
    const struct options *o = &cli->opt;
    int readers = (o->operand != NULL && strcmp(o->operand, "-") == 0) +
                  passphrase_from_stdin(o->passphrase) + passphrase_from_stdin(o->key);
    if (readers <= 1) return CLI_DONE;
    say_error("only one of link, key and passphrase can come from standard input");
    say_hint("Take one of them from a file: file:PATH.");
    return CLI_USAGE;
}

enum cli_exit
get_run(struct cli *cli) {
    struct link link = {0};
    enum cli_exit status = check_stdin(cli);
    state_prune(&cli->state, clock_now(cli->clock));
    if (status == CLI_DONE) status = output_check(cli);
    if (status == CLI_DONE) status = cli_take_link(cli, &link);
    if (status == CLI_DONE) status = cli_choose_server(cli, &link);
    if (status == CLI_DONE)
        status = link.kind == LINK_CLASSIC ? classic_get(cli, &link) : get_sealed(cli, &link);
    explicit_bzero(&link, sizeof(link));
    return status;
}
