/* SPDX-License-Identifier: MIT */
#include "store/blobs/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "store/fs.h"

enum {
    NAME_LEN_MAX = 64,
    FOLDER_LEN = 2,
    PIECE_LEN_MAX = NAME_LEN_MAX + 12, /* "NAME.4294967295" */
};

/* No blob's name begins like this. */
#define TEMPORARY "."

struct blobs_directory {
    struct blobs base;
    int root;
    uint64_t min_free; /* bytes of the disk that stay free */
    atomic_uint_fast64_t usage;
    atomic_uint_fast64_t temporaries; /* made so far; each gets a name of its own */
    atomic_bool durable[128][128];    /* folders, by their two characters, that are on the disk */
    atomic_bool erase_fails;          /* the last one did, and the log knows */
    pthread_mutex_t making;           /* held while a folder is made */
    /* Held for reading while a piece is removed, and from its link until it is durable or removed
     * again: under it for writing, what is there is durable and stays. */
    pthread_rwlock_t linking;
};

static bool
name_ok(const char *name) {
    size_t len = strlen(name);
    if (len < FOLDER_LEN || len > NAME_LEN_MAX || name[0] == '.' || name[1] == '.') return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && c != '.') return false;
    }
    return true;
}

/* The code for a failed call; an operator has to learn which it was. */
static int
error_of(int number) {
    log_error("blobs.error", LOG_TEXT("error", strerrordesc_np(number)));
    if (number == ENOSPC || number == EDQUOT) return ERR_FULL;
    return number == ENOMEM ? ERR_NOMEM : ERR_STORE;
}

