/* SPDX-License-Identifier: MIT */
#include "cli/transfer/lease.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { BOOT_ID_LEN = 36, PART_SIZE_MAX = 16 * 1024 * 1024, TRIES_MAX = 10, RAW_MAX = 4096 };

#define ENVELOPE_MAX ((int64_t)1 << 53)

/* Everything that opening needs, apart from the result. */
struct opening {
    struct cli *cli;
    struct link *link;
    struct buf passphrase;
    uint8_t header[ENVELOPE_HEADER_LEN];
    bool passphrase_needed;
    bool asked; /* the passphrase was typed, so another try can be */
};

void
lease_clear(struct lease *l) {
    buf_free(&l->content);
    free(l->temp);
    explicit_bzero(l, sizeof(*l));
}

/* The name of this run of the system: a file that was not flushed is whole only within it. */
static void
boot_id(char out[static BOOT_ID_LEN + 1]) {
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, BOOT_ID_LEN);
    out[n < 0 ? 0 : n] = '\0';
    if (fd >= 0) (void)close(fd);
}

static int
decode(const json_t *json, const char *name, struct buf *out) {
    const char *text = remote_text(json, name);
    return text == NULL ? ERR_INVALID : base64_decode(BASE64_URL, text, strlen(text), out);
}

/* Note in ${record} which file is unfinished, and which envelope its bytes are of. */
static bool
note_temp(json_t *record, const struct lease *l, const char *whole) {
    struct stat st;
    char boot[BOOT_ID_LEN + 1], header[64];
    boot_id(boot);
    base64_encode_text(BASE64_URL, l->keys.header, sizeof(l->keys.header), header);
    return lstat(whole, &st) == 0 && json_object_set_new(record, "temp", json_string(whole)) == 0 &&
           json_object_set_new(record, "inode", json_integer((json_int_t)st.st_ino)) == 0 &&
           json_object_set_new(record, "header", json_string(header)) == 0 &&
           json_object_set_new(record, "boot", json_string(boot)) == 0;
}

/* The unfinished file of ${record} if it is the very file, of the envelope with ${header}. */
static const char *
known_temp(const json_t *record, const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    struct stat st;
    char boot[BOOT_ID_LEN + 1];
    struct buf then = BUF_INIT(ENVELOPE_HEADER_LEN);
    const char *temp = remote_text(record, "temp"), *boot_then = remote_text(record, "boot");
    boot_id(boot);
    bool same =
        temp != NULL && boot_then != NULL && boot[0] != '\0' && strcmp(boot_then, boot) == 0 &&
        lstat(temp, &st) == 0 && (json_int_t)st.st_ino == remote_number(record, "inode", -1) &&
        decode(record, "header", &then) == 0 && buf_equals(&then, header, ENVELOPE_HEADER_LEN);
    buf_free(&then);
    return same ? temp : NULL;
}

void
lease_remember(struct cli *cli, const struct lease *l, const char *temp) {
    char *whole = temp == NULL ? NULL : realpath(temp, NULL);
    json_t *record = json_object();
    bool ok = json_object_set_new(record, "lease", json_string(l->token)) == 0;
    if (ok && whole != NULL) ok = note_temp(record, l, whole);
    if (!ok || state_save(&cli->state, STATE_DOWNLOAD, l->id, record) != 0)
        say_note("Note: %s cannot be written; an interrupted download will cost its view.",
                 cli->state.dir);
    json_decref(record);
    free(whole);
}

/* Take up the lease of an earlier run, or name a new one. */
static void
name_lease(struct cli *cli, struct lease *l, const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    json_t *record = state_load(&cli->state, STATE_DOWNLOAD, l->id);
    const char *token = remote_text(record, "lease"), *temp = known_temp(record, header);
    if (token != NULL && strlen(token) == TOKEN_LEN) {
        memcpy(l->token, token, TOKEN_LEN + 1);
        if (temp != NULL) l->temp = strdup(temp);
    } else {
        token_mint(cli->random, l->token);
        l->is_new = true;
        lease_remember(cli, l, NULL);
    }
    json_decref(record);
}

