/* SPDX-License-Identifier: MIT */
/*
 * An SQLite VFS for the connection that writes: it gathers the frames of one commit into one write.
 *
 * SQLite writes each frame of its log with two pwrite calls, so a commit of 64 jobs makes hundreds
 * of them.  This VFS keeps what is written to the log in memory while each write begins where the
 * one before ended.  It writes the bytes before the log is synced, read, truncated, measured or
 * closed.  With synchronous=FULL, SQLite syncs a commit before it publishes the commit to readers,
 * so no reader misses a frame and durability is unchanged.  With any other setting readers could
 * miss frames: use the VFS of the system there.
 *
 * A write that fails is reported by the call that needed it, as SQLite's own code.  The commit then
 * fails as if its frames had been refused one by one.  All other files are those of the VFS below.
 *
 * Sources: sqlite.org/vfs.html, sqlite.org/walformat.html.
 */
#ifndef STORE_SQLITE_GATHER_H
#define STORE_SQLITE_GATHER_H

#include "base/compiler.h"

/*
 * Register a gathering VFS over the VFS ${below} (NULL: the system's) and put its name, which stays
 * valid for the life of the process, into ${out}.  Any thread, any number of times.  Returns 0,
 * ERR_NOMEM, or ERR_CONFIG if there is no VFS of that name.
 */
MUST_CHECK
int sqlite_gather_register(const char *below, const char **out);

#endif
