/* SPDX-License-Identifier: MIT */
#include "cli/transfer/lease.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "cli/local/lockfile.h"
#include "cli/local/name.h"
#include "cli/message/message.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/output.h"
#include "cli/wrap/proof.h"
#include "cli/wrap/wrap.h"

enum {
    BOOT_ID_LEN = 36,
    TRIES_MAX = 10, /* passphrases typed in one run */
    ASKED_RAW_MAX = 4096,
    UPLOAD_WAIT_MS = 5000,
    UPLOAD_WAIT_MAX = 60, /* seconds */
};

/* What opening needs besides the lease. */
struct opening {
    struct cli *cli;
    struct link *link;
    struct buf passphrase;
    struct message_info info;
    bool unwrapped; /* ${passphrase} is from there */
    bool typed;     /* the passphrase was typed, so that the user can try again */
    bool refused;   /* the server refused the last call for good */
};

void
lease_clear(struct lease *l) {
    buf_free(&l->content);
    free(l->temp);
    if (l->users >= 0) (void)close(l->users);
    explicit_bzero(l, sizeof(*l));
}

/* Write to ${out} the id of this boot, "" if unknown.  A file that was not flushed is trusted only
 * within the boot that wrote it. */
static void
read_boot_id(char out[static BOOT_ID_LEN + 1]) {
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;
    if (fd >= 0) n = read(fd, out, BOOT_ID_LEN);
    if (n < 0) n = 0;
    out[n] = '\0';
    if (fd >= 0) (void)close(fd);
}

static int
decode_field(const json_t *json, const char *name, struct buf *out) {
    const char *text = remote_text(json, name);
    if (text == NULL) return ERR_INVALID;
    return base64_decode(BASE64_URL, text, strlen(text), out);
}

/* Write to ${out} the path of ${temp} from the root.  The file itself may not exist yet.  Returns
 * whether it fits. */
static bool
absolute_path(const char *temp, char out[static OUTPUT_PATH_MAX]) {
    char copy[OUTPUT_PATH_MAX];
    (void)snprintf(copy, sizeof(copy), "%s", temp);
    char *directory = realpath(dirname(copy), NULL);
    if (directory == NULL) return false;
    int n = snprintf(out, OUTPUT_PATH_MAX, "%s/%s", directory, name_of_path(temp));
    free(directory);
    return n < OUTPUT_PATH_MAX;
}

/* Add to ${record} the unfinished file ${temp}, and the header of the envelope it comes from.  The
 * inode is 0 as long as there is no file. */
static bool
add_unfinished_file(json_t *record, const struct lease *l, const char *temp) {
    struct stat st;
    char path[OUTPUT_PATH_MAX], boot[BOOT_ID_LEN + 1], header[64];
    if (!absolute_path(temp, path)) return false;
    if (lstat(path, &st) != 0) st.st_ino = 0;
    read_boot_id(boot);
    base64_encode_text(BASE64_URL, l->keys.header, sizeof(l->keys.header), header);

    return json_object_set_new(record, "temp", json_string(path)) == 0 &&
           json_object_set_new(record, "inode", json_integer((json_int_t)st.st_ino)) == 0 &&
           json_object_set_new(record, "header", json_string(header)) == 0 &&
           json_object_set_new(record, "boot", json_string(boot)) == 0;
}

/* Return whether the unfinished file of ${record} was written during this boot. */
static bool
is_from_this_boot(const json_t *record) {
    char boot[BOOT_ID_LEN + 1];
    const char *then = remote_text(record, "boot");
    read_boot_id(boot);
    return then != NULL && boot[0] != '\0' && strcmp(then, boot) == 0;
}

/* Return the path of the unfinished file of ${record} if it is still the same file, and of the
 * envelope with ${header}; else NULL. */
