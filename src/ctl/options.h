/* SPDX-License-Identifier: MIT */
/*
 * The command line of secretsctl.  One table of options says what each command accepts; the parser
 * and the help read it.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* One bit for each command. */
enum {
    CTL_FOR_AUDIT = 1 << 0,
    CTL_FOR_REMOVE = 1 << 1,
    CTL_FOR_STATS = 1 << 2,
    CTL_FOR_EVENTS = 1 << 3,
    CTL_FOR_FORWARD = 1 << 4,
    CTL_FOR_TOKEN = 1 << 5,
    CTL_FOR_ALL = (1 << 6) - 1,
};

struct ctl_options {
    /* NULL unless given. */
    const char *anchor, *socket, *url, *key, *place;
    char **command; /* the program of --exec and its arguments, to the end */
    char *operand;
    int64_t after; /* 0 unless given */
    bool json, follow, from_now, resume, help;
};

/*
 * Parse the arguments ${argv} of the command with bit ${command} into ${out}; argv[0] is the name
 * of the command, and at most one operand is allowed.  The texts of ${out} point into ${argv}.
 * Returns 0, or ERR_INVALID after printing an error.
 */
MUST_CHECK
int ctl_options_parse(int command, int argc, char **argv, struct ctl_options *out);

/* Print the options of the command with bit ${command} to standard output, in 80 columns. */
void ctl_options_help(int command);

#endif