/* Ask what there is. */
static enum cli_exit
ask_info(struct opening *o, struct lease *l) {
    struct buf header = BUF_INIT(ENVELOPE_HEADER_LEN);
    struct remote_response resp = {0};
    char path[CLI_PATH_MAX];
    cli_secret_path(path, l->id, "");
    struct remote_call call = {.method = HTTP_GET, .path = path};
    enum cli_exit status = remote_call(&o->cli->remote, &call, &resp);
    if (status == CLI_DONE) {
        int64_t size = remote_number(resp.json, "size", 0);
        int64_t part_size = remote_number(resp.json, "part_size", 0);
        o->passphrase_needed = json_is_true(json_object_get(resp.json, "passphrase"));
        if (decode(resp.json, "header", &header) != 0 || header.len != sizeof(o->header) ||
            size < ENVELOPE_SIZE_MIN || size > ENVELOPE_MAX || part_size < 0 ||
            part_size > PART_SIZE_MAX || (part_size > 0 && size / part_size >= UINT32_MAX))
            status = CLI_DAMAGED;
        else {
            memcpy(o->header, header.data, sizeof(o->header));
            l->size = (uint64_t)size;
            l->part_size = (uint32_t)part_size;
        }
    }
    if (status != CLI_DONE) remote_complain(&o->cli->remote, status, &resp, "find the secret");
    buf_free(&header);
    remote_response_clear(&resp);
    return status;
}

/* Get the link key that is not in the link. */
static enum cli_exit
ask_key(struct opening *o) {
    struct buf key = BUF_INIT(RAW_MAX);
    enum cli_exit status = cli_ask(o->cli, o->cli->opt.key, "link key", &key);
    if (status == CLI_DONE && !token_is_link_key((const char *)key.data, key.len)) {
        say_error("that is not a link key");
        say_hint("It is 32 letters and digits that the sender gave you apart from the link.");
        status = CLI_USAGE;
    }
    if (status == CLI_DONE) memcpy(o->link->key, buf_text(&key), TOKEN_LINK_KEY_LEN + 1);
    buf_free(&key);
    return status;
}

static enum cli_exit
ask_passphrase(struct opening *o) {
    const char *method = o->cli->opt.passphrase;
    buf_reset(&o->passphrase);
    if (!o->passphrase_needed && method == NULL) return CLI_DONE;
    o->asked = method == NULL || strcmp(method, "tty") == 0;
    return cli_ask_passphrase(o->cli, method, false, &o->passphrase);
}

static enum cli_exit
derive(struct opening *o, struct lease *l) {
    struct envelope_header header;
    struct buf secret = BUF_INIT(TOKEN_LINK_KEY_LEN + 1 + ENVELOPE_PASSPHRASE_MAX);
    enum cli_exit status = CLI_DAMAGED;
    if (envelope_header_parse(o->header, &header) != 0) {
        say_error("the secret asks for a key derivation out of bounds");
        say_hint("The server, or what the sender used, is not to be trusted with this.");
        return status;
    }
    struct kdf_arena *arena =
        cli_arena((struct kdf_params){.log2_n = header.log2_n, .r = header.r, .p = header.p});
    int err = envelope_secret(o->link->key, TOKEN_LINK_KEY_LEN, (const char *)o->passphrase.data,
                              o->passphrase.len, &secret);
    if (arena == NULL || err != 0) status = CLI_FAILED;
    else if (envelope_derive(arena, o->header, secret.data, secret.len, &l->keys) == ENVELOPE_OK)
        status = CLI_DONE;
    kdf_arena_free(arena);
    buf_free(&secret);
    return status;
}

static enum cli_exit
take_opened(struct lease *l, const json_t *json) {
    const char *content = remote_text(json, "content");
    l->views_left = remote_number(json, "views_left", 0);
    l->expires_at = remote_number(json, "lease_expires_at", 0);
    if ((content == NULL) != (l->part_size > 0)) return CLI_DAMAGED;
    if (content == NULL) return CLI_DONE;
    buf_init(&l->content, l->size);
    int err = base64_decode(BASE64_URL, content, strlen(content), &l->content);
    return err == 0 && l->content.len == l->size ? CLI_DONE : CLI_DAMAGED;
}

