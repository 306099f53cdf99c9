/* SPDX-License-Identifier: MIT */
/*
 * The sandbox: the process gives up paths (Landlock) before its threads start, and system calls
 * (seccomp) before it accepts connections.  Code that an attacker brings in finds no program to
 * start, no file to read outside the data directory, and no memory to execute.
 */
#ifndef SERVER_PROCESS_SANDBOX_H
#define SERVER_PROCESS_SANDBOX_H

#include <stdbool.h>

#include "base/compiler.h"

enum sandbox_result {
    SANDBOX_ON = 1,
    SANDBOX_UNSUPPORTED = 0, /* this kernel cannot; the caller logs that */
};

enum { SANDBOX_SOCKETS = 3, SANDBOX_READABLE_MAX = 9 };

/* The paths that stay; NULL for none. */
struct sandbox_paths {
    const char *data_dir;                       /* to read and write below it */
    const char *socket_dirs[SANDBOX_SOCKETS];   /* to remove files in them: the own sockets */
    bool outgoing;                              /* also to read what name resolution and TLS need */
    const char *readable[SANDBOX_READABLE_MAX]; /* to read: files, and directories with files */
};

/*
 * Restrict this thread, and every thread that it starts later, to ${paths}.  Call it before other
 * threads start, when the directories exist.  Returns SANDBOX_ON, SANDBOX_UNSUPPORTED, or ERR_IO if
 * the kernel has Landlock but refuses it.
 */
MUST_CHECK
int sandbox_restrict_paths(const struct sandbox_paths *paths);

/*
 * Restrict every thread of the process to the system calls that serving needs.  A call that only an
 * attacker makes (execve, ptrace, ...) ends the process.  Every other call fails with EPERM.
 * Memory can no longer be made executable.  New sockets are refused, or with ${outgoing} limited to
 * connections to other services.  ${datagram} is a connected datagram socket of this process, or -1
 * for none.  It sends to its peer only: no call can give it another address or copy it.  Call this
 * when all libraries are loaded and all listeners are open.  Returns SANDBOX_ON,
 * SANDBOX_UNSUPPORTED, or ERR_IO if the kernel refused the filter.
 */
MUST_CHECK
int sandbox_restrict_calls(bool outgoing, int datagram);

#endif
