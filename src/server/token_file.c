/* SPDX-License-Identifier: MIT */
#include "server/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/files/folder.h"
#include "base/log.h"
#include "server/process/ticker.h"

enum { LOOK_MS = 1000, REASON_MAX = 256 };

struct token_file {
    const char *path;
    char *directory; /* of path */
    struct api_tokens *tokens;
    struct ticker *ticker;
    struct stat
        seen; /* the file that was read last, understood or not; zeroed if it was not there */
};

/* Whether the file of ${a} may have other bytes than that of ${b}. */
static bool
has_changed(const struct stat *a, const struct stat *b) {
    return a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
           a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
           a->st_ctim.tv_sec != b->st_ctim.tv_sec || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

static int
refuse_file(const struct token_file *f, const char *why, struct buf *reason) {
    (void)!buf_printf(reason, "SECRETS_API_TOKENS: %.200s: %s", f->path, why);
    return ERR_CONFIG;
}

/* Append what is in ${fd} to ${text}.  Returns 0 or an error, which is ERR_TOO_LARGE or errno's. */
static int
read_text(int fd, struct buf *text) {
    for (;;) {
        char piece[4096];
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ERR_IO;
        if (n == 0) return buf_add_byte(text, '\0');
        int err = buf_add(text, piece, (size_t)n);
        if (err != 0) return err;
    }
}

/* Read the tokens of ${fd}, which is the file. */
static int
load_tokens(struct token_file *f, int fd, struct buf *reason) {
    struct buf text = BUF_INIT(API_TOKENS_TEXT_MAX), fault = BUF_INIT(REASON_MAX);

    /* What is known of the file is from before it is read, so no change is missed. */
    int err = fstat(fd, &f->seen) == 0 && S_ISREG(f->seen.st_mode) ? 0 : ERR_INVALID;
    if (err != 0) err = refuse_file(f, "it is not a file", reason);
    else if (read_text(fd, &text) != 0) err = refuse_file(f, "it cannot be read whole", reason);
    else if (strlen((const char *)text.data) + 1 != text.len)
        err = refuse_file(f, "it is not a text", reason);
    else err = api_tokens_load(f->tokens, (const char *)text.data, &fault);

    if (err == ERR_INVALID) err = refuse_file(f, buf_text(&fault), reason);
    buf_free(&text);
    buf_free(&fault);
    return err;
}

static int
read_token_file(struct token_file *f, struct buf *reason) {
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return refuse_file(f, strerrordesc_np(errno), reason);
    int err = load_tokens(f, fd, reason);
    (void)close(fd);
    return err;
}

/* Read the file again if it has changed.  For the ticker. */
static int64_t
look_at_file(void *file) {
    struct token_file *f = file;
    struct buf reason = BUF_INIT(REASON_MAX);
    struct stat now;
    if (stat(f->path, &now) != 0) now = (struct stat){0};
    if (!has_changed(&now, &f->seen)) return LOOK_MS;

    f->seen = now;
    if (read_token_file(f, &reason) == 0)
        log_info("tokens", LOG_NUMBER("count", (int64_t)api_tokens_count(f->tokens)));
    else
        log_error("tokens", LOG_TEXT("reason", buf_text(&reason)),
                  LOG_TEXT("state", "the tokens of before stay in force"));
    buf_free(&reason);
    return LOOK_MS;
}

/* The directory of ${path}, which the caller frees; NULL if memory is short. */
static char *
directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return strdup(".");
    if (slash == path) return strdup("/");
    return strndup(path, (size_t)(slash - path));
}

int
token_file_open(const char *path, struct token_file **out, struct buf *reason) {
    *out = NULL;
    if (path[0] == '\0') return 0;
    struct token_file *f = calloc(1, sizeof(*f));
    if (f == NULL) return ERR_NOMEM;

    *out = f;
    f->path = path;
    f->directory = directory_of(path);
    f->tokens = api_tokens_new();
    if (f->directory == NULL || f->tokens == NULL) return ERR_NOMEM;
    return read_token_file(f, reason);
}

int
token_file_watch(struct token_file *f) {
    if (f == NULL) return 0;
    f->ticker = ticker_start("tokens", LOOK_MS, look_at_file, f);
    return f->ticker == NULL ? ERR_NOMEM : 0;
}

struct api_tokens *
token_file_tokens(struct token_file *f) {
    return f == NULL ? NULL : f->tokens;
}

void
token_file_paths(struct token_file *f, const char *paths[static TOKEN_FILE_PATHS]) {
    paths[0] = paths[1] = NULL;
    if (f == NULL) return;
    paths[0] = f->path;
    if (folder_is_flat(f->directory)) paths[1] = f->directory;
    else
        log_warn("tokens", LOG_TEXT("file", f->path),
                 LOG_TEXT("reason", "its directory has subdirectories, so access to it stays "
                                    "denied: change the file in place, or restart after it was "
                                    "replaced"));
}

void
token_file_close(struct token_file *f) {
    if (f == NULL) return;
    (void)ticker_stop(f->ticker, -1);
    api_tokens_free(f->tokens);
    free(f->directory);
    free(f);
}