static int
open_folder(int at, const char *name) {
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Let ${folder} be there and on the disk.  Returns 0, or -1 with errno set. */
static int
make_folder(struct blobs_directory *d, const char *folder) {
    bool made = mkdirat(d->root, folder, 0700) == 0;
    if (!made && errno != EEXIST) return -1;
    if (fs_sync_names(d->root, made) == 0) return 0;
    int why = errno;
    if (made) (void)unlinkat(d->root, folder, AT_REMOVEDIR);
    errno = why;
    return -1;
}

/*
 * Open the folder of ${name}; if ${make}, it is there, and on the disk, afterwards.  Returns a
 * descriptor, or -1 with errno set (ENOENT if it is not there).
 */
static int
folder_of(struct blobs_directory *d, const char *name, bool make) {
    char folder[FOLDER_LEN + 1] = {name[0], name[1], '\0'};
    atomic_bool *durable = &d->durable[name[0] & 127][name[1] & 127];
    if (!make || atomic_load(durable)) {
        int fd = open_folder(d->root, folder);
        if (fd >= 0 || errno != ENOENT || !make) return fd;
    }
    (void)pthread_mutex_lock(&d->making);
    int made = make_folder(d, folder);
    (void)pthread_mutex_unlock(&d->making);
    if (made != 0) return -1;
    atomic_store(durable, true);
    return open_folder(d->root, folder);
}

static void
piece_name(const char *name, uint32_t k, char out[static PIECE_LEN_MAX]) {
    (void)snprintf(out, PIECE_LEN_MAX, "%s.%" PRIu32, name, k);
}

static int
write_all(int fd, const void *data, size_t len) {
    const uint8_t *from = data;
    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Write ${data} to the new file ${temporary} and to the disk.  Returns 0 or ERR_*. */
static int
write_temporary(int folder, const char *temporary, const void *data, size_t len) {
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return error_of(errno);
    int err = write_all(fd, data, len) == 0 && fsync(fd) == 0 ? 0 : error_of(errno);
    if (close(fd) != 0 && err == 0) err = error_of(errno);
    return err;
}

/* Append the file ${piece} to ${out}.  Returns as blobs_ops.get. */
static int
read_piece(int folder, const char *piece, struct buf *out) {
    struct stat st;
    uint8_t *to = NULL;
    size_t got = 0, want = 0;
    int result = ERR_STORE;
    int fd = openat(folder, piece, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : error_of(errno);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) goto out;
    want = (size_t)st.st_size;
    to = buf_space(out, want);
    if (to == NULL) {
        result = want > out->max - out->len ? ERR_TOO_LARGE : ERR_NOMEM;
        goto out;
    }
    while (got < want) {
        ssize_t n = read(fd, to + got, want - got);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) goto out;
        got += (size_t)n;
    }
    out->len += want;
    result = 1;
out:
    (void)close(fd);
    return result;
}

/* The name is taken: 0 if by the same bytes, ERR_CONFLICT if by others. */
static int
compare_piece(int folder, const char *piece, const void *data, size_t len) {
    struct buf there = BUF_INIT(len);
    int result = read_piece(folder, piece, &there);
    if (result == ERR_TOO_LARGE) result = ERR_CONFLICT;
    else if (result == 1) result = buf_equals(&there, data, len) ? 0 : ERR_CONFLICT;
    else if (result == 0) result = ERR_UNKNOWN_OUTCOME; /* erased meanwhile */
    buf_free(&there);
    return result;
}

/* Remove the file ${piece}.  Returns 1 if it was there, 0 if not, or ERR_STORE. */
static int
unlink_piece(struct blobs_directory *d, int folder, const char *piece) {
    struct stat st;
    if (fstatat(folder, piece, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : ERR_STORE;
    /* Of several that erase at once, one removes it and counts. */
    if (unlinkat(folder, piece, 0) != 0) return errno == ENOENT ? 0 : ERR_STORE;
    atomic_fetch_sub(&d->usage, (uint64_t)st.st_size);
    return 1;
}

/* The same for one that others may be putting.  Nobody waits for more than one. */
static int
remove_piece(struct blobs_directory *d, int folder, const char *piece) {
    (void)pthread_rwlock_rdlock(&d->linking);
    int removed = unlink_piece(d, folder, piece);
    (void)pthread_rwlock_unlock(&d->linking);
    return removed;
}

/* A link, unlike a rename, never takes the place of what is there. */
static int
link_piece(struct blobs_directory *d, int folder, const char *temporary, const char *piece,
           size_t len) {
    atomic_fetch_add(&d->usage, len); /* first: whoever erases it may be faster */
    if (linkat(folder, temporary, folder, piece, 0) != 0) {
        int why = errno;
        atomic_fetch_sub(&d->usage, len);
        return why == EEXIST ? 0 : error_of(why);
    }
    if (fsync(folder) == 0) return 1;
    (void)error_of(errno);
    (void)unlink_piece(d, folder, piece);
    return ERR_UNKNOWN_OUTCOME;
}

/* The name is taken.  The same bytes are put again, in place of those that are there. */
static int
put_again(int folder, const char *temporary, const char *piece, const void *data, size_t len) {
    int result = compare_piece(folder, piece, data, len);
    if (result != 0) return result;
    if (renameat(folder, temporary, folder, piece) == 0 && fsync(folder) == 0) return 0;
    (void)error_of(errno);
    return ERR_UNKNOWN_OUTCOME;
}

static int
put_in(struct blobs_directory *d, int folder, const char *piece, const void *data, size_t len) {
    char temporary[32];
    (void)snprintf(temporary, sizeof(temporary), TEMPORARY "%" PRIuFAST64,
                   atomic_fetch_add(&d->temporaries, 1));
    int result = write_temporary(folder, temporary, data, len);
    if (result == 0) {
        (void)pthread_rwlock_rdlock(&d->linking);
        result = link_piece(d, folder, temporary, piece, len);
        (void)pthread_rwlock_unlock(&d->linking);
        if (result == 0) {
            (void)pthread_rwlock_wrlock(&d->linking);
            result = put_again(folder, temporary, piece, data, len);
            (void)pthread_rwlock_unlock(&d->linking);
        }
    }
    (void)unlinkat(folder, temporary, 0);
    return result;
}

/* Whether ${more} bytes leave min_free bytes of the disk free. */
static bool
has_room(const struct blobs_directory *d, size_t more) {
    if (d->min_free == 0) return true;
    uint64_t room = fs_free_space(d->root);
    return room >= d->min_free && room - d->min_free >= more;
}

static int
dir_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    char piece[PIECE_LEN_MAX];
    if (!name_ok(name)) return ERR_STORE;
    if (!has_room(d, len)) return ERR_FULL;
    int folder = folder_of(d, name, true);
    if (folder < 0) return error_of(errno);
    piece_name(name, k, piece);
    int result = put_in(d, folder, piece, data, len);
    (void)close(folder);
    return result;
}

static int
dir_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    char piece[PIECE_LEN_MAX];
    if (!name_ok(name)) return ERR_STORE;
    int folder = folder_of((struct blobs_directory *)b, name, false);
    if (folder < 0) return errno == ENOENT ? 0 : error_of(errno);
    piece_name(name, k, piece);
    int result = read_piece(folder, piece, out);
    (void)close(folder);
    return result;
}

/* An erase is over, 0 or errno being ${why}.  Returns as blobs_ops.erase.  On a disk that is broken
 * each sweep fails for thousands of pieces: the first of those in a row is logged. */
static int
erased(struct blobs_directory *d, int why) {
    bool failed = atomic_exchange(&d->erase_fails, why != 0);
    if (why == 0) return 0;
    if (!failed) (void)error_of(why);
    return ERR_STORE;
}

/* Remove pieces, and let that be on the disk.  Returns as blobs_ops.erase. */
static int
erase_in(struct blobs_directory *d, int folder, const char *name, uint32_t first, uint32_t count) {
    char piece[PIECE_LEN_MAX];
    bool changed = false;
    int why = 0;
    for (uint32_t i = 0; i < count; i++) {
        piece_name(name, first + i, piece);
        int removed = remove_piece(d, folder, piece);
        if (removed > 0) changed = true;
        if (removed < 0) why = errno;
    }
    /* What is not there any more may have been removed by an erase whose sync failed. */
    if (fs_sync_names(folder, changed) != 0) why = errno;
    return erased(d, why);
}

static int
dir_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    if (!name_ok(name)) return ERR_STORE;
    int folder = folder_of(d, name, false);
    if (folder >= 0) {
        int err = erase_in(d, folder, name, first, count);
        (void)close(folder);
        return err;
    }
    return errno == ENOENT ? 0 : erased(d, errno);
}

