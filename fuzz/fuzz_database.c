/* SPDX-License-Identifier: MIT */
/*
 * A hostile secrets.db: opened, listed, read and claimed.  Whatever is in the file, every call ends
 * with a result or a code that its contract has.  Input: a list of 12-byte edits of a sound file.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/store.h"

enum {
    EDIT_LEN = 12,
    EDITS_MAX = 64,
    NOW = 1900000000,
    SIZE = 5000,
    SHORT = 304,
    WRAP = 300,
    SECRETS = 3,
    FILE_MAX = 1 << 20
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char dir[] = "/dev/shm/fuzz_database.XXXXXX", path[64], log_path[64];
static uint8_t sound[FILE_MAX];
static size_t sound_len;
static struct store_ref refs[STORE_DUE_MAX];

static const char *const columns[] = {
    "record.rev",        "record.kind",          "record.phase",         "record.content",
    "record.created_at", "record.expires_at",    "record.sweep_at",      "record.views",
    "record.views_left", "record.size",          "record.blob",          "record.salt",
    "record.header",     "record.nonce",         "record.tag",           "record.file_name",
    "record.verifier",   "record.owner",         "record.passphrase",    "record.attempts",
    "record.part_size",  "record.parts_stored",  "record.part_at",       "record.ended_at",
    "record.key",        "record.gate_verifier", "record.attempts_left", "lease.hash",
    "lease.opened_at",   "lease.renewed_at",     "lease.ended_at",       "lease.how",
    "state.high_water",  "state.bytes",          "content.bytes",        "part.part",
    "record.wrap_len",   "wrap.bytes",           "record.next_at",       "record.lease",
    "record.bytes",
};

static void
require(bool holds) {
    if (!holds) abort();
}

static struct store *
open_store(void) {
    struct store *s = NULL;
    const struct sqlite_store_config config = {.dir = dir, .readers = 1, .sync_normal = true};
    int err = sqlite_store_open(&config, &s);
    require(err == 0 || err == ERR_STORE || err == ERR_NOMEM || err == ERR_CONFIG);
    return s;
}

/* Apply ${kind} with token ${token}.  Token 0 opened and owns every secret. */
static void
change_one(struct store *s, const struct store_ref *ref, enum change_kind kind, uint8_t token) {
    struct change c = {.kind = kind, .now = NOW + 1, .part = 1, .hash = {token}};
    struct effect effect;
    struct record after;
    int found = s->ops->change(s, ref, &c, &effect, &after);
    require(found == 1 || found == 0 || found == ERR_NOMEM || found == ERR_STORE ||
            found == ERR_UNKNOWN_OUTCOME);
    record_clear(&after);
}

static void
use_one(struct store *s, const struct store_ref *ref) {
    struct record r;
    struct buf content = BUF_INIT(SQLITE_STORE_INLINE_MAX);
    int found = s->ops->load(s, ref, &r, &content);
    require(found == 1 || found == 0 || found == ERR_NOMEM || found == ERR_STORE ||
            found == ERR_TOO_LARGE);
    if (found == 1) {
        require(r.views <= RECORD_VIEWS_MAX && r.views_left >= 0 && r.views_left <= r.views);
        require(r.lease_count <= RECORD_VIEWS_MAX && r.expires_at >= 0);
        (void)s->ops->knows_blob(s, r.blob);
        for (size_t i = 0; i < r.lease_count; i++)
            (void)policy_lease_live(&r, &r.leases[i], NOW);
    }
    record_clear(&r);
    buf_free(&content);

    struct buf wrap = BUF_INIT(RECORD_WRAP_MAX);
    found = s->ops->load_wrap(s, ref, &r, &wrap);
    require(found == 1 || found == 0 || found == ERR_NOMEM || found == ERR_STORE);
    require(found == 1 ? wrap.len <= r.wrap_len : wrap.len == 0);
    record_clear(&r);
    buf_free(&wrap);
    for (enum change_kind kind = CHANGE_CLAIM_CLASSIC; kind <= CHANGE_ERASED; kind++)
        change_one(s, ref, kind, 0);
}

