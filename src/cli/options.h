/* SPDX-License-Identifier: MIT */
/*
 * The command line.  One table of options says what each command accepts; the parser and the help
 * read it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* One bit for each command. */
enum {
    FOR_PUT = 1 << 0,
    FOR_GET = 1 << 1,
    FOR_INFO = 1 << 2,
    FOR_BURN = 1 << 3,
    FOR_RECEIPT = 1 << 4,
    FOR_PASSWORDS = 1 << 5,
    FOR_REQUEST = 1 << 6,
    FOR_ANSWER = 1 << 7,
    FOR_COLLECT = 1 << 8,
    FOR_ALL = (1 << 9) - 1,
};

enum { OPTIONS_LIST_MAX = 16 };

/* The values of an option that may be given several times. */
struct option_list {
    const char *items[OPTIONS_LIST_MAX];
    size_t count;
};

struct options {
    /* Texts are NULL and numbers are 0 unless given; patience is -1. */
    const char *server, *file, *name, *output, *passphrase, *key, *token, *page, *api_token,
        *identity;
    struct option_list to;
    const char *operand, *note;
    const char *second; /* the operand after it, of answer */
    int64_t views, ttl, patience, length, count, answers, answer_size;
    bool key_apart, allow_empty, yes, qr, classic, resume, force, burn, json, quiet, no_state, wait,
        help;
    bool of_request; /* set by a command whose operand may be the link of a request */
};

/*
 * Parse the arguments ${argv} of the command with bit ${command} into ${out}; argv[0] is the name
 * of the command, and at most one operand is allowed, two for answer.  The texts of ${out} point
 * into ${argv}.  Returns 0, or ERR_INVALID after printing an error.
 */
MUST_CHECK
int options_parse(int command, int argc, char **argv, struct options *out);

/* Print the options of the command with bit ${command} to standard output, in 80 columns. */
void options_help(int command);

/* Parse the ${len} characters at ${text}, such as "90s", "15m", "1h", "5d" or "2w", into ${out}, in
 * seconds.  Returns 0 or ERR_INVALID. */
MUST_CHECK
int options_duration(const char *text, size_t len, int64_t *out);

#endif
