/* SPDX-License-Identifier: MIT */
#include "cli/wrap/wrap.h"

#include "base/err.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/wrap/child.h"
#include "cli/wrap/key_file.h"

enum { AGE_BODY_EXTRA = 16 + 16 }; /* nonce and tag in the body of an age file of one chunk */

static const char secret_prefix[] = "AGE-SECRET-KEY-";

/* --- the program age -------------------------------------------------------------------------- */

/* Print that age, which was to ${what}, ended with ${result}.  Returns the exit code. */
static enum cli_exit
complain_age(int result, const char *what, enum cli_exit refused) {
    if (signals_stop_asked()) return CLI_INTERRUPTED;
    if (result == ERR_CONFIG) {
        say_error("keys of this kind need the program age, which is not installed");
        say_hint("Install it, such as with apt install age, or use a key that age-keygen made.");
        return CLI_USAGE;
    }

    /* What went wrong, age has said itself. */
    say_error("the program age could not %s", what);
    say_hint("Its own message is above.");
    return refused;
}

/* Return whether ${file} is an age file for at least ${recipients} keys whose content has
 * ${plain_len} bytes. */
static bool
is_wrap_from_age(const struct buf *file, size_t recipients, size_t plain_len) {
    static const char stanza[] = "\n-> ", passphrase[] = "\n-> scrypt ", mac[] = "\n--- ";
    static const uint8_t nobody[AGE_KEY_LEN] = {1};
    struct age_header header;
    if (age_header_open(nobody, file->data, file->len, &header) != 0) return false;

    /* No other line of a header that is well formed begins with a hyphen. */
    const uint8_t *at = file->data, *end = memmem(at, file->len, mac, strlen(mac));
    if (end == NULL) return false;
    size_t len = (size_t)(end - at), stanzas = 0;
    if (memmem(at, len, passphrase, strlen(passphrase)) != NULL) return false;
    while ((at = memmem(at, (size_t)(end - at), stanza, strlen(stanza))) != NULL) {
        at += strlen(stanza);
        stanzas++;
    }

    const uint8_t *body = memchr(end + 1, '\n', file->len - len - 1);
    size_t before = body == NULL ? file->len : (size_t)(body + 1 - file->data);
    return stanzas >= recipients && file->len - before == AGE_BODY_EXTRA + plain_len;
}

static enum cli_exit
seal_with_age(const struct recipients *r, const struct buf *passphrase, struct buf *out) {
    const char *argv[2 + 2 * AGE_RECIPIENTS_MAX + 1] = {"age", "-e"};
    size_t n = 2;
    for (size_t i = 0; i < r->count; i++) {
        argv[n++] = "-r";
        argv[n++] = r->texts[i];
    }

    int result = child_run(argv, passphrase, out);
    if (result != 0) return complain_age(result, "encrypt to these recipients", CLI_USAGE);

    /* Another program of that name may have written anything, also the passphrase. */
    if (is_wrap_from_age(out, r->count, passphrase->len)) return CLI_DONE;
    buf_reset(out);
    say_error("the program age wrote no age file for these recipients");
    say_hint("Nothing was shared. Check which program of the name age is first in PATH.");
    return CLI_USAGE;
}

static enum cli_exit
open_with_age(const char *path, const struct buf *wrap, struct buf *out) {
    const char *const argv[] = {"age", "-d", "-i", path, NULL};
    int result = child_run(argv, wrap, out);
    if (result == 0 || result == ERR_TOO_LARGE) return CLI_DONE;
    return complain_age(result, "decrypt the passphrase of this secret", CLI_WRONG);
}

/* --- X25519 ----------------------------------------------------------------------------------- */