static const char *
find_unfinished_file(const json_t *record, const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    struct stat st;
    struct buf then = BUF_INIT(ENVELOPE_HEADER_LEN);
    const char *temp = remote_text(record, "temp");
    if (temp == NULL || !is_from_this_boot(record) || lstat(temp, &st) != 0) return NULL;
    /* The run that chose the name may have ended before it wrote the inode. */
    int64_t inode = remote_number(record, "inode", -1);
    bool is_new = inode == 0 && st.st_size == 0;
    if ((int64_t)st.st_ino != inode && !is_new) return NULL;

    bool same = decode_field(record, "header", &then) == 0 &&
                buf_equals(&then, header, ENVELOPE_HEADER_LEN);
    buf_free(&then);
    if (same) return temp;
    return NULL;
}

bool
lease_remember(struct cli *cli, const struct lease *l, const char *temp) {
    json_t *record = json_object();
    bool ok = json_object_set_new(record, "lease", json_string(l->token)) == 0;
    if (ok && temp != NULL) ok = add_unfinished_file(record, l, temp);
    if (ok) ok = state_save(&cli->state, STATE_DOWNLOAD, l->state_name, record) == 0;

    if (!ok)
        say_note("Note: cannot write to %s. An interrupted download will use another view.",
                 cli->state.dir);
    json_decref(record);
    return ok;
}

/* Use the lease of another run, or name a new one. */
static void
take_or_name_lease(struct cli *cli, struct lease *l,
                   const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    json_t *record = state_load(&cli->state, STATE_DOWNLOAD, l->state_name);
    const char *token = remote_text(record, "lease");
    if (token != NULL && token_is_canonical(token, strlen(token))) {
        const char *temp = find_unfinished_file(record, header);
        memcpy(l->token, token, TOKEN_LEN + 1);
        if (temp != NULL) l->temp = strdup(temp);
        else if (remote_text(record, "temp") != NULL) output_note_left(remote_text(record, "temp"));
    } else {
        token_mint(cli->random, l->token);
        l->is_new = true;
        (void)lease_remember(cli, l, NULL);
    }
    json_decref(record);
}

/*
 * Name the lease.  Runs that begin at the same moment do so one after the other, so that they use
 * one view.  Where there are no locks, or nothing is kept, each uses a view of its own.
 */
static void
name_lease(struct cli *cli, struct lease *l, const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    char lock[STATE_PATH_MAX], users[STATE_PATH_MAX];
    int naming = -1;
    if (cli->state.dir[0] != '\0' && state_make_dir(&cli->state, STATE_DOWNLOAD) == 0) {
        state_path(&cli->state, STATE_DOWNLOAD, l->state_name, ".lock", lock);
        state_path(&cli->state, STATE_DOWNLOAD, l->state_name, ".users", users);
        naming = lockfile_open(lock);

        /* This waits until a run that ends the lease has forgotten it. */
        l->users = lockfile_share(users);
    }
    take_or_name_lease(cli, l, header);
    if (naming >= 0) (void)close(naming);
}

bool
lease_is_mine_alone(const struct lease *l) {
    return l->users < 0 || lockfile_take(l->users);
}

/* Read what the server says about the secret.  Returns CLI_DONE or CLI_DAMAGED. */
static enum cli_exit
read_info(struct opening *o, struct lease *l, const json_t *json) {
    struct message_info *info = &o->info;
    if (!message_read_info(json, info)) return CLI_DAMAGED;
    if (info->part_size > 0 && info->size / info->part_size >= UINT32_MAX) return CLI_DAMAGED;
    l->size = (uint64_t)info->size;
    l->part_size = info->part_size;
    return CLI_DONE;
}

/* Return whether ${resp}, the first of its kind if ${first}, says that the sender is still
 * uploading, and wait a moment if so, unless that would be after ${until_ms}. */
static bool
wait_for_upload(const struct remote_response *resp, bool first, int64_t until_ms) {
    if (strcmp(resp->code, "uploading") != 0) return false;
    long wait = UPLOAD_WAIT_MS;
    if (resp->retry_after > 0 && resp->retry_after <= UPLOAD_WAIT_MAX)
        wait = (long)resp->retry_after * 1000;
    if (clock_monotonic_ms() + wait > until_ms) return false;

    if (first) say_note("The sender is still uploading it; waiting until it is complete.");
    signals_wait_ms(wait);
    return !signals_stop_asked();
}

