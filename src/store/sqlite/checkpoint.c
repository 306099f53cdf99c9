/* SPDX-License-Identifier: MIT */
#include "store/sqlite/checkpoint.h"

#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/sqlite/directory.h"

enum {
    PAUSE_MS = 1000, /* how long a checkpoint waits for the readers */
    REST_PART = 32,  /* this part of a full log is little: the writer copies it in about 1 ms */
    REASON_MAX = 512,
    STACK_SIZE = 256 * 1024,
};

/* States of the copier. */
enum { COPIER_IDLE, COPIER_COPIES, COPIER_ENDS };

/* --- the copier's thread ---------------------------------------------------------------------- */

/* Open the copier's connection if it is not open.  Returns SQLite's code. */
static int
open_copier(struct sqlite_checkpoint *p) {
    struct buf reason = BUF_INIT(REASON_MAX);
    if (p->db.handle != NULL) return SQLITE_OK;

    int err = sqlite_db_open_copier(&p->db, p->conn->place, &reason);
    if (err != 0) log_error("store.copier", LOG_TEXT("error", buf_text(&reason)));
    buf_free(&reason);
    return err == 0 ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* Sync the database after a copy during which the log may have grown. */
static bool
sync_database(struct sqlite_checkpoint *p) {
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(p->db.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc == SQLITE_OK) rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (rc != SQLITE_OK) log_error("store.sync", LOG_NUMBER("code", rc));
    return rc == SQLITE_OK;
}

/* Copy the log as it is now. */
static void
copy_log(struct sqlite_checkpoint *p) {
    int copied = 0;
    p->rc = open_copier(p);
    if (p->rc != SQLITE_OK) return;

    p->rc =
        sqlite3_wal_checkpoint_v2(p->db.handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);

    /* The header of the log was being written.  The writer starts another copy. */
    if ((p->rc & 0xff) == SQLITE_BUSY) {
        p->rc = SQLITE_OK;
        return;
    }
    if (p->rc != SQLITE_OK) return;

    p->unsynced = !sync_database(p);
    p->last = copied - p->copied;
    p->copied = copied;
}

static void *
copier_thread(void *arg) {
    struct sqlite_checkpoint *p = arg;
    (void)pthread_setname_np(pthread_self(), "sqlite_copier");

    for (;;) {
        unsigned state = atomic_load(&p->state);
        if (state == COPIER_ENDS) return NULL;
        if (state == COPIER_IDLE) {
            thread_sleep(&p->state, COPIER_IDLE, -1);
            continue;
        }
        copy_log(p);
        atomic_store(&p->state, COPIER_IDLE);
        thread_wake(&p->state);
    }
}

/* --- the writer's side ------------------------------------------------------------------------ */

static void
set_copier_state(struct sqlite_checkpoint *p, unsigned state) {
    atomic_store(&p->state, state);
    thread_wake(&p->state);
}

static bool
copier_copies(struct sqlite_checkpoint *p) {
    return atomic_load(&p->state) == COPIER_COPIES;
}

void
sqlite_checkpoint_init(struct sqlite_checkpoint *p, struct sqlite_conn *conn,
                       struct sqlite_readers *readers) {
    *p = (struct sqlite_checkpoint){
        .conn = conn, .readers = readers, .start_at = conn->place->log_pages};
}

void
sqlite_checkpoint_shorten(struct sqlite_checkpoint *p, int pages) {
    p->start_at = pages;
}

void
sqlite_checkpoint_wait(struct sqlite_checkpoint *p) {
    while (copier_copies(p))
        thread_sleep(&p->state, COPIER_COPIES, -1);
}

/* The last connection that is closed would copy the log without what may be lost, and delete it. */
static void
keep_log(struct sqlite_checkpoint *p) {
    if (p->conn->db.handle == NULL) return;
    (void)sqlite3_db_config(p->conn->db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void
sqlite_checkpoint_stop(struct sqlite_checkpoint *p) {
    if (p->started) {
        sqlite_checkpoint_wait(p);
        set_copier_state(p, COPIER_ENDS);
        (void)pthread_join(p->thread, NULL);
        p->started = false;
    }
    if (p->unsynced) keep_log(p);
    sqlite_db_close(&p->db);
}

/* Note that a checkpoint ended with SQLite's ${rc}.  After a fault the log may grow by as much. */
static void
end_checkpoint(struct sqlite_checkpoint *p, int rc, bool tight) {
    p->start_at = p->conn->wal_pages;
    p->start_at += tight ? SQLITE_DIRECTORY_LOG_PAGES : p->conn->place->log_pages;
    p->copied = 0;
    if (rc != SQLITE_OK) log_warn("store.checkpoint", LOG_NUMBER("code", rc));
}

int
sqlite_checkpoint_run(struct sqlite_checkpoint *p, int mode, bool tight) {
    sqlite3 *handle = p->conn->db.handle;
    sqlite_checkpoint_wait(p);
    if (p->unsynced) return ERR_STORE;

    /* SQLite itself must not wait for a reader that hangs: the pause has waited long enough. */
    (void)sqlite_readers_pause(p->readers, PAUSE_MS);
    (void)sqlite3_busy_timeout(handle, 0);
    int rc = sqlite3_wal_checkpoint_v2(handle, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_timeout(handle, SQLITE_DB_BUSY_MS);
    sqlite_readers_resume(p->readers);

    if (rc == SQLITE_OK) p->conn->wal_pages = 0;
    end_checkpoint(p, rc, tight);
    return rc == SQLITE_OK ? 0 : ERR_STORE;
}

/* Start the next copy.  Returns false if there can be no thread. */
static bool
begin_copy(struct sqlite_checkpoint *p) {
    if (!p->started) p->started = thread_start(&p->thread, STACK_SIZE, copier_thread, p) == 0;
    if (p->started) set_copier_state(p, COPIER_COPIES);
    return p->started;
}

/* Whether the writer copies what is left: it is little, or does not get less. */
static bool
copier_has_caught_up(const struct sqlite_checkpoint *p) {
    int left = p->conn->wal_pages - p->copied;
    return left <= p->conn->place->log_pages / REST_PART ||
           (p->copied > 0 && left > p->last / 4 * 3);
}

void
sqlite_checkpoint_advance(struct sqlite_checkpoint *p, bool tight) {
    int pages = p->conn->wal_pages;
    bool too_long = pages - p->start_at > p->conn->place->log_pages;
    if (copier_copies(p) && !too_long) return;
    sqlite_checkpoint_wait(p);

    /* SQLite has begun the log again if all of it was copied. */
    if (p->copied > pages) p->copied = 0;
    if (p->unsynced || pages < p->start_at) return;

    if (p->rc != SQLITE_OK) {
        end_checkpoint(p, p->rc, tight);
        p->rc = SQLITE_OK;
    } else if (tight || too_long || copier_has_caught_up(p) || !begin_copy(p)) {
        (void)!sqlite_checkpoint_run(p, SQLITE_CHECKPOINT_RESTART, tight);
    }
}

bool
sqlite_checkpoint_failed(struct sqlite_checkpoint *p) {
    return !copier_copies(p) && p->unsynced;
}

bool
sqlite_checkpoint_release(struct sqlite_checkpoint *p) {
    sqlite_checkpoint_wait(p);
    if (!p->unsynced) return true;

    bool idle = sqlite_readers_pause(p->readers, PAUSE_MS);
    if (idle) {
        sqlite_readers_disconnect(p->readers);
        sqlite_db_close(&p->db);
        keep_log(p);
        sqlite_db_close(&p->conn->db);
        p->unsynced = false;
        p->copied = 0;
    }
    sqlite_readers_resume(p->readers);
    return idle;
}
