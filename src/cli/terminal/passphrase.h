/* SPDX-License-Identifier: MIT */
/*
 * Reading a passphrase, a link key or an owner token.  None of them is ever read from the command
 * line, which every process of the machine can see.  Main thread.
 */
#ifndef CLI_TERMINAL_PASSPHRASE_H
#define CLI_TERMINAL_PASSPHRASE_H

#include "base/buf.h"

/* The form of a method, for messages and the help. */
#define PASSPHRASE_METHODS "tty, stdin, env:NAME or file:PATH"

enum { PASSPHRASE_MAX = 1024 }; /* bytes after normalisation */

struct passphrase_source {
    const char *method;             /* one of PASSPHRASE_METHODS; NULL: tty */
    const char *question;           /* printed on the terminal */
    const char *again;              /* printed to ask a second time; NULL: ask once */
    char *(*env)(const char *name); /* the environment; a variable that was read is wiped */
};

/* Return whether ${method} has the form of a method. */
bool passphrase_method_ok(const char *method);

/*
 * Return whether ${text}, an argument that is not accepted, may be or hold a link, a key or a
 * token: then no message repeats it.
 */
bool passphrase_is_key(const char *text);

/* Return whether ${method}, which may be NULL, reads standard input. */
bool passphrase_from_stdin(const char *method);

/*
 * Read what ${source} names into ${out}, which is empty and has a limit above PASSPHRASE_MAX.  One
 * trailing newline is removed, except on a terminal, which has none.  Returns 0; ERR_CONFIG if the
 * terminal, variable or file does not exist; ERR_CONFLICT if the two entries differ; ERR_INVALID if
 * it is empty; ERR_TOO_LARGE; ERR_IO.
 */
MUST_CHECK
int passphrase_read(const struct passphrase_source *source, struct buf *out);

/*
 * Normalise the passphrase ${text}.  Returns 0; ERR_INVALID if it is empty, not UTF-8 or has a zero
 * byte; ERR_TOO_LARGE above PASSPHRASE_MAX; ERR_NOMEM.
 */
MUST_CHECK
int passphrase_normalise(struct buf *text);

/* Return whether ${text} begins or ends with a blank. */
bool passphrase_has_blanks(const struct buf *text);

/* Remove the blanks at both ends of ${text} if the rest looks like a passphrase that a page or a
 * server generated, which has none. */
void passphrase_trim_generated(struct buf *text);

#endif
