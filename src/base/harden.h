/* SPDX-License-Identifier: MIT */
/* Keeps the memory of a process to itself. */
#ifndef BASE_HARDEN_H
#define BASE_HARDEN_H

/*
 * Forbid core dumps of this process, and keep debuggers and other processes of its user out of its
 * memory.  Returns 0, or ERR_IO if the system refuses one of the two; the other is done all the
 * same.
 */
int harden_memory(void);

#endif
