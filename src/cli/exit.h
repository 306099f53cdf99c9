/* SPDX-License-Identifier: MIT */
/*
 * Exit codes, so that scripts can tell outcomes apart.  They are part of the interface: the manual
 * page lists the same numbers and texts.
 */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

/* X(NAME, number, text) */
#define EXIT_LIST(X)                                                                               \
    X(DONE, 0, "success")                                                                          \
    X(FAILED, 1, "a failure on this machine")                                                      \
    X(USAGE, 2, "invalid command line or configuration, or a file that cannot be used")            \
    X(GONE, 3, "the secret is gone or never existed")                                              \
    X(WRONG, 4, "wrong passphrase, key or token")                                                  \
    X(NETWORK, 5, "no response from the server, or no response that can be trusted")               \
    X(REFUSED, 6, "the server refused the request")                                                \
    X(DAMAGED, 7, "the data is damaged or forged")                                                 \
    X(EXISTS, 8, "the output file exists")                                                         \
    X(UNFINISHED, 9, "interrupted; to continue, run the same command again, or put --resume")      \
    X(FORBIDDEN, 10, "the server does not let you share")                                          \
    X(INTERRUPTED, 130, "interrupted; there is nothing to continue")

enum cli_exit {
#define X(name, number, text) CLI_##name = (number),
    EXIT_LIST(X)
#undef X
};

#endif
