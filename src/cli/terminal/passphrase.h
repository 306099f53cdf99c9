/* SPDX-License-Identifier: MIT */
/*
 * Where a passphrase, or a link key that came apart from its link, is read from: never from the
 * command line, which every process of the machine can see.
 */
#ifndef CLI_TERMINAL_PASSPHRASE_H
#define CLI_TERMINAL_PASSPHRASE_H

#include "base/buf.h"

/* What a method looks like, for messages and the help. */
#define PASSPHRASE_METHODS "tty, stdin, env:NAME or file:PATH"

enum { PASSPHRASE_MAX = 1024 }; /* bytes, normalised */

struct passphrase_source {
    const char *method;             /* one of PASSPHRASE_METHODS; NULL: tty */
    const char *question;           /* asked on the terminal */
    const char *again;              /* asked to type it twice; NULL: once is enough */
    char *(*env)(const char *name); /* the environment; a variable that was read is wiped */
};

/* Whether ${method} has the form of a method. */
bool passphrase_method_ok(const char *method);

/* Whether ${method} reads standard input; NULL does not. */
bool passphrase_from_stdin(const char *method);

/*
 * Read what ${source} names into ${out}, which is empty with a bound above PASSPHRASE_MAX; one line
 * end behind it is taken off.  Returns 0; ERR_CONFIG if there is no such terminal, variable or
 * file; ERR_CONFLICT if the two answers differ; ERR_INVALID if it is empty; ERR_TOO_LARGE; ERR_IO.
 */
MUST_CHECK
int passphrase_read(const struct passphrase_source *source, struct buf *out);

/* Check that ${text} is UTF-8 of 1..PASSPHRASE_MAX bytes once normalised, and normalise it.
 * Returns 0, ERR_INVALID, ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int passphrase_normalise(struct buf *text);

#endif
