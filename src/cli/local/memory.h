/* SPDX-License-Identifier: MIT */
#ifndef CLI_LOCAL_MEMORY_H
#define CLI_LOCAL_MEMORY_H

/*
 * Drop the pages of code and constants of the program and its libraries; the kernel reads them from
 * their files again when they are used.  Called before a key derivation, to lower the peak of
 * resident memory.  Any thread.
 */
void memory_release_code(void);

#endif
