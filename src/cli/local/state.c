/* SPDX-License-Identifier: MIT */
#include "cli/local/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/local/lockfile.h"
#include "crypto/token.h"

enum {
    RECORD_MAX = 64 * 1024,
    RECEIPT_SECONDS = 8 * 24 * 3600, /* the server keeps a receipt 7 days past expiry */
    UPLOAD_SECONDS = 25 * 3600,      /* the server gives an upload 24 h */
    LEASE_SECONDS = 7 * 3600,        /* no lease lives longer than 6 h */
};

static const char *const folders[] = {
    [STATE_OWNED] = "owned", [STATE_UPLOAD] = "uploads", [STATE_DOWNLOAD] = "downloads"};

void
state_path(const struct state *s, enum state_kind kind, const char *id, const char *suffix,
           char out[static STATE_PATH_MAX]) {
    uint8_t hash[TOKEN_HASH_LEN];
    char name[STATE_NAME_LEN + 1];
    token_hash(id, strlen(id), hash);
    for (size_t i = 0; i < STATE_NAME_LEN / 2; i++)
        (void)snprintf(name + 2 * i, 3, "%02x", hash[i]);
    int n = snprintf(out, STATE_PATH_MAX, "%s/%s/%s%s", s->dir, folders[kind], name, suffix);
    if (n >= STATE_PATH_MAX) out[0] = '\0'; /* opens nothing */
}

/* mkdir -p, each folder for its owner alone. */
static int
make_folders(char *path) {
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/') continue;
        *at = '\0';
        int made = mkdir(path, 0700);
        *at = '/';
        if (made != 0 && errno != EEXIST) return ERR_IO;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : ERR_IO;
}

int
state_make_folder(const struct state *s, enum state_kind kind) {
    char path[STATE_PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", s->dir, folders[kind]);
    return n < STATE_PATH_MAX ? make_folders(path) : ERR_IO;
}

/* Write ${data} to the file ${temp}, one run at a time, and rename it to ${path}. */
static int
write_file(const char *temp, const char *path, const struct buf *data) {
    int fd = lockfile_open(temp);
    if (fd < 0) return ERR_IO;
    bool ok = ftruncate(fd, 0) == 0 && write(fd, data->data, data->len) == (ssize_t)data->len &&
              fsync(fd) == 0 && rename(temp, path) == 0;
    (void)close(fd);
    return ok ? 0 : ERR_IO;
}

int
state_save(const struct state *s, enum state_kind kind, const char *id, const json_t *value) {
    char path[STATE_PATH_MAX], temp[STATE_PATH_MAX];
    struct buf text = BUF_INIT(RECORD_MAX);
    if (s->dir[0] == '\0') return 0;
    state_path(s, kind, id, ".json", path);
    state_path(s, kind, id, ".new", temp);
    int err = state_make_folder(s, kind);
    if (err == 0) err = json_write(value, &text);
    if (err == 0) err = write_file(temp, path, &text);
    buf_free(&text);
    return err;
}

static json_t *
load_path(const char *path) {
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
    return load_path(path);
}

void
state_forget(const struct state *s, enum state_kind kind, const char *id) {
    static const char *const suffixes[] = {".json", ".new", ".sealed", ".parts"};
    char path[STATE_PATH_MAX];
    if (s->dir[0] == '\0') return;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        state_path(s, kind, id, suffixes[i], path);
        (void)unlink(path);
    }
}

