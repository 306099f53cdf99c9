/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table of options says what each command takes, reads it, and prints its
 * own help.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    FOR_PUT = 1 << 0,
    FOR_GET = 1 << 1,
    FOR_INFO = 1 << 2,
    FOR_BURN = 1 << 3,
    FOR_RECEIPT = 1 << 4,
    FOR_PASSWORDS = 1 << 5,
    FOR_ALL = (1 << 6) - 1,
};

struct options {
    /* Texts are NULL, numbers 0, until they are given. */
    const char *server, *file, *name, *output, *passphrase, *key, *token;
    const char *operand;
    int64_t views, ttl, patience, length, count;
    bool key_apart, qr, classic, resume, force, burn, json, quiet, no_state, wait, help;
};

/*
 * Read the arguments of a command of bit ${command} from ${argv} (argv[0] is its name) into
 * ${out}; at most one operand.  Returns 0, or ERR_INVALID after saying what is wrong.
 */
MUST_CHECK
int options_parse(int command, int argc, char **argv, struct options *out);

/* Print the options of ${command} to standard output. */
void options_help(int command);

/* Read the ${len} characters at ${text}, "90s", "15m", "1h", "5d" or "2w", as seconds into ${out}.
 * Returns 0 or ERR_INVALID. */
MUST_CHECK
int options_duration(const char *text, size_t len, int64_t *out);

#endif
