/* SPDX-License-Identifier: MIT */
/*
 * What the program ends with, so that scripts can tell what happened.  Part of the interface: the
 * manual page lists the same numbers.
 */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

/* X(NAME, number, text) */
#define EXIT_LIST(X)                                                                               \
    X(DONE, 0, "done")                                                                             \
    X(FAILED, 1, "something on this machine failed")                                               \
    X(USAGE, 2, "the command line, the configuration or a file they name cannot be used")          \
    X(GONE, 3, "the secret is gone, or there never was one")                                       \
    X(WRONG, 4, "wrong passphrase, key or token")                                                  \
    X(NETWORK, 5, "no answer from the server, or none that can be trusted")                        \
    X(REFUSED, 6, "the server refused")                                                            \
    X(DAMAGED, 7, "what came is damaged or forged")                                                \
    X(EXISTS, 8, "a file of that name exists")                                                     \
    X(UNFINISHED, 9, "interrupted; the same command, or put --resume, goes on")                    \
    X(INTERRUPTED, 130, "interrupted; nothing was left to go on with")

enum cli_exit {
#define X(name, number, text) CLI_##name = (number),
    EXIT_LIST(X)
#undef X
};

#endif
