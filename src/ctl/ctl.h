/* SPDX-License-Identifier: MIT */
/*
 * secretsctl: the operator's commands for a running secretsd (man/secretsctl.8).
 * main sets the context up.  All functions are for the main thread.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "ctl/options.h"

/* Exit codes, part of the interface.  X(NAME, number, text) */
#define CTL_EXIT_LIST(X)                                                                           \
    X(DONE, 0, "success")                                                                          \
    X(FAILED, 1, "a failure on this machine")                                                      \
    X(USAGE, 2, "invalid command line")                                                            \
    X(GONE, 3, "there is no such secret, it was gone already, or no event of it is kept")          \
    X(BROKEN, 4, "a chain of events that is empty, broken or has a gap")                           \
    X(PARKED, 5, "forwarding is parked: the receiver refuses, or the chain is broken")

enum ctl_exit {
#define X(name, number, text) CTL_##name = (number),
    CTL_EXIT_LIST(X)
#undef X
};

struct ctl {
    struct ctl_options opt;
    const char *socket; /* path of the operator's socket */
    char *(*env)(const char *name);
    bool reached; /* a connection succeeded, so the settings are right */
};

/* The commands.  Each returns the exit code of the program, after printing what went wrong. */
enum ctl_exit ctl_remove(struct ctl *ctl);
enum ctl_exit ctl_stats(struct ctl *ctl);
enum ctl_exit ctl_events(struct ctl *ctl);
enum ctl_exit ctl_audit(struct ctl *ctl);
enum ctl_exit ctl_forward(struct ctl *ctl);
enum ctl_exit ctl_token(struct ctl *ctl);

/* Print an error on standard error, and, on the line after it, what the user can do next. */
void ctl_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void ctl_hint(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Return whether an error was printed. */
bool ctl_had_error(void);

#endif
