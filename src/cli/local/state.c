/* SPDX-License-Identifier: MIT */
#include "cli/local/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/hex.h"
#include "cli/local/lockfile.h"
#include "crypto/token.h"

enum {
    RECORD_MAX = 64 * 1024,
    RECEIPT_SECONDS = 8 * 24 * 3600, /* the server keeps a receipt for 7 days after expiry */
    UPLOAD_SECONDS = 25 * 3600,      /* the server keeps an upload for 24 h */
    LEASE_SECONDS = 7 * 3600,        /* a lease ends after 6 h */
    DOUBT_SECONDS = 90 * 24 * 3600,  /* how long the clock may be wrong before keys are lost */
};

static const char *const state_dirs[] = {[STATE_OWNED] = "owned",
                                         [STATE_UPLOAD] = "uploads",
                                         [STATE_DOWNLOAD] = "downloads",
                                         [STATE_ASKED] = "asked"};

void
state_path(const struct state *s, enum state_kind kind, const char *id, const char *suffix,
           char out[static STATE_PATH_MAX]) {
    uint8_t hash[TOKEN_HASH_LEN];
    char name[STATE_NAME_LEN + 1];
    token_hash(id, strlen(id), hash);
    hex_write(hash, STATE_NAME_LEN / 2, name);
    int n = snprintf(out, STATE_PATH_MAX, "%s/%s/%s%s", s->dir, state_dirs[kind], name, suffix);
    if (n >= STATE_PATH_MAX) out[0] = '\0'; /* a path that cannot be opened */
}

/* Create ${path} and its parents with mode 0700. */
static int
make_private_dirs(char *path) {
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/') continue;

        *at = '\0';
        int made = mkdir(path, 0700);
        *at = '/';
        if (made != 0 && errno != EEXIST) return ERR_IO;
    }
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return 0;
    return ERR_IO;
}

int
state_make_dir(const struct state *s, enum state_kind kind) {
    char path[STATE_PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", s->dir, state_dirs[kind]);
    if (n < STATE_PATH_MAX) return make_private_dirs(path);
    return ERR_IO;
}

/* Write ${data} to ${temp}, one process at a time, and rename it to ${path}. */
static int
write_state_file(const char *temp, const char *path, const struct buf *data) {
    int fd = lockfile_open(temp);
    if (fd < 0) return ERR_IO;

    bool ok = ftruncate(fd, 0) == 0 && write(fd, data->data, data->len) == (ssize_t)data->len &&
              fsync(fd) == 0 && rename(temp, path) == 0;
    (void)close(fd);
    if (ok) return 0;
    return ERR_IO;
}

int
state_save(const struct state *s, enum state_kind kind, const char *id, const json_t *value) {
    char path[STATE_PATH_MAX], temp[STATE_PATH_MAX];
    struct buf text = BUF_INIT(RECORD_MAX);
    if (s->dir[0] == '\0') return 0;
    state_path(s, kind, id, ".json", path);
    state_path(s, kind, id, ".new", temp);

    int err = state_make_dir(s, kind);
    if (err == 0) err = json_write(value, &text);
    if (err == 0) err = write_state_file(temp, path, &text);
    buf_free(&text);
    return err;
}

static json_t *
load_record(const char *path) {
    struct buf text = BUF_INIT(RECORD_MAX);
    json_t *value = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return NULL;

    uint8_t *room = buf_space(&text, RECORD_MAX);
    ssize_t n = room == NULL ? -1 : read(fd, room, RECORD_MAX);
    if (n > 0) {
        text.len = (size_t)n;
        value = json_parse_object((const char *)text.data, text.len);
    }
    (void)close(fd);
    buf_free(&text);
    return value;
}

json_t *
state_load(const struct state *s, enum state_kind kind, const char *id) {
    char path[STATE_PATH_MAX];
    if (s->dir[0] == '\0') return NULL;
    state_path(s, kind, id, ".json", path);
    return load_record(path);
}

void
state_forget(const struct state *s, enum state_kind kind, const char *id) {
    static const char *const suffixes[] = {".json",   ".new",   ".users",
                                           ".sealed", ".parts", ".ended"};
    char path[STATE_PATH_MAX];
    if (s->dir[0] == '\0') return;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        state_path(s, kind, id, suffixes[i], path);
        (void)unlink(path);
    }

    /* Another process may hold it, and then removes it itself. */
    state_path(s, kind, id, ".lock", path);
    (void)!lockfile_remove(path, true);
}

