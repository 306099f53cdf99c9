/* SPDX-License-Identifier: MIT */
/*
 * A VFS for SQLite, named HOOK_VFS, that hands every call through to the system's and lets a test
 * watch what is changed on disk and make any call fail.  One set of hooks at a time; they are
 * called by whatever thread calls SQLite.
 */
#ifndef HOOK_VFS_H
#define HOOK_VFS_H

#include <stddef.h>
#include <stdint.h>

#define HOOK_VFS "hook"

enum hook_call {
    HOOK_OPEN,
    HOOK_DELETE,
    HOOK_ACCESS,
    HOOK_READ,
    HOOK_WRITE,
    HOOK_TRUNCATE,
    HOOK_SYNC,
    HOOK_SIZE,
    HOOK_LOCK,
    HOOK_SHM_MAP,
};

enum hook_file { HOOK_DB, HOOK_WAL, HOOK_OTHER };

struct hooks {
    /* Before a call: SQLITE_OK lets it happen, any other code is its result.  May be NULL. */
    int (*before)(void *ctx, enum hook_call call, enum hook_file file);

    /* After a HOOK_WRITE, HOOK_TRUNCATE (offset = the new size) or HOOK_SYNC that went well.  May
     * be NULL. */
    void (*after)(void *ctx, enum hook_call call, enum hook_file file, const void *data, size_t len,
                  int64_t offset);
    void *ctx;
};

/* Make the VFS known to SQLite, and use ${hooks} (NULL: none) from now on.  No store is open
 * on it. */
void hook_vfs_set(const struct hooks *hooks);

#endif