static enum cli_exit
ask_info(struct opening *o, struct lease *l) {
    struct remote_response resp = {0};
    int64_t until = clock_monotonic_ms() + o->cli->remote.patience_ms;
    enum cli_exit status = CLI_FAILED;
    for (bool first = true;; first = false) {
        status = remote_call_secret(&o->cli->remote, HTTP_GET, l->id, "", NULL, "header", &resp);
        if (status != CLI_REFUSED || !wait_for_upload(&resp, first, until)) break;
        remote_response_clear(&resp);
        resp = (struct remote_response){0};
    }

    o->refused = remote_refused_for_good(&resp);
    if (status == CLI_DONE) status = read_info(o, l, resp.json);
    if (status != CLI_DONE) remote_complain(&o->cli->remote, status, &resp, "find the secret");
    remote_response_clear(&resp);
    return status;
}

/* Ask the user for the link key that is not in the link. */
static enum cli_exit
ask_link_key(struct opening *o) {
    struct buf key = BUF_INIT(ASKED_RAW_MAX);
    enum cli_exit status = cli_ask(o->cli, o->cli->opt.key, "link key", &key);
    if (status == CLI_DONE && !token_is_link_key((const char *)key.data, key.len)) {
        say_error("that is not a link key");
        say_hint("It is the 32 letters and digits that the sender gave you separately.");
        status = CLI_USAGE;
    }
    if (status == CLI_DONE) memcpy(o->link->key, buf_text(&key), TOKEN_LINK_KEY_LEN + 1);
    buf_free(&key);
    return status;
}

static enum cli_exit
ask_open_passphrase(struct opening *o) {
    const char *method = o->cli->opt.passphrase;
    if (o->unwrapped) return CLI_DONE;
    buf_reset(&o->passphrase);
    if (!o->info.passphrase && method == NULL) return CLI_DONE;
    o->typed = method == NULL || strcmp(method, "tty") == 0;
    return cli_ask_passphrase(o->cli, method, false, &o->passphrase);
}

/* Decrypt the passphrase with the user's key, if it is encrypted to keys. */
static enum cli_exit
unwrap_passphrase(struct opening *o) {
    const struct options *opt = &o->cli->opt;
    if (o->link->answer_size > 0) return CLI_DONE;
    if (opt->identity == NULL && (!o->info.wrap || opt->passphrase != NULL)) return CLI_DONE;
    o->unwrapped = true;
    return wrap_unlock(o->cli, o->link, o->info.header, o->info.wrap, &o->passphrase);
}

/* Refuse a header that asks for too much, or, with a passphrase, for too little. */
static enum cli_exit
check_cost(const struct opening *o, bool with_passphrase) {
    struct envelope_header header;
    if (envelope_header_parse(o->info.header, &header) != 0) {
        say_error("the secret asks for a key derivation that is out of bounds");
        say_hint("Do not trust this server, or the program that the sender used.");
        return CLI_DAMAGED;
    }

    /* A server that lies about the header would get a proof that is cheap to guess. */
    if (with_passphrase && !envelope_header_meets_floor(&header)) {
        say_error("the secret asks for a key derivation that is too cheap for a passphrase");
        say_hint("Do not trust this server, or the program that the sender used.");
        return CLI_DAMAGED;
    }
    return CLI_DONE;
}

/* Derive the keys of the lease from the link key and the passphrase. */
static enum cli_exit
derive_keys(struct opening *o, struct lease *l) {
    struct envelope_header header;
    struct buf secret = BUF_INIT(TOKEN_LINK_KEY_LEN + 1 + ENVELOPE_PASSPHRASE_MAX);
    enum cli_exit status = check_cost(o, o->passphrase.len > 0);
    if (status != CLI_DONE) return status;
    if (envelope_header_parse(o->info.header, &header) != 0) return CLI_DAMAGED;

    /* The arena is of exactly the size that the header asks for. */
    struct kdf_params cost = {.log2_n = header.log2_n, .r = header.r, .p = header.p};
    struct kdf_arena *arena = cli_arena(cost);
    int err = envelope_secret(o->link->key, TOKEN_LINK_KEY_LEN, (const char *)o->passphrase.data,
                              o->passphrase.len, &secret);
    status = CLI_DAMAGED;
    if (arena == NULL || err != 0) status = CLI_FAILED;
    else if (envelope_derive(arena, o->info.header, secret.data, secret.len, &l->keys) ==
             ENVELOPE_OK)
        status = CLI_DONE;
    kdf_arena_free(arena);
    buf_free(&secret);
    return status;
}