static bool
ends_with(const char *s, const char *end) {
    size_t len = strlen(s), end_len = strlen(end);
    return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

/* Give the path of every file in the folder of ${kind} to ${each} until it returns non-zero. */
static int
each_file(const struct state *s, enum state_kind kind, int (*each)(void *ctx, const char *path),
          void *ctx) {
    char folder[STATE_PATH_MAX + 16], path[sizeof(folder) + NAME_MAX + 2];
    int result = 0;
    if (s->dir[0] == '\0') return 0;
    (void)snprintf(folder, sizeof(folder), "%s/%s", s->dir, folders[kind]);
    DIR *dir = opendir(folder);
    if (dir == NULL) return 0;
    for (struct dirent *e; result == 0 && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' && !ends_with(e->d_name, ".sealed")) continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        result = each(ctx, path);
    }
    (void)closedir(dir);
    return result;
}

struct each_record {
    int (*each)(void *ctx, json_t *record);
    void *ctx;
};

static int
give_record(void *ctx, const char *path) {
    struct each_record *e = ctx;
    if (!ends_with(path, ".json")) return 0;
    json_t *record = load_path(path);
    int result = record == NULL ? 0 : e->each(e->ctx, record);
    json_decref(record);
    return result;
}

int
state_each_upload(const struct state *s, int (*each)(void *ctx, json_t *record), void *ctx) {
    struct each_record e = {.each = each, .ctx = ctx};
    return each_file(s, STATE_UPLOAD, give_record, &e);
}

static bool
older_than(const char *path, int64_t then) {
    struct stat st;
    return stat(path, &st) == 0 && (int64_t)st.st_mtim.tv_sec < then;
}

static int
prune_owned(void *ctx, const char *path) {
    json_t *record = load_path(path);
    json_t *at = json_object_get(record, "expires_at");
    if (json_is_integer(at) && json_integer_value(at) + RECEIPT_SECONDS < *(int64_t *)ctx)
        (void)unlink(path);
    json_decref(record);
    return 0;
}

/* Sealed bytes whose process is gone stay only where a record tells how to go on with them. */
static int
prune_upload(void *ctx, const char *path) {
    char record[2 * STATE_PATH_MAX];
    bool old = older_than(path, *(int64_t *)ctx - UPLOAD_SECONDS);
    if (!ends_with(path, ".sealed")) {
        if (old) (void)unlink(path);
        return 0;
    }
    (void)snprintf(record, sizeof(record), "%.*s.json", (int)(strlen(path) - strlen(".sealed")),
                   path);
    /* With a dot, its run may be about to lock it. */
    bool whole = strrchr(path, '/')[1] != '.';
    if (old || (whole && access(record, F_OK) != 0)) (void)!lockfile_remove(path, old);
    return 0;
}

static int
prune_download(void *ctx, const char *path) {
    if (!older_than(path, *(int64_t *)ctx - LEASE_SECONDS)) return 0;
    json_t *record = load_path(path);
    const char *temp = json_string_value(json_object_get(record, "temp"));
    bool idle = temp == NULL || !ends_with(temp, ".part") || lockfile_remove(temp, true) == 0;
    json_decref(record);
    if (idle) (void)unlink(path);
    return 0;
}

void
state_prune(const struct state *s, int64_t now) {
    (void)each_file(s, STATE_OWNED, prune_owned, &now);
    (void)each_file(s, STATE_UPLOAD, prune_upload, &now);
    (void)each_file(s, STATE_DOWNLOAD, prune_download, &now);
}

int
state_spool(const struct state *s, const char *temp_dir, char path[static STATE_PATH_MAX]) {
    char seen[STATE_PATH_MAX];
    bool kept = s->dir[0] != '\0';
    path[0] = '\0';
    if (kept && state_make_folder(s, STATE_UPLOAD) != 0) return ERR_IO;
    int n =
        kept ? snprintf(path, STATE_PATH_MAX, "%s/%s/.XXXXXX.sealed", s->dir, folders[STATE_UPLOAD])
             : snprintf(path, STATE_PATH_MAX, "%s/secrets-XXXXXX.sealed", temp_dir);
    if (n >= STATE_PATH_MAX) return ERR_IO;
    int fd = mkostemps(path, (int)strlen(".sealed"), O_CLOEXEC);
    if (fd < 0) return ERR_IO;
    if (!kept) {
        (void)unlink(path);
        path[0] = '\0';
        return fd;
    }
    /* Other runs clear away what nobody has: they see it only once it is locked. */
    (void)!lockfile_lock(fd, path);
    n = snprintf(seen, sizeof(seen), "%s/%s/new-%s", s->dir, folders[STATE_UPLOAD],
                 strrchr(path, '/') + 2);
    if (n < STATE_PATH_MAX && rename(path, seen) == 0) {
        memcpy(path, seen, sizeof(seen));
        return fd;
    }
    (void)unlink(path);
    (void)close(fd);
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
    /* Two runs that send the same bytes would do no harm. */
    if (err == 0 || err == ERR_NO_LOCK) return fd;
    (void)close(fd);
    return err == ERR_BUSY ? ERR_BUSY : ERR_IO;
}