static void
make_one(struct store *s, unsigned n) {
    uint8_t bytes[SIZE] = {0};
    struct buf content = {.data = bytes, .len = SIZE, .cap = SIZE, .max = SIZE};
    struct buf wrap = {.data = bytes, .len = WRAP, .cap = WRAP, .max = WRAP};
    struct record r = {.kind = RECORD_SEALED,
                       .phase = PHASE_OPEN,
                       .content = CONTENT_INLINE,
                       .rev = 1,
                       .created_at = NOW,
                       .expires_at = NOW + 86400,
                       .views = 3,
                       .views_left = 3,
                       .attempts = 10,
                       .attempts_left = 10,
                       .size = n == 0 ? SHORT : SIZE};
    if (n == 0) content.len = SHORT;
    if (n != 1) r.wrap_len = WRAP;
    if (n == 1) r.kind = RECORD_CLASSIC_TEXT;
    if (n == 1) r.classic.nonce_len = CLASSIC_NONCE_LEN;
    if (n == 2) {
        r.phase = PHASE_UPLOADING;
        r.content = CONTENT_BLOBS;
        r.part_size = 1000;
        (void)snprintf(r.blob, sizeof(r.blob), "Blob000000000000000001");
    }
    refs[n].len = TOKEN_HASH_LEN;
    memset(refs[n].bytes, (int)n, TOKEN_HASH_LEN);
    require(s->ops->create(s, &refs[n], &r, n == 2 ? NULL : &content, n == 1 ? NULL : &wrap) == 1);
}

static void
remove_dir(void) {
    static const char *const names[] = {"secrets.db", "secrets.db-wal", "secrets.db-shm",
                                        "secrets.lock"};
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; at >= 0 && i < ARRAY_LEN(names); i++)
        (void)unlinkat(at, names[i], 0);
    if (at >= 0) (void)close(at);
    (void)rmdir(dir);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    (void)atexit(remove_dir);
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    require(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof(path), "%s/secrets.db", dir);
    (void)snprintf(log_path, sizeof(log_path), "%s/secrets.db-wal", dir);
    struct store *s = open_store();
    for (unsigned n = 0; n < SECRETS; n++)
        make_one(s, n);
    for (uint8_t token = 0; token < 2; token++)
        change_one(s, &refs[0], CHANGE_OPEN, token);
    change_one(s, &refs[2], CHANGE_PART, 0);
    s->ops->close(s);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, sound, sizeof(sound));
    require(n > 0 && (size_t)n < sizeof(sound) && close(fd) == 0);
    sound_len = (size_t)n;
    return 0;
}

/* Set one column of every row to ${value}, or to its bytes. */
static void
edit_column(sqlite3 *db, uint8_t which, uint8_t type, int64_t value) {
    const char *column = columns[which % ARRAY_LEN(columns)];
    const char *dot = strchr(column, '.');
    char text[128];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(text, sizeof(text), "UPDATE OR IGNORE %.*s SET %s = ?1", (int)(dot - column),
                   column, dot + 1);
    if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK) return;
    if (type % 3 == 0) (void)sqlite3_bind_int64(stmt, 1, value);
    else if (type % 3 == 1) (void)sqlite3_bind_blob(stmt, 1, &value, type % 9, SQLITE_STATIC);
    else (void)sqlite3_bind_text(stmt, 1, (const char *)&value, type % 9, SQLITE_STATIC);
    (void)sqlite3_step(stmt);
    (void)sqlite3_finalize(stmt);
}

/* An edit: how, which column or where, type or byte, 8 bytes of value. */
static void
write_edited(const uint8_t *data, size_t len) {
    static uint8_t bytes[FILE_MAX];
    size_t edits = len / EDIT_LEN < EDITS_MAX ? len / EDIT_LEN : EDITS_MAX;
    sqlite3 *db = NULL;
    memcpy(bytes, sound, sound_len);
    for (size_t i = 0; i < edits; i++) {
        const uint8_t *e = data + i * EDIT_LEN;
        size_t at = ((size_t)e[1] << 16 | (size_t)e[2] << 8 | e[3]) % sound_len;
        for (size_t k = 0; e[0] % 2 == 1 && k < 1 + (size_t)(e[0] >> 5) && at + k < sound_len; k++)
            bytes[at + k] = e[4 + k];
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, bytes, sound_len) == (ssize_t)sound_len && close(fd) == 0);
    (void)unlink(log_path);
    if (sqlite3_open(path, &db) == SQLITE_OK) {
        (void)sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF",
                           NULL, NULL, NULL);
        for (size_t i = 0; i < edits; i++) {
            const uint8_t *e = data + i * EDIT_LEN;
            int64_t value;
            memcpy(&value, e + 4, sizeof(value));
            if (e[0] % 2 == 0) edit_column(db, e[1], e[2], value);
        }
    }
    (void)sqlite3_close(db);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    write_edited(data, len);
    struct store *s = open_store();
    if (s == NULL) return 0;
    for (unsigned n = 0; n < SECRETS; n++)
        use_one(s, &refs[n]);
    struct store_ref due[STORE_DUE_MAX];
    int count = s->ops->due(s, INT64_MAX, 0, due, STORE_DUE_MAX);
    for (int n = 0; n < count && n < SECRETS; n++)
        use_one(s, &due[n]);
    (void)s->ops->usage(s);
    (void)s->ops->ping(s);
    (void)s->ops->scrub(s);
    s->ops->close(s);
    return 0;
}