static bool
ends_with(const char *s, const char *end) {
    size_t len = strlen(s), end_len = strlen(end);
    return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

/* Call ${each} with the path of each file in the directory of ${kind}, until it returns
 * non-zero. */
static int
each_state_file(const struct state *s, enum state_kind kind,
                int (*each)(void *ctx, const char *path), void *ctx) {
    char dir_path[STATE_PATH_MAX + 16], path[sizeof(dir_path) + NAME_MAX + 2];
    int result = 0;
    if (s->dir[0] == '\0') return 0;
    (void)snprintf(dir_path, sizeof(dir_path), "%s/%s", s->dir, state_dirs[kind]);
    DIR *dir = opendir(dir_path);
    if (dir == NULL) return 0;

    for (struct dirent *e; result == 0 && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' && !ends_with(e->d_name, ".sealed")) continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir_path, e->d_name);
        result = each(ctx, path);
    }

    (void)closedir(dir);
    return result;
}

struct record_visit {
    int (*each)(void *ctx, json_t *record);
    void *ctx;
};

static int
visit_record(void *ctx, const char *path) {
    struct record_visit *e = ctx;
    if (!ends_with(path, ".json")) return 0;
    json_t *record = load_record(path);
    int result = record == NULL ? 0 : e->each(e->ctx, record);
    json_decref(record);
    return result;
}

int
state_each(const struct state *s, enum state_kind kind, int (*each)(void *ctx, json_t *record),
           void *ctx) {
    struct record_visit e = {.each = each, .ctx = ctx};
    return each_state_file(s, kind, visit_record, &e);
}

static bool
is_older_than(const char *path, int64_t then) {
    struct stat st;
    return stat(path, &st) == 0 && (int64_t)st.st_mtim.tv_sec < then;
}

/* Return whether the receipt for the record at ${path} has expired at ${now}. */
static bool
has_expired_receipt(const char *path, int64_t now) {
    json_t *record = load_record(path);
    json_t *at = json_object_get(record, "expires_at");
    bool expired = json_is_integer(at) && json_integer_value(at) < now - RECEIPT_SECONDS;
    json_decref(record);
    return expired;
}

static int
prune_owned(void *ctx, const char *path) {
    if (has_expired_receipt(path, *(int64_t *)ctx)) (void)unlink(path);
    return 0;
}

/* Create an empty file at ${path} with the time ${now}. */
static void
note_ended(const char *path, int64_t now) {
    const struct timespec times[2] = {{.tv_sec = now}, {.tv_sec = now}};
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return;
    if (futimens(fd, times) != 0) (void)unlink(path);
    (void)close(fd);
}

/* The keys of a request cannot be made again, and the clock may be wrong.  The file ".ended" has
 * the time at which a run first found that the request had ended.  A run that finds that it has
 * not ended removes that file. */
static int
prune_asked(void *ctx, const char *path) {
    char ended[2 * STATE_PATH_MAX];
    int64_t now = *(int64_t *)ctx;
    if (ends_with(path, ".new")) return prune_owned(ctx, path);
    if (!ends_with(path, ".json")) return 0;
    (void)snprintf(ended, sizeof(ended), "%.*s.ended", (int)(strlen(path) - strlen(".json")), path);

    if (!has_expired_receipt(path, now)) {
        (void)unlink(ended);
    } else if (is_older_than(ended, now - DOUBT_SECONDS)) {
        (void)unlink(path);
        (void)unlink(ended);
    } else {
        note_ended(ended, now);
    }
    return 0;
}

/* Sealed bytes of a process that has ended are kept only with a record to resume from, and what it
 * had written of a record is never kept. */
static int
prune_upload(void *ctx, const char *path) {
    char record[2 * STATE_PATH_MAX];
    bool old = is_older_than(path, *(int64_t *)ctx - UPLOAD_SECONDS);
    if (ends_with(path, ".new")) {
        (void)!lockfile_remove(path, old);
        return 0;
    }
    if (!ends_with(path, ".sealed")) {
        if (old) (void)unlink(path);
        return 0;
    }

    (void)snprintf(record, sizeof(record), "%.*s.json", (int)(strlen(path) - strlen(".sealed")),
                   path);
    /* A name with a dot is new, and its process may be about to lock it. */
    bool named = strrchr(path, '/')[1] != '.';
    if (old || (named && access(record, F_OK) != 0)) (void)!lockfile_remove(path, old);
    return 0;
}

static int
prune_download(void *ctx, const char *path) {
    bool old = is_older_than(path, *(int64_t *)ctx - LEASE_SECONDS);
    if (ends_with(path, ".new")) {
        (void)!lockfile_remove(path, old);
        return 0;
    }
    if (!old) return 0;

    json_t *record = load_record(path);
    const char *temp = json_string_value(json_object_get(record, "temp"));
    bool idle = temp == NULL || !ends_with(temp, ".part") || lockfile_remove(temp, true) == 0;
    json_decref(record);
    if (idle) (void)unlink(path);
    return 0;
}

void
state_prune(const struct state *s, int64_t now) {
    (void)each_state_file(s, STATE_OWNED, prune_owned, &now);
    (void)each_state_file(s, STATE_ASKED, prune_asked, &now);
    (void)each_state_file(s, STATE_UPLOAD, prune_upload, &now);
    (void)each_state_file(s, STATE_DOWNLOAD, prune_download, &now);
}

/* Create a file without a name in ${temp_dir}.  Returns the descriptor or ERR_IO. */
static int
spool_nameless(const char *temp_dir) {
    char path[STATE_PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/secrets-XXXXXX.sealed", temp_dir);
    if (n >= STATE_PATH_MAX) return ERR_IO;

    int fd = mkostemps(path, (int)strlen(".sealed"), O_CLOEXEC);
    if (fd < 0) return ERR_IO;
    (void)unlink(path);
    return fd;
}

/* Lock the new file ${fd} at ${path} and give it a visible name, which replaces ${path}.  Returns
 * whether that worked. */
static bool
name_spool(const struct state *s, int fd, char path[static STATE_PATH_MAX]) {
    char visible[STATE_PATH_MAX];
    const char *random_part = strrchr(path, '/') + 2;

    /* Other processes remove unlocked files, so the name becomes visible only after the lock. */
    (void)!lockfile_lock(fd, path);
    int n = snprintf(visible, sizeof(visible), "%s/%s/new-%s", s->dir, state_dirs[STATE_UPLOAD],
                     random_part);
    if (n >= STATE_PATH_MAX || rename(path, visible) != 0) return false;
    memcpy(path, visible, sizeof(visible));
    return true;
}

int
state_spool(const struct state *s, const char *temp_dir, char path[static STATE_PATH_MAX]) {
    path[0] = '\0';
    if (s->dir[0] == '\0') return spool_nameless(temp_dir);
    if (state_make_dir(s, STATE_UPLOAD) != 0) return ERR_IO;

    int n =
        snprintf(path, STATE_PATH_MAX, "%s/%s/.XXXXXX.sealed", s->dir, state_dirs[STATE_UPLOAD]);
    int fd = n >= STATE_PATH_MAX ? -1 : mkostemps(path, (int)strlen(".sealed"), O_CLOEXEC);
    if (fd >= 0 && name_spool(s, fd, path)) return fd;

    if (fd >= 0) {
        int saved_errno = errno;
        (void)unlink(path);
        (void)close(fd);
        errno = saved_errno;
    }
    path[0] = '\0';
    return ERR_IO;
}

int
state_spool_again(const struct state *s, const char *id) {
    char path[STATE_PATH_MAX];
    if (s->dir[0] == '\0') return ERR_IO;
    state_path(s, STATE_UPLOAD, id, ".sealed", path);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return ERR_IO;
    int err = lockfile_lock(fd, path);
    /* Without locks two processes may send the same bytes, which is harmless. */
    if (err == 0 || err == ERR_NO_LOCK) return fd;
    (void)close(fd);
    if (err == ERR_BUSY) return ERR_BUSY;
    return ERR_IO;
}