/*
 * Call ${visit} for each entry of the folder ${name} in ${at} but "." and "..", with a descriptor
 * of the folder.  Returns 0, or ERR_STORE if the folder cannot be read or a visit failed.
 */
static int
walk(int at, const char *name, int (*visit)(int folder, const char *entry, void *ctx), void *ctx) {
    int err = 0;
    int fd = open_folder(at, name);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) (void)close(fd);
        return ERR_STORE;
    }
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (e == NULL) break;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (visit(dirfd(dir), e->d_name, ctx) != 0) err = ERR_STORE;
    }
    if (errno != 0) err = ERR_STORE;
    (void)closedir(dir);
    return err;
}

struct tidying {
    struct blobs_directory *dir;
    bool (*known)(void *ctx, const char *name);
    void *ctx;
    int (*visit)(int folder, const char *piece, void *tidying);
};

static int
visit_folder(int root, const char *name, void *ctx) {
    struct tidying *t = ctx;
    if (strlen(name) != FOLDER_LEN) return 0; /* not ours */
    return walk(root, name, t->visit, t);
}

/* Remove ${piece} if its blob is not known. */
static int
tidy_piece(int folder, const char *piece, void *ctx) {
    struct tidying *t = ctx;
    char name[NAME_LEN_MAX + 1];
    const char *dot = strrchr(piece, '.');
    size_t len = dot == NULL ? 0 : (size_t)(dot - piece);
    if (len == 0 || len > NAME_LEN_MAX) return 0; /* being written, or not ours */
    memcpy(name, piece, len);
    name[len] = '\0';
    if (t->known(t->ctx, name)) return 0;
    return remove_piece(t->dir, folder, piece) < 0 ? ERR_STORE : 0;
}

static int
dir_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    struct tidying t = {.dir = d, .known = known, .ctx = ctx, .visit = tidy_piece};
    return walk(d->root, ".", visit_folder, &t);
}

/* At start: count what is there, and remove what was being written when a crash came. */
static int
count_piece(int folder, const char *piece, void *ctx) {
    struct tidying *t = ctx;
    struct stat st;
    if (strncmp(piece, TEMPORARY, strlen(TEMPORARY)) == 0)
        return unlinkat(folder, piece, 0) == 0 ? 0 : ERR_STORE;
    if (fstatat(folder, piece, &st, AT_SYMLINK_NOFOLLOW) != 0) return ERR_STORE;
    atomic_fetch_add(&t->dir->usage, (uint64_t)st.st_size);
    return 0;
}

static uint64_t
dir_usage(struct blobs *b) {
    return atomic_load(&((struct blobs_directory *)b)->usage);
}

static int
dir_ping(struct blobs *b) {
    return faccessat(((struct blobs_directory *)b)->root, ".", R_OK | W_OK | X_OK, 0) == 0
               ? 0
               : ERR_STORE;
}

static void
dir_close(struct blobs *b) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    if (d == NULL) return;
    if (d->root >= 0) (void)close(d->root);
    (void)pthread_rwlock_destroy(&d->linking);
    (void)pthread_mutex_destroy(&d->making);
    free(d);
}

static const struct blobs_ops dir_ops = {
    .put = dir_put,
    .get = dir_get,
    .erase = dir_erase,
    .tidy = dir_tidy,
    .usage = dir_usage,
    .ping = dir_ping,
    .close = dir_close,
};

/* Open and lock the directory, and count what is in it.  Returns as blobs_directory_open. */
static int
take(struct blobs_directory *d, const char *path) {
    struct tidying t = {.dir = d, .visit = count_piece};
    if (fs_make_dir(path) != 0) return ERR_STORE;
    d->root = open_folder(AT_FDCWD, path);
    if (d->root < 0) return ERR_STORE;
    if (flock(d->root, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? ERR_BUSY : ERR_STORE;
    return walk(d->root, ".", visit_folder, &t);
}

int
blobs_directory_open(const char *path, uint64_t min_free, struct blobs **out) {
    struct blobs_directory *d = calloc(1, sizeof(*d));
    pthread_rwlockattr_t attr;
    *out = NULL;
    if (d == NULL) return ERR_NOMEM;
    (void)pthread_mutex_init(&d->making, NULL);
    (void)pthread_rwlockattr_init(&attr);
    /* One who waits to write is not kept waiting by those who come after him. */
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&d->linking, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    d->base.ops = &dir_ops;
    d->root = -1;
    d->min_free = min_free;
    int err = take(d, path);
    if (err == 0) {
        *out = &d->base;
        return 0;
    }
    int why = errno;
    dir_close(&d->base);
    errno = why;
    return err;
}
