/* SPDX-License-Identifier: MIT */
/*
 * Prepares a process for holding secrets, before it holds any.
 */
#ifndef SERVER_PROCESS_PROCESS_H
#define SERVER_PROCESS_PROCESS_H

#include "base/compiler.h"

/*
 * Keep this process out of core dumps and debuggers, make its files private (umask 077), give up
 * gaining privileges, ignore SIGPIPE, and block SIGTERM and SIGINT for process_wait().  Raise the
 * limit of open files as far as the system allows.  Call it first, before any thread is started.
 * Returns 0 or ERR_IO.
 */
MUST_CHECK
int process_harden(void);

/* Wait for SIGTERM or SIGINT, and return its number. */
int process_wait(void);

/* The limit of open files of this process. */
unsigned process_file_limit(void);

/* The number of processors that this process may run on, at least 1. */
unsigned process_cores(void);

/* The value of variable ${name} in ${env} (NULL-terminated, as environ), or NULL. */
const char *process_env(char *const env[], const char *name);

/* Release the memory that only the start needed.  Call it once everything runs. */
void process_settle(void);

/* Wipe the 32 KiB below the caller on its thread's stack, which returned functions have used. */
void process_wipe_stack(void);

#endif