/* Read the response to an open.  Returns CLI_DONE or CLI_DAMAGED. */
static enum cli_exit
read_opened(struct lease *l, const json_t *json) {
    const char *content = remote_text(json, "content");
    if (!message_within(json, "views_left", 0, MESSAGE_VIEWS_MAX, &l->views_left))
        return CLI_DAMAGED;
    if ((content == NULL) != (l->part_size > 0)) return CLI_DAMAGED;
    if (content == NULL) return CLI_DONE;

    buf_init(&l->content, l->size);
    int err = base64_decode(BASE64_URL, content, strlen(content), &l->content);
    if (err == 0 && l->content.len == l->size) return CLI_DONE;
    return CLI_DAMAGED;
}

/* Add the gate to ${json} where the server asks for it. */
static bool
add_gate(const struct opening *o, json_t *json) {
    return !o->info.gate || proof_add_gate(json, o->link->key, o->info.header);
}

/* Show the proof of key.  ${*attempts_left} is -1 where the server does not count attempts. */
static enum cli_exit
post_open(struct opening *o, struct lease *l, int64_t *attempts_left,
          struct remote_response *resp) {
    char access[64], path[REMOTE_PATH_MAX];
    json_t *json = json_object();
    base64_encode_text(BASE64_URL, l->keys.access, sizeof(l->keys.access), access);
    remote_secret_path(path, l->id, "/open");

    enum cli_exit status = CLI_FAILED;
    if (json_object_set_new(json, "access", json_string(access)) == 0 &&
        json_object_set_new(json, "lease", json_string(l->token)) == 0 && add_gate(o, json)) {
        struct remote_call call = {
            .method = HTTP_POST,
            .path = path,
            .json = json,
            .expect = {.kind = EXPECT_JSON, .field = "views_left"},
        };
        status = remote_call(&o->cli->remote, &call, resp);
    }

    /* A refusal says how many attempts are left. */
    *attempts_left = message_attempts_left(resp->json);
    if (status == CLI_DONE) status = read_opened(l, resp->json);
    json_decref(json);
    explicit_bzero(access, sizeof(access));
    return status;
}

/* Say that the server refused the proof.  Where it has a gate, it tells a wrong key from a wrong
 * passphrase. */
static void
complain_wrong_proof(const struct opening *o, const char *code, int64_t attempts_left) {
    if (o->passphrase.len == 0 || strcmp(code, "wrong_key") == 0) {
        proof_complain_link();
        return;
    }
    if (o->unwrapped) {
        say_error("what was encrypted to your key is not the passphrase of this secret");
        say_hint("Do not trust this link. Ask the sender for a new one.");
        return;
    }

    /* With a gate the link key is known to be right. */
    const char *what = "wrong passphrase, or a damaged link";
    if (o->info.gate) what = "wrong passphrase";
    if (attempts_left == 0) {
        say_error("wrong passphrase; the secret is locked now");
        say_hint("Ask the sender for a new link.");
    } else if (attempts_left > 0) {
        say_error("%s", what);
        say_hint("%lld more %s before the secret locks.", (long long)attempts_left,
                 attempts_left == 1 ? "attempt" : "attempts");
    } else {
        say_error("%s", what);
        say_hint("Check it, then run the command again.");
    }
}

/* Forget the lease of an earlier run, which has ended with its view, and name a new one. */
static void
replace_ended_lease(struct opening *o, struct lease *l) {
    say_note("Note: the view of an earlier, interrupted run has lapsed.");
    free(l->temp);
    l->temp = NULL;
    token_mint(o->cli->random, l->token);
    (void)lease_remember(o->cli, l, NULL);
}

