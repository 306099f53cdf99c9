/* SPDX-License-Identifier: MIT */
/*
 * What the process gives up once it has what it needs: paths (Landlock) before its threads start,
 * system calls (seccomp) before it takes connections.  Code that an attacker brings in finds no
 * program to start, no file to read but the data folder, and no memory to execute.
 */
#ifndef SERVER_PROCESS_SANDBOX_H
#define SERVER_PROCESS_SANDBOX_H

#include <stdbool.h>

#include "base/compiler.h"

enum sandbox_result {
    SANDBOX_ON = 1,
    SANDBOX_UNSUPPORTED = 0, /* this kernel cannot; the caller says so aloud */
};

enum { SANDBOX_READABLE_MAX = 5 };

/* What stays of the file system; NULL for none. */
struct sandbox_paths {
    const char *data_dir;   /* to read and write */
    const char *socket_dir; /* to remove files from: the server's own socket */
    bool outgoing;          /* also what name resolution and TLS read, read only */
    const char *readable[SANDBOX_READABLE_MAX]; /* files, and folders whose files may be read */
};

/*
 * Leave this thread, and every thread it starts later, ${paths} and nothing else of the file
 * system.  Call before other threads start, with the folders there.  Returns SANDBOX_ON,
 * SANDBOX_UNSUPPORTED, or ERR_IO if the kernel refused what it offers.
 */
MUST_CHECK
int sandbox_restrict_paths(const struct sandbox_paths *paths);

/*
 * Leave every thread the system calls that serving takes.  A call that only an attacker makes
 * (execve, ptrace, ...) ends the process; any other one fails with EPERM.  Memory can no longer be
 * made executable.  New sockets are refused, or with ${outgoing} limited to the internet families.
 * Call when all that loads libraries or opens listeners is done.  Returns SANDBOX_ON,
 * SANDBOX_UNSUPPORTED, or ERR_IO if the kernel refused the filter.
 */
MUST_CHECK
int sandbox_restrict_calls(bool outgoing);

#endif
