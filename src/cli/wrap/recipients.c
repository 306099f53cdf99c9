/* SPDX-License-Identifier: MIT */
#include "cli/wrap/recipients.h"

#include "base/err.h"
#include "base/heap.h"
#include "cli/terminal/say.h"
#include "cli/wrap/key_file.h"

static const char *const ssh_kinds[] = {"ssh-ed25519 ", "ssh-rsa "};

/* Return whether ${text} names a key that only the program age understands: an SSH key, or that of
 * a plugin, which is Bech32 with a longer prefix than age1.  Of several lines age would read only
 * the first. */
static bool
is_for_age(const char *text) {
    if (strpbrk(text, "\r\n") != NULL) return false;
    for (size_t i = 0; i < ARRAY_LEN(ssh_kinds); i++)
        if (strncmp(text, ssh_kinds[i], strlen(ssh_kinds[i])) == 0) return true;
    return strncmp(text, "age1", 4) == 0 && strrchr(text, '1') > text + 3;
}

/* Add the recipient ${text}, which is taken if it is one.  Returns 0; ERR_INVALID; or ERR_FULL if
 * there are too many. */
static int
take_recipient(struct recipients *r, char *text) {
    uint8_t key[AGE_KEY_LEN];
    bool plain = age_recipient_read(text, strlen(text), key) == 0;
    if (!plain && !is_for_age(text)) return ERR_INVALID;
    if (r->count == AGE_RECIPIENTS_MAX) return ERR_FULL;

    r->texts[r->count++] = text;
    if (plain) memcpy(r->keys[r->key_count++], key, sizeof(key));
    return 0;
}

/* Add the recipient at ${text}, of ${len} bytes.  Returns as take_recipient(), or ERR_NOMEM. */
static int
add_recipient(struct recipients *r, const char *text, size_t len) {
    char *copy = strndup(text, len);
    if (copy == NULL) return ERR_NOMEM;

    int err = take_recipient(r, copy);
    if (err != 0) heap_wiping_free(copy); /* a secret key if it is the wrong file or argument */
    return err;
}

/* Print why a recipient was not added.  ${path} is the file it is in, or NULL.  A message repeats
 * no argument: it may be a secret key. */
static enum cli_exit
complain_recipient(int err, const char *path, int line) {
    if (err == ERR_NOMEM) {
        say_no_memory();
        return CLI_FAILED;
    }

    if (err == ERR_FULL) {
        say_error("there are more than %d recipients", AGE_RECIPIENTS_MAX);
        say_hint("Share the secret a second time with the others.");
        return CLI_USAGE;
    }
    if (path == NULL) say_error("--to does not accept that");
    else say_error("line %d of %s is not a recipient", line, path);
    say_hint("A recipient is age1..., ssh-ed25519 ..., or @FILE with one a line.");
    return CLI_USAGE;
}

static enum cli_exit
read_recipients_file(struct recipients *r, const char *path) {
    struct key_file file;
    enum cli_exit status = key_file_read(path, &file);
    int err = 0, line = 0;

    while (status == CLI_DONE && err == 0) {
        size_t len = 0;
        const char *text = key_file_next(&file, &len, &line);
        if (text == NULL) break;
        err = add_recipient(r, text, len);
    }
    if (err != 0) status = complain_recipient(err, path, line);
    key_file_clear(&file);
    return status;
}

enum cli_exit
recipients_read(const struct option_list *to, struct recipients *out) {
    enum cli_exit status = CLI_DONE;
    *out = (struct recipients){0};

    for (size_t i = 0; status == CLI_DONE && i < to->count; i++) {
        const char *text = to->items[i];
        if (text[0] == '@') {
            status = read_recipients_file(out, text + 1);
            continue;
        }
        int err = add_recipient(out, text, strlen(text));
        if (err != 0) status = complain_recipient(err, NULL, 0);
    }

    /* A file may hold none. */
    if (status == CLI_DONE && out->count == 0) {
        say_error("there is no recipient in the file");
        say_hint("Write one a line into it: age1... or ssh-ed25519 ...");
        status = CLI_USAGE;
    }
    return status;
}

void
recipients_clear(struct recipients *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->texts[i]);
    *r = (struct recipients){0};
}
