/* SPDX-License-Identifier: MIT */
#include "ctl/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/text/help.h"
#include "base/text/parse.h"
#include "ctl/ctl.h"

enum ctl_option_kind { CTL_FLAG, CTL_TEXT, CTL_NUMBER, CTL_COMMAND };

enum {
    FIRST_VALUE = 256, /* getopt values of options begin here, after all letters */
    HELP_COLUMN = 24,
};

#define CTL_FOR_SERVER (CTL_FOR_REMOVE | CTL_FOR_STATS | CTL_FOR_EVENTS | CTL_FOR_FORWARD)
#define AT(member)     offsetof(struct ctl_options, member)

/* One option.  The help lists them in this order. */
static const struct ctl_option_row {
    int commands;
    const char *name;
    size_t at; /* offset in struct ctl_options */
    enum ctl_option_kind kind;
    const char *value; /* name of its argument */
    const char *help;
} rows[] = {
    {CTL_FOR_AUDIT, "anchor", AT(anchor), CTL_TEXT, "HASH",
     "also check that the event with this hash, which was kept elsewhere, is in the file. "
     "Only this finds that events were cut off at the end"},
    {CTL_FOR_EVENTS, "after", AT(after), CTL_NUMBER, "NUMBER",
     "only events with a higher number (default: all that are kept)"},
    {CTL_FOR_EVENTS, "follow", AT(follow), CTL_FLAG, NULL, "wait for further events"},
    {CTL_FOR_FORWARD, "url", AT(url), CTL_TEXT, "URL",
     "send each event to this webhook (Standard Webhooks)"},
    {CTL_FOR_FORWARD, "key", AT(key), CTL_TEXT, "METHOD",
     "where the signing key is: env:NAME or file:PATH"},
    {CTL_FOR_FORWARD, "place", AT(place), CTL_TEXT, "FILE",
     "the file that keeps how far events were forwarded (default: in $STATE_DIRECTORY)"},
    {CTL_FOR_FORWARD, "from-now", AT(from_now), CTL_FLAG, NULL,
     "on the first run, begin with the next event (default: the oldest that is kept)"},
    {CTL_FOR_FORWARD, "resume", AT(resume), CTL_FLAG, NULL, "go on although it was parked"},
    {CTL_FOR_FORWARD, "exec", AT(command), CTL_COMMAND, "COMMAND",
     "run this program with each event on standard input; all that follows are its arguments"},
    {CTL_FOR_REMOVE | CTL_FOR_STATS, "json", AT(json), CTL_FLAG, NULL, "print JSON, for scripts"},
    {CTL_FOR_SERVER, "socket", AT(socket), CTL_TEXT, "PATH",
     "the socket of the server (default: that of SECRETS_ADMIN_LISTEN, or "
     "/run/secretsd/admin.sock)"},
    {CTL_FOR_ALL, "help", AT(help), CTL_FLAG, NULL, "print this list"},
};

/* Store the argument ${value} of ${row} in ${out}.  Returns 0 or ERR_INVALID. */
static int
store_value(const struct ctl_option_row *row, const char *value, struct ctl_options *out) {
    void *at = (char *)out + row->at;

    switch (row->kind) {
    case CTL_FLAG: *(bool *)at = true; return 0;
    case CTL_TEXT: *(const char **)at = value; return value[0] == '\0' ? ERR_INVALID : 0;
    case CTL_COMMAND: return ERR_INVALID; /* see ctl_options_parse() */
    case CTL_NUMBER: return parse_number(value, strlen(value), 0, INT64_MAX, at);
    }
    return ERR_INVALID;
}

/* Fill getopt's table for ${command}. */
static void
make_long_options(int command, struct option *longs) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct ctl_option_row *row = &rows[i];
        if ((row->commands & command) == 0) continue;
        int has = row->kind == CTL_FLAG ? no_argument : required_argument;
        *longs++ = (struct option){row->name, has, NULL, FIRST_VALUE + (int)i};
    }
    *longs = (struct option){0};
}

static int
complain_use(const char *command, const char *what) {
    ctl_error("%s", what);
    ctl_hint("See secretsctl %s --help.", command);
    return ERR_INVALID;
}

int
ctl_options_parse(int command, int argc, char **argv, struct ctl_options *out) {
    struct option longs[ARRAY_LEN(rows) + 1];
    *out = (struct ctl_options){0};
    make_long_options(command, longs);

    opterr = 0;
    optind = 0; /* glibc: reset the parser */
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (c == ':') return complain_use(argv[0], "an option lacks its argument");
        if (c >= FIRST_VALUE && rows[c - FIRST_VALUE].kind == CTL_COMMAND) {
            /* Behind it nothing is an option of ours. */
            out->command = argv + optind - 1;
            out->command[0] = optarg;
            return 0;
        }
        if (c == 'h') out->help = true;
        else if (c < FIRST_VALUE) return complain_use(argv[0], "there is no such option");
        else if (store_value(&rows[c - FIRST_VALUE], optarg, out) != 0) {
            ctl_error("--%s does not accept that", rows[c - FIRST_VALUE].name);
            ctl_hint("Give a %s.", rows[c - FIRST_VALUE].value);
            return ERR_INVALID;
        }
    }

    if (argc - optind > 1) return complain_use(argv[0], "too many arguments");
    if (optind < argc) out->operand = argv[optind];
    return 0;
}

void
ctl_options_help(int command) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct ctl_option_row *row = &rows[i];
        char option[48];
        if ((row->commands & command) == 0) continue;

        if (row->value == NULL) (void)snprintf(option, sizeof(option), "--%s", row->name);
        else (void)snprintf(option, sizeof(option), "--%s %s", row->name, row->value);
        help_print_option(option, row->help, HELP_COLUMN);
    }
}
