/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <getopt.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text/help.h"
#include "base/text/parse.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"

enum option_kind { FLAG, TEXT, LIST, METHOD, NUMBER, SIZE, DURATION };

enum {
    LONG_ONLY = 256, /* getopt values of long options begin here, after all letters */
    HELP_COLUMN = 30,
};

#define AT(member)  offsetof(struct options, member)
#define FOR_SERVER  (FOR_ALL & ~FOR_PASSWORDS)
#define TTL_LONGEST (400LL * 86400)
#define SIZE_MOST   ((int64_t)1 << 53)

/* One option.  The help lists them in this order. */
static const struct option_row {
    int letter; /* 0: none */
    int commands;
    const char *name;
    size_t at; /* offset in struct options */
    int64_t min, max;
    enum option_kind kind;
    const char *value; /* name of its argument */
    const char *help;
} rows[] = {
    {0, FOR_REQUEST, "note", AT(note), 0, 0, TEXT, "TEXT",
     "what you ask for, in a few words; - reads it from standard input"},
    {0, FOR_REQUEST, "answers", AT(answers), 1, 100, NUMBER, "N",
     "how many answers are taken (default: 1)"},
    {0, FOR_REQUEST, "answer-size", AT(answer_size), 1, SIZE_MOST, SIZE, "SIZE",
     "how large each answer may be, such as 20MiB (default: 1MiB)"},
    {'f', FOR_PUT, "file", AT(file), 0, 0, TEXT, "PATH",
     "share this file under its name (default: standard input)"},
    {'n', FOR_PUT, "name", AT(name), 0, 0, TEXT, "NAME", "name of the file for the recipient"},
    {'v', FOR_PUT, "views", AT(views), 1, 100, NUMBER, "N",
     "how many times it can be opened (default: 1)"},
    {'t', FOR_PUT | FOR_REQUEST, "ttl", AT(ttl), 60, TTL_LONGEST, DURATION, "TIME",
     "how long it is kept: 90s, 15m, 1h, 5d, 2w (default: the server's)"},
    {'p', FOR_PUT | FOR_GET, "passphrase", AT(passphrase), 0, 0, METHOD, "METHOD",
     "add a passphrase, or open with it; see below"},
    {0, FOR_PUT | FOR_REQUEST, "to", AT(to), 0, 0, LIST, "RECIPIENT",
     "encrypt to this key (age1..., ssh-ed25519 ...) or to those in @FILE, so that the link alone "
     "opens nothing; may be repeated"},
    {'i', FOR_GET | FOR_COLLECT, "identity", AT(identity), 0, 0, TEXT, "PATH",
     "open with the secret key in this file, which the sender encrypted to"},
    {'k', FOR_PUT, "key-apart", AT(key_apart), 0, 0, FLAG, NULL,
     "print the link key on a line of its own, to be sent separately"},
    {'K', FOR_GET, "key", AT(key), 0, 0, METHOD, "METHOD",
     "read the link key that is not in the link; see below"},
    {'o', FOR_GET | FOR_COLLECT, "output", AT(output), 0, 0, TEXT, "PATH",
     "write to this file, into this directory (made if PATH ends in /), or to standard output (-)"},
    {'F', FOR_GET, "force", AT(force), 0, 0, FLAG, NULL, "overwrite an existing file"},
    {'b', FOR_GET, "burn", AT(burn), 0, 0, FLAG, NULL,
     "destroy the secret once it was received, with any views left"},
    {'T', FOR_BURN | FOR_RECEIPT, "token", AT(token), 0, 0, METHOD, "METHOD",
     "read the owner token that is not kept here; see below"},
    {'w', FOR_RECEIPT | FOR_COLLECT, "wait", AT(wait), 0, 0, FLAG, NULL,
     "wait until it was opened or is gone, or until it was answered"},
    {'r', FOR_PUT, "resume", AT(resume), 0, 0, FLAG, NULL, "finish an interrupted upload"},
    {'c', FOR_PUT, "classic", AT(classic), 0, 0, FLAG, NULL,
     "use the classic service: the server encrypts and generates the passphrase"},
    {0, FOR_PUT | FOR_ANSWER, "allow-empty", AT(allow_empty), 0, 0, FLAG, NULL,
     "share a standard input with nothing in it"},
    {0, FOR_ANSWER, "yes", AT(yes), 0, 0, FLAG, NULL, "send without asking"},
    {'Q', FOR_PUT | FOR_REQUEST, "qr", AT(qr), 0, 0, FLAG, NULL, "also show the link as a QR code"},
    {0, FOR_PUT | FOR_REQUEST, "page", AT(page), 0, 0, TEXT, "URL",
     "the page that the link leads to (default: the server's)"},
    {0, FOR_PUT | FOR_REQUEST, "api-token", AT(api_token), 0, 0, METHOD, "METHOD",
     "read the API token that the server requires; see below"},
    {'l', FOR_PASSWORDS, "length", AT(length), 8, 256, NUMBER, "N",
     "characters of each password (default: 24)"},
    {'C', FOR_PASSWORDS, "count", AT(count), 1, 1000, NUMBER, "N", "how many (default: 1)"},
    {'s', FOR_SERVER, "server", AT(server), 0, 0, TEXT, "URL", "the server to use"},
    {0, FOR_SERVER, "patience", AT(patience), 0, 86400, DURATION, "TIME",
     "how long to retry without a response (default: 2m)"},
    {0, FOR_SERVER, "no-state", AT(no_state), 0, 0, FLAG, NULL,
     "neither keep nor use tokens on this machine"},
    {'j', FOR_ALL, "json", AT(json), 0, 0, FLAG, NULL, "print JSON, for scripts"},
    {'q', FOR_ALL, "quiet", AT(quiet), 0, 0, FLAG, NULL, "print no notes and no progress"},
    {'h', FOR_ALL, "help", AT(help), 0, 0, FLAG, NULL, "print this list"},
};