/* Try to open with what is known.  Sets ${*again} if the user may try another passphrase. */
static enum cli_exit
try_open(struct opening *o, struct lease *l, bool *again) {
    struct remote_response resp = {0};
    int64_t attempts_left = -1;
    *again = false;
    enum cli_exit status = derive_keys(o, l);
    if (status != CLI_DONE) return status;

    /* The lease of an earlier run may have ended; then its view is used up. */
    status = post_open(o, l, &attempts_left, &resp);
    bool ended = status == CLI_REFUSED && strcmp(resp.code, "lease_ended") == 0;
    if (ended && remote_refused_for_good(&resp)) {
        replace_ended_lease(o, l);
        remote_response_clear(&resp);
        status = post_open(o, l, &attempts_left, &resp);
    }

    if (status == CLI_WRONG) {
        complain_wrong_proof(o, resp.code, attempts_left);
        bool link_wrong = strcmp(resp.code, "wrong_key") == 0;
        *again = o->typed && attempts_left != 0 && !link_wrong;
    } else if (status != CLI_DONE) {
        remote_complain(&o->cli->remote, status, &resp, "open the secret");
    }
    o->refused = remote_refused_for_good(&resp);
    remote_response_clear(&resp);
    return status;
}

/* Try to open, as often as the user types another passphrase. */
static enum cli_exit
try_passphrases(struct opening *o, struct lease *l) {
    for (int tries = 1;; tries++) {
        bool again = false;
        enum cli_exit status = ask_open_passphrase(o);
        if (status == CLI_DONE) status = try_open(o, l, &again);
        if (status != CLI_WRONG || !again || tries == TRIES_MAX) return status;
    }
}

/* Refuse what is not the answer that the server listed, before a view of it is taken. */
static enum cli_exit
check_answer(const struct message_info *info, const struct link *link) {
    if (message_is_answer(info, link->answer_size)) return CLI_DONE;
    say_error("an answer is not what the server listed; not opened");
    say_hint("Do not trust whoever answered, or this server. Ask again.");
    return CLI_DAMAGED;
}

enum cli_exit
lease_open(struct cli *cli, struct link *link, struct lease *out) {
    struct opening o = {.cli = cli, .link = link, .passphrase = BUF_INIT(ASKED_RAW_MAX)};
    *out = (struct lease){.id = link->id, .users = -1};
    /* A lease is known only to its server: another one with the same id never gets it. */
    (void)snprintf(out->state_name, sizeof(out->state_name), "%s %s", cli->remote.base, link->id);

    enum cli_exit status = ask_info(&o, out);
    if (status == CLI_DONE && link->answer_size > 0) status = check_answer(&o.info, link);
    bool asks = o.info.passphrase || o.info.wrap || cli->opt.passphrase != NULL;
    if (status == CLI_DONE) status = check_cost(&o, asks);
    if (status == CLI_DONE && link->key[0] == '\0') status = ask_link_key(&o);
    if (status == CLI_DONE) status = unwrap_passphrase(&o);
    if (status == CLI_DONE) {
        /* The lease is named and kept before the server is asked for a view. */
        name_lease(cli, out, o.info.header);
        status = try_passphrases(&o, out);
    }

    /* A lease that surely has no view is of no use to another run. */
    bool viewless = status == CLI_GONE || (status == CLI_WRONG && out->is_new);
    if (viewless && o.refused) state_forget(&cli->state, STATE_DOWNLOAD, out->state_name);
    buf_free(&o.passphrase);
    return status;
}

static void
note_unconfirmed(bool burn) {
    if (burn) say_note("Note: the server did not confirm that the secret was burnt.");
    else
        say_note("Note: the server did not confirm the end of the lease. It erases the secret when "
                 "the lease lapses.");
}

bool
lease_end(struct cli *cli, const struct lease *l, bool burn) {
    struct remote_response resp = {0};
    const char *suffix = burn ? "" : "/lease";
    enum cli_exit status =
        remote_call_secret(&cli->remote, HTTP_DELETE, l->id, suffix, l->token, NULL, &resp);
    bool ended = status == CLI_DONE || status == CLI_GONE;
    if (!ended) note_unconfirmed(burn);
    remote_response_clear(&resp);
    state_forget(&cli->state, STATE_DOWNLOAD, l->state_name);
    return ended;
}
