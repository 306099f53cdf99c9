/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <getopt.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"

enum kind { FLAG, TEXT, METHOD, NUMBER, DURATION };

enum { LONG_ONLY = 256 }; /* option values without a letter begin here */

/* One option.  The order is that of the help. */
static const struct option_row {
    int letter; /* 0: none */
    int commands;
    const char *name;
    size_t at; /* offset in struct options */
    int64_t min, max;
    enum kind kind;
    const char *value; /* name of its argument */
    const char *help;
} rows[] = {
    {'f', FOR_PUT, "file", offsetof(struct options, file), 0, 0, TEXT, "PATH",
     "share this file under its name (default: standard input)"},
    {'n', FOR_PUT, "name", offsetof(struct options, name), 0, 0, TEXT, "NAME",
     "the file's name for the receiver"},
    {'v', FOR_PUT, "views", offsetof(struct options, views), 1, 100, NUMBER, "N",
     "how often it can be opened (default: 1)"},
    {'t', FOR_PUT, "ttl", offsetof(struct options, ttl), 60, 400LL * 86400, DURATION, "TIME",
     "how long it is kept: 90s, 15m, 1h, 5d, 2w (default: the server's)"},
    {'p', FOR_PUT | FOR_GET, "passphrase", offsetof(struct options, passphrase), 0, 0, METHOD,
     "METHOD", "add a passphrase, or open with it; see below"},
    {'k', FOR_PUT, "key-apart", offsetof(struct options, key_apart), 0, 0, FLAG, NULL,
     "print the link key on a line of its own, to send another way"},
    {'K', FOR_GET, "key", offsetof(struct options, key), 0, 0, METHOD, "METHOD",
     "where a link key comes from that is not in the link"},
    {'o', FOR_GET, "output", offsetof(struct options, output), 0, 0, TEXT, "PATH",
     "write to this file, into this folder, or - for standard output"},
    {'F', FOR_GET, "force", offsetof(struct options, force), 0, 0, FLAG, NULL,
     "overwrite a file that exists"},
    {'b', FOR_GET, "burn", offsetof(struct options, burn), 0, 0, FLAG, NULL,
     "have the secret destroyed once it arrived, with any views left"},
    {'T', FOR_BURN | FOR_RECEIPT, "token", offsetof(struct options, token), 0, 0, METHOD, "METHOD",
     "where the owner token comes from, if it is not kept here"},
    {'w', FOR_RECEIPT, "wait", offsetof(struct options, wait), 0, 0, FLAG, NULL,
     "wait until it was opened or is gone"},
    {'r', FOR_PUT, "resume", offsetof(struct options, resume), 0, 0, FLAG, NULL,
     "finish an upload that was interrupted"},
    {'c', FOR_PUT, "classic", offsetof(struct options, classic), 0, 0, FLAG, NULL,
     "the classic service: the server encrypts and makes the passphrase"},
    {'Q', FOR_PUT, "qr", offsetof(struct options, qr), 0, 0, FLAG, NULL,
     "show the link as a QR code too"},
    {'l', FOR_PASSWORDS, "length", offsetof(struct options, length), 8, 256, NUMBER, "N",
     "characters of a password (default: 24)"},
    {'C', FOR_PASSWORDS, "count", offsetof(struct options, count), 1, 1000, NUMBER, "N",
     "how many (default: 1)"},
    {'s', FOR_ALL & ~FOR_PASSWORDS, "server", offsetof(struct options, server), 0, 0, TEXT, "URL",
     "the server to speak to"},
    {0, FOR_ALL & ~FOR_PASSWORDS, "patience", offsetof(struct options, patience), 0, 86400,
     DURATION, "TIME", "how long to try again without an answer (default: 2m)"},
    {0, FOR_ALL & ~FOR_PASSWORDS, "no-state", offsetof(struct options, no_state), 0, 0, FLAG, NULL,
     "keep no token on this machine, and use none"},
    {'j', FOR_ALL, "json", offsetof(struct options, json), 0, 0, FLAG, NULL,
     "print JSON, for scripts"},
    {'q', FOR_ALL, "quiet", offsetof(struct options, quiet), 0, 0, FLAG, NULL,
     "no notes, no progress"},
    {'h', FOR_ALL, "help", offsetof(struct options, help), 0, 0, FLAG, NULL, "this list"},
};

int
options_duration(const char *text, size_t len, int64_t *out) {
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        int64_t n = 0;
        if (len < 2 || text[len - 1] != units[i].letter) continue;
        if (parse_number(text, len - 1, 0, 1000000, &n) != 0) return ERR_INVALID;
        *out = n * units[i].seconds;
        return 0;
    }
    return ERR_INVALID;
}