enum cli_exit
wrap_seal(struct cli *cli, const struct recipients *r, const struct buf *passphrase,
          struct buf *out) {
    if (r->key_count < r->count) return seal_with_age(r, passphrase, out);

    int err = age_seal(cli->random, r->keys, r->key_count, passphrase->data, passphrase->len, out);
    if (err == 0) return CLI_DONE;
    if (err == ERR_INVALID) {
        say_error("one of the recipients is no usable key");
        say_hint("Ask them for a key that age-keygen made.");
        return CLI_USAGE;
    }
    say_error("could not encrypt to the recipients: %s", err_text(err));
    say_hint("Run the same command again.");
    return CLI_FAILED;
}

/* Return whether all lines of ${file} are X25519 identities. */
static bool
is_all_x25519(struct key_file *file) {
    const char *text;
    size_t len = 0, prefix = strlen(secret_prefix);
    int line = 0, count = 0;
    bool all = true;
    while (all && (text = key_file_next(file, &len, &line)) != NULL) {
        all = len >= prefix && memcmp(text, secret_prefix, prefix) == 0;
        count++;
    }
    key_file_rewind(file);
    return all && count > 0;
}

/* Try each identity of ${file}.  Returns as age_open(). */
static int
try_identities(struct key_file *file, const struct buf *wrap, struct buf *out, int *line) {
    uint8_t identity[AGE_KEY_LEN];
    const char *text;
    size_t len = 0;
    int result = 0;

    while (result == 0 && (text = key_file_next(file, &len, line)) != NULL) {
        if (age_identity_read(text, len, identity) != 0) result = ERR_CONFIG;
        else result = age_open(identity, wrap->data, wrap->len, out);
    }
    explicit_bzero(identity, sizeof(identity));
    return result;
}

static enum cli_exit
complain_damaged_wrap(void) {
    say_error("what was encrypted to your key is damaged, or not a passphrase of this service");
    say_hint("Nothing was sent or opened. Ask the sender for a new link.");
    return CLI_DAMAGED;
}

static enum cli_exit
open_with_identities(const char *path, struct key_file *file, const struct buf *wrap,
                     struct buf *out) {
    int line = 0;
    int result = try_identities(file, wrap, out, &line);
    switch (result) {
    case 1: return CLI_DONE;
    case 0:
        say_error("the secret is encrypted to other keys than those in %s", path);
        say_hint("Use the file with the key that you gave to the sender.");
        return CLI_WRONG;
    case ERR_CONFIG:
        say_error("line %d of %s is not an identity", line, path);
        say_hint("Copy the line AGE-SECRET-KEY-1... again, or make a new key with age-keygen.");
        return CLI_USAGE;
    case ERR_NOMEM: say_no_memory(); return CLI_FAILED;
    default: return complain_damaged_wrap();
    }
}

/* What a wrap holds is 32 letters and digits and nothing else, but for one newline at the end. */
static enum cli_exit
check_unwrapped(struct buf *out) {
    if (out->len == WRAP_PASSPHRASE_LEN + 1 && out->data[out->len - 1] == '\n') out->len--;
    if (token_is_link_key((const char *)out->data, out->len)) return CLI_DONE;
    buf_reset(out);
    return complain_damaged_wrap();
}

enum cli_exit
wrap_decrypt(const char *path, const struct buf *wrap, struct buf *out) {
    struct key_file file;
    if (strncasecmp(path, secret_prefix, strlen(secret_prefix)) == 0) {
        say_error("--identity takes the path of a file, not the key itself");
        say_hint(
            "Everybody on this machine can see the arguments of a program. Write it to a file.");
        return CLI_USAGE;
    }

    enum cli_exit status = key_file_read(path, &file);
    if (status == CLI_DONE && is_all_x25519(&file))
        status = open_with_identities(path, &file, wrap, out);
    else if (status == CLI_DONE) status = open_with_age(path, wrap, out);
    key_file_clear(&file);

    if (status != CLI_DONE) buf_reset(out);
    return status;
}

enum cli_exit
wrap_open(const char *path, const struct buf *wrap, struct buf *out) {
    enum cli_exit status = wrap_decrypt(path, wrap, out);
    return status == CLI_DONE ? check_unwrapped(out) : status;
}
