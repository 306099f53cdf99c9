/* SPDX-License-Identifier: MIT */
/*
 * What a process that holds secrets does to itself before it holds any.
 */
#ifndef SERVER_PROCESS_PROCESS_H
#define SERVER_PROCESS_PROCESS_H

#include "base/compiler.h"

/*
 * Keep this process out of core dumps and debuggers, make its files private (umask 077), give up
 * gaining privileges, let a closed connection be an error and no signal, and block SIGTERM and
 * SIGINT for process_wait().  Raises the limit of open files as far as the system lets it.  Call
 * first, before any thread is started.  Returns 0 or ERR_IO.
 */
MUST_CHECK
int process_harden(void);

/* Wait until SIGTERM or SIGINT comes; returns its number. */
int process_wait(void);

/* Files that this process may have open. */
unsigned process_file_limit(void);

/* Processors that this process may run on, at least 1. */
unsigned process_cores(void);

/* The value of variable ${name} in ${env} (NULL-terminated, as environ), or NULL. */
const char *process_env(char *const env[], const char *name);

/* Give back the memory that only the start took.  Call once everything runs. */
void process_settle(void);

/* Wipe the 32 KiB of the calling thread's stack that functions which returned have used. */
void process_wipe_stack(void);

#endif
