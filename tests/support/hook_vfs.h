/* SPDX-License-Identifier: MIT */
/*
 * A VFS for SQLite, named HOOK_VFS, that passes every call on to the system's VFS.  A test can
 * watch what changes on disk and make any call fail.  There is one set of hooks at a time.  They
 * are called on the thread that calls SQLite.
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

/* Register the VFS, and use ${hooks} (NULL: none) from now on.  No store may be open on it. */
void hook_vfs_set(const struct hooks *hooks);

#endif
