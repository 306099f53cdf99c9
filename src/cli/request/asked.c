/* SPDX-License-Identifier: MIT */
#include "cli/request/asked.h"

#include "base/err.h"
#include "cli/terminal/say.h"
#include "crypto/envelope/opener.h"
#include "crypto/envelope/sealer.h"

/* Append the bytes to ${ctx}, a buffer. */
static int
append_in_order(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct buf *out = ctx;
    return offset == out->len ? buf_add(out, data, len) : ERR_INVALID;
}

/* Seal ${text} with ${link_key} at the cost of a link key. */
static int
seal_text(struct cli *cli, struct kdf_arena *arena, const struct buf *text, const char *link_key,
          struct buf *envelope, struct envelope_keys *keys) {
    struct envelope_sealer *sealer = NULL;
    struct envelope_meta meta;

    int err = envelope_meta_set(&meta, text->len, NULL, NULL);
    if (err == 0)
        err = envelope_sealer_new(&sealer, cli->random, arena, ENVELOPE_COST_LINK, link_key,
                                  TOKEN_LINK_KEY_LEN, &meta, append_in_order, envelope);
    if (err == 0) err = envelope_sealer_add(sealer, text->data, text->len);
    if (err == 0) err = envelope_sealer_end(sealer);
    if (err == 0) *keys = *envelope_sealer_keys(sealer);
    envelope_sealer_free(sealer);
    return err;
}

enum cli_exit
asked_seal(struct cli *cli, const struct buf *description,
           char link_key[static TOKEN_LINK_KEY_LEN + 1], struct buf *envelope,
           struct envelope_keys *keys) {
    struct kdf_arena *arena = cli_arena(ENVELOPE_COST_LINK);
    if (arena == NULL) return CLI_FAILED;

    int err = request_link_key(description->data, description->len, link_key);
    if (err == 0) err = seal_text(cli, arena, description, link_key, envelope, keys);
    kdf_arena_free(arena);
    if (err == 0) return CLI_DONE;
    say_error("could not seal the request: %s", err_text(err));
    say_hint("Run the same command again.");
    return CLI_FAILED;
}

/* Open ${envelope} into ${text}.  Returns 0, an envelope_verdict, or a negative code. */
static int
open_text(const struct buf *envelope, const char *link_key, struct buf *text) {
    struct envelope_keys keys;
    struct kdf_arena *arena = cli_arena(ENVELOPE_COST_LINK);
    struct envelope_opener *opener = NULL;
    if (arena == NULL) return ERR_NOMEM;

    /* A text that does not fit into the buffer is no description. */
    int verdict = envelope_derive(arena, envelope->data, link_key, TOKEN_LINK_KEY_LEN, &keys);
    if (verdict == ENVELOPE_OK) {
        opener = envelope_opener_new(&keys, append_in_order, text);
        verdict =
            opener == NULL ? ERR_NOMEM : envelope_opener_add(opener, envelope->data, envelope->len);
    }
    if (verdict == ENVELOPE_OK) verdict = envelope_opener_end(opener);
    if (verdict == ENVELOPE_OK && envelope_opener_meta(opener)->is_file)
        verdict = ENVELOPE_CONTENT_FAILURE;

    envelope_opener_free(opener);
    kdf_arena_free(arena);
    explicit_bzero(&keys, sizeof(keys));
    return verdict;
}

/* Whether the header of ${envelope} asks for the one cost that descriptions have. */
static bool
has_fixed_cost(const struct buf *envelope) {
    struct envelope_header header;
    const struct kdf_params cost = ENVELOPE_COST_LINK;
    return envelope->len >= ENVELOPE_HEADER_LEN &&
           envelope_header_parse(envelope->data, &header) == 0 && header.log2_n == cost.log2_n &&
           header.r == cost.r && header.p == cost.p;
}

enum cli_exit
asked_open(const struct buf *envelope, const char *link_key, struct description *out) {
    char own_key[TOKEN_LINK_KEY_LEN + 1];
    struct buf text = BUF_INIT(DESCRIPTION_MAX);
    bool sound = has_fixed_cost(envelope) && open_text(envelope, link_key, &text) == ENVELOPE_OK;

    /* The same bytes are hashed and parsed. */
    sound = sound && request_link_key(text.data, text.len, own_key) == 0 &&
            strcmp(own_key, link_key) == 0;
    bool known = sound && description_read(text.data, text.len, out) == 0;
    explicit_bzero(own_key, sizeof(own_key));
    buf_free(&text);
    if (known) return CLI_DONE;

    if (sound) {
        say_error("the request asks for something that this program does not understand");
        say_hint("Answer it on the page, or ask for a new link.");
    } else {
        say_error("the server does not have the request that this link was made for");
        say_hint("Nothing was sent. Copy the whole link again, or ask for a new one.");
    }
    return CLI_DAMAGED;
}

