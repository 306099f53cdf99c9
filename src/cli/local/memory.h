/* SPDX-License-Identifier: MIT */
#ifndef CLI_LOCAL_MEMORY_H
#define CLI_LOCAL_MEMORY_H

/*
 * Give the system back the pages of programs and libraries that it can read from their files again.
 * Called before a derivation, so that what it needs does not come on top of code that was only used
 * to start.  Any thread.
 */
void memory_release_code(void);

#endif
