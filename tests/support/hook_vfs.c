/* SPDX-License-Identifier: MIT */
#include "hook_vfs.h"

#include <sqlite3.h>
#include <stdbool.h>

#include "base/compiler.h"

struct file {
    sqlite3_file base;
    enum hook_file which;
    sqlite3_file *real; /* the memory after this struct */
};

static sqlite3_vfs *system_vfs;
static sqlite3_vfs hook_vfs;
static struct hooks hooks;

static struct file *
self(sqlite3_file *f) {
    return (struct file *)f;
}

static sqlite3_file *
real(sqlite3_file *f) {
    return self(f)->real;
}

static int
before(enum hook_call call, enum hook_file which) {
    return hooks.before == NULL ? SQLITE_OK : hooks.before(hooks.ctx, call, which);
}

static void
after(enum hook_call call, sqlite3_file *f, const void *data, int len, int64_t offset) {
    if (hooks.after != NULL)
        hooks.after(hooks.ctx, call, self(f)->which, data, (size_t)len, offset);
}

static int
file_close(sqlite3_file *f) {
    return real(f)->pMethods->xClose(real(f));
}

static int
file_read(sqlite3_file *f, void *data, int len, sqlite3_int64 offset) {
    int rc = before(HOOK_READ, self(f)->which);
    if (rc == SQLITE_IOERR_SHORT_READ) memset(data, 0, (size_t)len);
    return rc == SQLITE_OK ? real(f)->pMethods->xRead(real(f), data, len, offset) : rc;
}

static int
file_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset) {
    int rc = before(HOOK_WRITE, self(f)->which);
    if (rc == SQLITE_OK) rc = real(f)->pMethods->xWrite(real(f), data, len, offset);
    if (rc == SQLITE_OK) after(HOOK_WRITE, f, data, len, offset);
    return rc;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int rc = before(HOOK_TRUNCATE, self(f)->which);
    if (rc == SQLITE_OK) rc = real(f)->pMethods->xTruncate(real(f), size);
    if (rc == SQLITE_OK) after(HOOK_TRUNCATE, f, NULL, 0, size);
    return rc;
}

static int
file_sync(sqlite3_file *f, int flags) {
    int rc = before(HOOK_SYNC, self(f)->which);
    if (rc == SQLITE_OK) rc = real(f)->pMethods->xSync(real(f), flags);
    if (rc == SQLITE_OK) after(HOOK_SYNC, f, NULL, 0, 0);
    return rc;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *size) {
    int rc = before(HOOK_SIZE, self(f)->which);
    return rc == SQLITE_OK ? real(f)->pMethods->xFileSize(real(f), size) : rc;
}

static int
file_lock(sqlite3_file *f, int level) {
    int rc = before(HOOK_LOCK, self(f)->which);
    return rc == SQLITE_OK ? real(f)->pMethods->xLock(real(f), level) : rc;
}

static int
file_unlock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int
file_check_reserved(sqlite3_file *f, int *out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int
file_control(sqlite3_file *f, int op, void *arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int
file_sector_size(sqlite3_file *f) {
    return real(f)->pMethods->xSectorSize(real(f));
}

static int
file_characteristics(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int
shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    int rc = before(HOOK_SHM_MAP, self(f)->which);
    return rc == SQLITE_OK ? real(f)->pMethods->xShmMap(real(f), page, size, extend, out) : rc;
}

static int
shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void
shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}

static int
shm_unmap(sqlite3_file *f, int delete) {
    return real(f)->pMethods->xShmUnmap(real(f), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static enum hook_file
which_file(int flags) {
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return HOOK_DB;
    return (flags & SQLITE_OPEN_WAL) != 0 ? HOOK_WAL : HOOK_OTHER;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags) {
    (void)vfs;
    struct file *file = self(f);
    *file = (struct file){.which = which_file(flags), .real = (sqlite3_file *)(file + 1)};
    int rc = before(HOOK_OPEN, file->which);
    if (rc == SQLITE_OK) rc = system_vfs->xOpen(system_vfs, name, file->real, flags, out_flags);
    /* SQLite closes a file that has methods, whether or not it was opened. */
    if (rc == SQLITE_OK) f->pMethods = &methods;
    return rc;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir) {
    (void)vfs;
    int rc = before(HOOK_DELETE, HOOK_OTHER);
    return rc == SQLITE_OK ? system_vfs->xDelete(system_vfs, name, sync_dir) : rc;
}

static int
vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
    (void)vfs;
    int rc = before(HOOK_ACCESS, HOOK_OTHER);
    return rc == SQLITE_OK ? system_vfs->xAccess(system_vfs, name, flags, out) : rc;
}

void
hook_vfs_set(const struct hooks *set) {
    hooks = set == NULL ? (struct hooks){0} : *set;
    if (system_vfs != NULL) return;
    (void)sqlite3_initialize();
    system_vfs = sqlite3_vfs_find(NULL);
    hook_vfs = *system_vfs;
    hook_vfs.pNext = NULL;
    hook_vfs.zName = HOOK_VFS;
    hook_vfs.szOsFile = (int)sizeof(struct file) + system_vfs->szOsFile;
    hook_vfs.xOpen = vfs_open;
    hook_vfs.xDelete = vfs_delete;
    hook_vfs.xAccess = vfs_access;
    (void)sqlite3_vfs_register(&hook_vfs, 0);
}