bool
asked_keep(struct cli *cli, const struct asked *a) {
    if (cli->state.dir[0] == '\0') return false;
    json_t *record =
        json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", a->id, "server", a->server, "seed", a->seed,
                  "link_key", a->link_key, "expires_at", (json_int_t)a->expires_at);
    bool kept = record != NULL && state_save(&cli->state, STATE_ASKED, a->id, record) == 0;
    if (!kept) say_note("Note: cannot write to %s.", cli->state.dir);
    json_decref(record);
    return kept;
}

/* Copy the text ${name} of ${record}, which has ${len} characters of a key or an id. */
static bool
copy_field(const json_t *record, const char *name, char *out, size_t len) {
    const char *text = remote_text(record, name);
    if (text == NULL || strlen(text) != len) return false;
    memcpy(out, text, len + 1);
    return true;
}

static bool
read_asked(const json_t *record, struct asked *out) {
    const char *server = remote_text(record, "server");
    out->expires_at = remote_number(record, "expires_at", 0);
    return copy_field(record, "id", out->id, TOKEN_SEALED_ID_LEN) &&
           token_is_sealed_id(out->id, TOKEN_SEALED_ID_LEN) &&
           copy_field(record, "seed", out->seed, TOKEN_LINK_KEY_LEN) &&
           copy_field(record, "link_key", out->link_key, TOKEN_LINK_KEY_LEN) && server != NULL &&
           link_address(server, strlen(server), out->server) == 0;
}

/* The requests that are kept here. */
struct kept_requests {
    struct asked *last;
    int count;
};

static int
count_asked(void *ctx, json_t *record) {
    struct kept_requests *kept = ctx;
    struct asked one = {0};
    if (read_asked(record, &one)) {
        *kept->last = one;
        kept->count++;
    }
    explicit_bzero(&one, sizeof(one));
    return 0;
}

static enum cli_exit
find_only_one(struct cli *cli, struct asked *out) {
    struct kept_requests kept = {.last = out};
    (void)state_each(&cli->state, STATE_ASKED, count_asked, &kept);
    if (kept.count == 1) return CLI_DONE;

    if (kept.count == 0) {
        say_error("no request is kept here");
        say_hint("Give the link that collects its answers: secrets collect LINK.");
        return CLI_GONE;
    }
    say_error("there are %d requests here", kept.count);
    say_hint("Name one by its link: secrets collect LINK.");
    return CLI_USAGE;
}

/* Find the request of ${link}, or with NULL the only one that is kept here. */
static enum cli_exit
find_asked(struct cli *cli, const struct link *link, struct asked *out) {
    *out = (struct asked){0};
    if (link == NULL) return find_only_one(cli, out);
    if (link->kind == LINK_COLLECT) {
        memcpy(out->id, link->id, sizeof(out->id));
        memcpy(out->seed, link->seed, sizeof(out->seed));
        memcpy(out->link_key, link->key, sizeof(out->link_key));
        return CLI_DONE;
    }

    json_t *record = state_load(&cli->state, STATE_ASKED, link->id);
    bool found = record != NULL && read_asked(record, out);
    json_decref(record);
    if (found) return CLI_DONE;
    say_error("this request was not made here, or is forgotten");
    say_hint("Give the link that collects its answers, which begins with #c.");
    return CLI_USAGE;
}

enum cli_exit
asked_locate(struct cli *cli, const struct link *link, struct asked *out) {
    enum cli_exit status = find_asked(cli, link, out);
    const char *server = out->server[0] != '\0' ? out->server : NULL;
    if (status == CLI_DONE) status = cli_check_token_server(cli, server);
    if (status == CLI_DONE) status = cli_use_server(cli, server, link);
    return status;
}

enum cli_exit
asked_derive(const struct asked *a, char owner[static TOKEN_LEN + 1],
             uint8_t identity[static AGE_KEY_LEN]) {
    int err = request_identity(a->seed, TOKEN_LINK_KEY_LEN, identity);
    if (err == 0) err = request_owner(a->seed, TOKEN_LINK_KEY_LEN, owner);
    if (err == 0) return CLI_DONE;
    say_error("could not derive the keys of the request: %s", err_text(err));
    say_hint("Run the same command again.");
    return CLI_FAILED;
}