int
options_duration(const char *text, size_t len, int64_t *out) {
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    if (len < 2) return ERR_INVALID;

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int64_t n = 0;
        if (text[len - 1] != units[i].letter) continue;
        if (parse_number(text, len - 1, 0, 1000000, &n) != 0) return ERR_INVALID;
        *out = n * units[i].seconds;
        return 0;
    }
    return ERR_INVALID;
}

/* Add ${value} to ${list}.  Returns 0 or ERR_INVALID. */
static int
add_to_list(struct option_list *list, const char *value) {
    if (value[0] == '\0' || list->count == OPTIONS_LIST_MAX) return ERR_INVALID;
    list->items[list->count++] = value;
    return 0;
}

/* Store the argument ${value} of ${row} in ${out}.  Returns 0 or ERR_INVALID. */
static int
store_option(const struct option_row *row, const char *value, struct options *out) {
    void *at = (char *)out + row->at;
    int64_t n = 0;

    switch (row->kind) {
    case FLAG: *(bool *)at = true; return 0;
    case METHOD:
        if (!passphrase_method_ok(value)) return ERR_INVALID;
        __attribute__((fallthrough));
    case TEXT: *(const char **)at = value; return value[0] == '\0' ? ERR_INVALID : 0;
    case LIST: return add_to_list(at, value);
    case NUMBER: return parse_number(value, strlen(value), row->min, row->max, at);
    case SIZE: return parse_size(value, row->min, row->max, at); /* in bytes */
    case DURATION:
        if (options_duration(value, strlen(value), &n) != 0 || n < row->min || n > row->max)
            return ERR_INVALID;
        *(int64_t *)at = n;
        return 0;
    }
    return ERR_INVALID;
}

/* Say that ${row} does not accept ${value}. */
static void
complain_value(const struct option_row *row, const char *value) {
    long long min = (long long)row->min, max = (long long)row->max;

    /* The user may have typed the passphrase itself where a method belongs. */
    if (row->kind == METHOD || passphrase_is_key(value))
        say_error("--%s does not accept that", row->name);
    else say_error("--%s does not accept \"%s\"", row->name, value);

    if (row->kind == METHOD) say_hint("Name a method: %s.", PASSPHRASE_METHODS);
    else if (row->kind == NUMBER) say_hint("Give a whole number from %lld to %lld.", min, max);
    else if (row->kind == SIZE) say_hint("Give a number of bytes, or one with KiB, MiB or GiB.");
    else if (row->kind == DURATION)
        say_hint("Give a number with a unit, such as 90s, 15m, 1h, 5d or 2w, from %llds to %lldd.",
                 min, max / 86400);
    else say_hint("Give a %s.", row->value);
}