/* Show the proof.  ${attempts_left} is -1 where nobody counts. */
static enum cli_exit
ask_open(struct opening *o, struct lease *l, int64_t *attempts_left, struct remote_response *resp) {
    char access[64], path[CLI_PATH_MAX];
    json_t *json = json_object();
    base64_encode_text(BASE64_URL, l->keys.access, sizeof(l->keys.access), access);
    cli_secret_path(path, l->id, "/open");
    enum cli_exit status = CLI_FAILED;
    if (json_object_set_new(json, "access", json_string(access)) == 0 &&
        json_object_set_new(json, "lease", json_string(l->token)) == 0) {
        struct remote_call call = {.method = HTTP_POST, .path = path, .json = json};
        status = remote_call(&o->cli->remote, &call, resp);
    }
    *attempts_left = remote_number(resp->json, "attempts_left", -1);
    if (status == CLI_DONE) status = take_opened(l, resp->json);
    json_decref(json);
    explicit_bzero(access, sizeof(access));
    return status;
}

static void
complain_wrong(const struct opening *o, int64_t attempts_left) {
    char left[64] = "";
    if (attempts_left >= 0)
        (void)snprintf(left, sizeof(left), "%lld more %s before it is locked.",
                       (long long)attempts_left, attempts_left == 1 ? "try" : "tries");
    if (attempts_left == 0) {
        say_error("wrong passphrase; the secret is locked now");
        say_hint("Ask the sender for a new link.");
    } else if (o->passphrase.len > 0) {
        say_error("wrong passphrase, or a damaged link");
        say_hint("%s", left);
    } else {
        say_error("the key in the link does not fit; a part of it was changed on its way");
        say_hint("Copy the whole link again, or ask the sender for it.");
    }
}

/* One try: derive from what is known, and show the proof.  Sets ${*again} if another
 * makes sense. */
static enum cli_exit
try_open(struct opening *o, struct lease *l, bool *again) {
    struct remote_response resp = {0};
    int64_t attempts_left = -1;
    *again = false;
    enum cli_exit status = derive(o, l);
    if (status != CLI_DONE) return status;
    status = ask_open(o, l, &attempts_left, &resp);
    if (status == CLI_REFUSED && strcmp(resp.code, "lease_ended") == 0) {
        /* An earlier run's lease, too old: its view is gone, another may be left. */
        say_note("Note: the view of an earlier, interrupted run has lapsed.");
        free(l->temp);
        l->temp = NULL;
        token_mint(o->cli->random, l->token);
        lease_remember(o->cli, l, NULL);
        remote_response_clear(&resp);
        status = ask_open(o, l, &attempts_left, &resp);
    }
    if (status == CLI_WRONG) {
        complain_wrong(o, attempts_left);
        *again = o->asked && attempts_left != 0;
    } else if (status != CLI_DONE)
        remote_complain(&o->cli->remote, status, &resp, "open the secret");
    remote_response_clear(&resp);
    return status;
}

enum cli_exit
lease_open(struct cli *cli, struct link *link, struct lease *out) {
    struct opening o = {.cli = cli, .link = link, .passphrase = BUF_INIT(RAW_MAX)};
    *out = (struct lease){.id = link->id};
    bool again = false;
    enum cli_exit status = ask_info(&o, out);
    if (status == CLI_DONE && link->key[0] == '\0') status = ask_key(&o);
    if (status == CLI_DONE) name_lease(cli, out, o.header);
    int tries = 0;
    do {
        if (status == CLI_DONE || tries > 0) status = ask_passphrase(&o);
        if (status == CLI_DONE) status = try_open(&o, out, &again);
    } while (status == CLI_WRONG && again && ++tries < TRIES_MAX);
    /* What surely took no view has nothing to go on with. */
    if (status == CLI_GONE || (status == CLI_WRONG && out->is_new))
        state_forget(&cli->state, STATE_DOWNLOAD, link->id);
    buf_free(&o.passphrase);
    return status;
}

void
lease_end(struct cli *cli, const struct lease *l, bool burn) {
    struct remote_response resp = {0};
    char path[CLI_PATH_MAX];
    cli_secret_path(path, l->id, burn ? "" : "/lease");
    struct remote_call call = {.method = HTTP_DELETE, .path = path, .token = l->token};
    enum cli_exit status = remote_call(&cli->remote, &call, &resp);
    if (status != CLI_DONE && status != CLI_GONE)
        say_note(burn ? "Note: the server did not confirm that the secret was burnt."
                      : "Note: the server did not hear that all arrived; it erases the secret "
                        "when the lease lapses.");
    remote_response_clear(&resp);
    state_forget(&cli->state, STATE_DOWNLOAD, l->id);
}
