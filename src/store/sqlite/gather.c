/* SPDX-License-Identifier: MIT */
#include "store/sqlite/gather.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Bytes that are gathered at most.  SQLite's own VFS writes less than 128 KiB in one call. */
enum { GATHER_MAX = 120 * 1024 };

/* A VFS of this module, with the name of the one below. */
struct gather {
    sqlite3_vfs vfs;
    sqlite3_vfs *below;
    struct gather *next;
    char name[64];
};

/* The log.  The file of the VFS below is in the memory behind this struct. */
struct log_file {
    sqlite3_file base;
    sqlite3_file *below;
    uint8_t *bytes; /* GATHER_MAX; what is written but not passed on */
    size_t len;
    sqlite3_int64 at; /* where bytes[0] belongs in the file */
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gather *registry;

static struct log_file *
log_of(sqlite3_file *f) {
    return (struct log_file *)f;
}

static sqlite3_file *
below_of(sqlite3_file *f) {
    return log_of(f)->below;
}

/* Pass the gathered bytes on.  They are gone even if that fails: SQLite gives up the commit. */
static int
pass_on(struct log_file *log) {
    size_t len = log->len;
    log->len = 0;
    if (len == 0) return SQLITE_OK;
    return log->below->pMethods->xWrite(log->below, log->bytes, (int)len, log->at);
}

/* --- methods of the log ----------------------------------------------------------------------- */

static int
log_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset) {
    struct log_file *log = log_of(f);
    size_t size = (size_t)len;
    bool follows = offset == log->at + (sqlite3_int64)log->len;

    if (log->len > 0 && (!follows || log->len + size > GATHER_MAX)) {
        int rc = pass_on(log);
        if (rc != SQLITE_OK) return rc;
    }
    if (size > GATHER_MAX) return log->below->pMethods->xWrite(log->below, data, len, offset);

    if (log->len == 0) log->at = offset;
    memcpy(log->bytes + log->len, data, size);
    log->len += size;
    return SQLITE_OK;
}

static int
log_read(sqlite3_file *f, void *data, int len, sqlite3_int64 offset) {
    int rc = pass_on(log_of(f));
    return rc == SQLITE_OK ? below_of(f)->pMethods->xRead(below_of(f), data, len, offset) : rc;
}

static int
log_sync(sqlite3_file *f, int flags) {
    int rc = pass_on(log_of(f));
    return rc == SQLITE_OK ? below_of(f)->pMethods->xSync(below_of(f), flags) : rc;
}

static int
log_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int rc = pass_on(log_of(f));
    return rc == SQLITE_OK ? below_of(f)->pMethods->xTruncate(below_of(f), size) : rc;
}

static int
log_size(sqlite3_file *f, sqlite3_int64 *size) {
    int rc = pass_on(log_of(f));
    return rc == SQLITE_OK ? below_of(f)->pMethods->xFileSize(below_of(f), size) : rc;
}

static int
log_close(sqlite3_file *f) {
    int rc = pass_on(log_of(f));
    int end = below_of(f)->pMethods->xClose(below_of(f));
    free(log_of(f)->bytes);
    return rc == SQLITE_OK ? end : rc;
}

static int
log_control(sqlite3_file *f, int op, void *arg) {
    return below_of(f)->pMethods->xFileControl(below_of(f), op, arg);
}

static int
log_sector_size(sqlite3_file *f) {
    return below_of(f)->pMethods->xSectorSize(below_of(f));
}

static int
log_characteristics(sqlite3_file *f) {
    return below_of(f)->pMethods->xDeviceCharacteristics(below_of(f));
}

/* SQLite neither locks nor maps its log: only the database has such methods. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

/* --- the VFS ---------------------------------------------------------------------------------- */

static int
gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags) {
    sqlite3_vfs *below = ((struct gather *)vfs)->below;
    if ((flags & SQLITE_OPEN_WAL) == 0) return below->xOpen(below, name, f, flags, out_flags);

    struct log_file *log = log_of(f);
    *log = (struct log_file){.below = (sqlite3_file *)(log + 1), .bytes = malloc(GATHER_MAX)};
    if (log->bytes == NULL) return SQLITE_NOMEM;

    int rc = below->xOpen(below, name, log->below, flags, out_flags);

    /* SQLite closes a file that has methods, whether or not it was opened. */
    if (rc == SQLITE_OK) f->pMethods = &log_methods;
    else free(log->bytes);
    return rc;
}

/* A VFS over ${below}, or NULL.  Only opening differs: all else is that of the VFS below. */
static struct gather *
make_vfs(sqlite3_vfs *below) {
    struct gather *g = calloc(1, sizeof(*g));
    if (g == NULL) return NULL;

    (void)snprintf(g->name, sizeof(g->name), "gather-%.50s", below->zName);
    g->below = below;
    g->vfs = *below;
    g->vfs.pNext = NULL;
    g->vfs.zName = g->name;
    g->vfs.szOsFile = (int)sizeof(struct log_file) + below->szOsFile;
    g->vfs.xOpen = gather_open;
    return g;
}

/* The VFS over ${below}, made and registered at the first call.  NULL if memory is short. */
static struct gather *
find_or_register(sqlite3_vfs *below) {
    for (struct gather *g = registry; g != NULL; g = g->next)
        if (g->below == below) return g;

    struct gather *g = make_vfs(below);
    if (g == NULL || sqlite3_vfs_register(&g->vfs, 0) != SQLITE_OK) {
        free(g);
        return NULL;
    }
    g->next = registry;
    registry = g;
    return g;
}

int
sqlite_gather_register(const char *below, const char **out) {
    sqlite3_vfs *vfs = sqlite3_vfs_find(below);
    if (vfs == NULL) return ERR_CONFIG;

    (void)pthread_mutex_lock(&registry_lock);
    struct gather *g = find_or_register(vfs);
    (void)pthread_mutex_unlock(&registry_lock);

    if (g == NULL) return ERR_NOMEM;
    *out = g->name;
    return 0;
}