/* Fill getopt's two tables for ${command}. */
static void
make_getopt_tables(int command, struct option *longs, char *letters) {
    size_t n = 0;
    *letters++ = ':'; /* makes getopt report a missing argument as ':' */

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((rows[i].commands & command) == 0) continue;
        bool argument = rows[i].kind != FLAG;
        longs[n++] = (struct option){.name = rows[i].name,
                                     .has_arg = argument ? required_argument : no_argument,
                                     .val = LONG_ONLY + (int)i};
        if (rows[i].letter == 0) continue;
        *letters++ = (char)rows[i].letter;
        if (argument) *letters++ = ':';
    }

    longs[n] = (struct option){0};
    *letters = '\0';
}

/* Return the option for getopt's ${value}, or NULL. */
static const struct option_row *
row_of_value(int value) {
    if (value >= LONG_ONLY) return &rows[value - LONG_ONLY];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].letter == value) return &rows[i];
    return NULL;
}

/* Say why getopt refused the argument ${word}, or the letter ${letter} in it: the option is
 * unknown, or its value is missing (${missing}), or it accepts none. */
static void
complain_option(const char *command, bool missing, const char *word, int letter) {
    char name[64];
    /* The text after a '=' may be a secret. */
    int len = (int)strcspn(word, "=");
    if (letter > 0 && letter < LONG_ONLY) (void)snprintf(name, sizeof(name), "-%c", letter);
    else (void)snprintf(name, sizeof(name), "%.*s", len, word);

    if (missing) say_error("%s requires a value", name);
    else if (letter >= LONG_ONLY) say_error("%s accepts no value", name);
    else say_error("%s is not an option of secrets %s", name, command);
    say_hint("See secrets %s --help.", command);
}

static void
complain_operands(int command, const char *name) {
    if (command == FOR_PUT) {
        say_error("only one file at a time");
        say_hint("Pack several: tar -c FILES | secrets put --name FILES.tar");
    } else {
        say_error("only one link at a time");
        say_hint("See secrets %s --help.", name);
    }
}

int
options_parse(int command, int argc, char **argv, struct options *out) {
    struct option longs[ARRAY_LEN(rows) + 1];
    char letters[2 * ARRAY_LEN(rows) + 2];
    *out = (struct options){.patience = -1};
    make_getopt_tables(command, longs, letters);

    opterr = 0;
    optind = 0; /* glibc: reset the parser */
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (c == '?' || c == ':') {
            complain_option(argv[0], c == ':', argv[optind - 1], optopt);
            return ERR_INVALID;
        }
        const struct option_row *row = row_of_value(c);
        if (row == NULL) return ERR_INVALID;
        if (store_option(row, optarg, out) != 0) {
            complain_value(row, optarg);
            return ERR_INVALID;
        }
    }

    int most = command == FOR_ANSWER ? 2 : 1;
    if (argc - optind > most) {
        complain_operands(command, argv[0]);
        return ERR_INVALID;
    }
    if (optind < argc) out->operand = argv[optind];
    if (optind + 1 < argc) out->second = argv[optind + 1];
    return 0;
}

void
options_help(int command) {
    bool methods = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct option_row *row = &rows[i];
        char option[48], letter[5] = "    ";
        if ((row->commands & command) == 0) continue;

        if (row->letter != 0) (void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
        if (row->value == NULL) (void)snprintf(option, sizeof(option), "%s--%s", letter, row->name);
        else (void)snprintf(option, sizeof(option), "%s--%s %s", letter, row->name, row->value);
        help_print_option(option, row->help, HELP_COLUMN);
        methods = methods || row->kind == METHOD;
    }
    if (methods) (void)printf("\nA METHOD is one of " PASSPHRASE_METHODS ".\n");
}