/* Store the argument ${value} of ${row}.  Returns 0 or ERR_INVALID. */
static int
store(const struct option_row *row, const char *value, struct options *out) {
    void *at = (char *)out + row->at;
    int64_t n = 0;
    switch (row->kind) {
    case FLAG: *(bool *)at = true; return 0;
    case METHOD:
        if (!passphrase_method_ok(value)) return ERR_INVALID;
        __attribute__((fallthrough));
    case TEXT: *(const char **)at = value; return value[0] == '\0' ? ERR_INVALID : 0;
    case NUMBER: return parse_number(value, strlen(value), row->min, row->max, at);
    case DURATION:
        if (options_duration(value, strlen(value), &n) != 0 || n < row->min || n > row->max)
            return ERR_INVALID;
        *(int64_t *)at = n;
        return 0;
    }
    return ERR_INVALID;
}

static void
complain_value(const struct option_row *row, const char *value) {
    char next[160] = "";
    if (row->kind == METHOD)
        (void)snprintf(next, sizeof(next), "Name a method: %s.", PASSPHRASE_METHODS);
    else if (row->kind == NUMBER)
        (void)snprintf(next, sizeof(next), "A whole number from %lld to %lld.", (long long)row->min,
                       (long long)row->max);
    else if (row->kind == DURATION)
        (void)snprintf(next, sizeof(next),
                       "A number with a unit, 90s, 15m, 1h, 5d or 2w, from %llds to %lldd.",
                       (long long)row->min, (long long)(row->max / 86400));
    else (void)snprintf(next, sizeof(next), "It takes a %s.", row->value);
    /* What stands where a method belongs may well be the passphrase itself. */
    if (row->kind == METHOD) {
        say_error("--%s does not take that", row->name);
        say_hint("%s", next);
    } else {
        say_error("--%s does not take \"%s\"", row->name, value);
        say_hint("%s", next);
    }
}

/* Fill getopt's two tables for ${command}. */
static void
make_tables(int command, struct option *longs, char *letters) {
    size_t n = 0;
    *letters++ = ':'; /* so that a missing argument is told apart */
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

static const struct option_row *
row_of(int value) {
    if (value >= LONG_ONLY) return &rows[value - LONG_ONLY];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].letter == value) return &rows[i];
    return NULL;
}

/* getopt found no option, or (${missing}) no value for one, at ${word} or the letter ${letter}. */
static void
complain_option(const char *command, bool missing, const char *word, int letter) {
    char name[64], next[64];
    (void)snprintf(next, sizeof(next), "See secrets %s --help.", command);
    /* What stands behind a '=' may be a secret. */
    int len = (int)strcspn(word, "=");
    if (letter > 0 && letter < LONG_ONLY) (void)snprintf(name, sizeof(name), "-%c", letter);
    else (void)snprintf(name, sizeof(name), "%.*s", len, word);
    if (missing) {
        say_error("%s needs a value", name);
        say_hint("%s", next);
    } else if (letter >= LONG_ONLY) {
        say_error("%s takes no value", name);
        say_hint("%s", next);
    } else {
        say_error("%s is not an option of secrets %s", name, command);
        say_hint("%s", next);
    }
}

int
options_parse(int command, int argc, char **argv, struct options *out) {
    struct option longs[ARRAY_LEN(rows) + 1];
    char letters[2 * ARRAY_LEN(rows) + 2], next[64];
    *out = (struct options){.patience = -1};
    (void)snprintf(next, sizeof(next), "See secrets %s --help.", argv[0]);
    make_tables(command, longs, letters);
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (c == '?' || c == ':') {
            complain_option(argv[0], c == ':', argv[optind - 1], optopt);
            return ERR_INVALID;
        }
        const struct option_row *row = row_of(c);
        if (row == NULL || store(row, optarg, out) != 0) {
            if (row != NULL) complain_value(row, optarg);
            return ERR_INVALID;
        }
    }
    if (argc - optind > 1) {
        if (command == FOR_PUT) {
            say_error("only one file at a time");
            say_hint("Pack several: tar -c FILES | secrets put --name FILES.tar");
        } else {
            say_error("only one link at a time");
            say_hint("%s", next);
        }
        return ERR_INVALID;
    }
    if (optind < argc) out->operand = argv[optind];
    return 0;
}

void
options_help(int command) {
    bool methods = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char left[48];
        const struct option_row *row = &rows[i];
        if ((row->commands & command) == 0) continue;
        char letter[5] = "    ";
        if (row->letter != 0) (void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
        (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name,
                       row->value == NULL ? "" : " ", row->value == NULL ? "" : row->value);
        (void)printf("  %-26s %s\n", left, row->help);
        methods = methods || row->kind == METHOD;
    }
    if (methods) (void)printf("\nA METHOD is one of " PASSPHRASE_METHODS ".\n");
}
