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
#include "store/blobs/part_file.h"
#include "store/fs.h"

enum {
    NAME_LEN_MAX = 64,
    SUBDIR_LEN = 2,
    PART_NAME_MAX = NAME_LEN_MAX + 12, /* "NAME.4294967295" */
};

/* No blob's name begins like this. */
#define TEMPORARY "."

struct blobs_directory {
    struct blobs base;
    int root;
    uint64_t min_free; /* bytes of the disk that stay free */
    atomic_uint_fast64_t usage;
    atomic_uint_fast64_t temporaries; /* made so far; each gets a name of its own */
    atomic_bool durable[128][128];    /* subdirectories, by their two characters */
    atomic_bool erase_fails;          /* the last erase failed, and that was logged */
    pthread_mutex_t making;           /* held while a subdirectory is made */

    /*
     * Held for reading while a part is removed, and from the link of a part until it is durable or
     * removed again.  So who has had the lock for writing knows that a part that was there then is
     * no longer in the hands of its put.
     */
    pthread_rwlock_t linking;
};

static bool
is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_blob_name(const char *name) {
    size_t len = strlen(name);
    if (len < SUBDIR_LEN || len > NAME_LEN_MAX || name[0] == '.' || name[1] == '.') return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(name[i]) && name[i] != '.') return false;
    return true;
}

/* --- subdirectories --------------------------------------------------------------------------- */

static int
open_dir_at(int at, const char *name) {
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Make ${subdir} if it is not there, durably.  Returns 0, or -1 with errno set. */
static int
make_subdir(struct blobs_directory *d, const char *subdir) {
    bool made = mkdirat(d->root, subdir, 0700) == 0;
    if (!made && errno != EEXIST) return -1;
    if (fs_sync_names(d->root, made) == 0) return 0;

    int saved_errno = errno;
    if (made) (void)unlinkat(d->root, subdir, AT_REMOVEDIR);
    errno = saved_errno;
    return -1;
}

/*
 * Open the subdirectory of ${name}.  With ${make} it is made, durably, if it is not there.  Returns
 * a descriptor, or -1 with errno set (ENOENT if it is not there).
 */
static int
open_subdir(struct blobs_directory *d, const char *name, bool make) {
    char subdir[SUBDIR_LEN + 1] = {name[0], name[1], '\0'};
    atomic_bool *durable = &d->durable[name[0] & 127][name[1] & 127];

    if (!make || atomic_load(durable)) {
        int fd = open_dir_at(d->root, subdir);
        if (fd >= 0 || errno != ENOENT || !make) return fd;
    }

    (void)pthread_mutex_lock(&d->making);
    int made = make_subdir(d, subdir);
    (void)pthread_mutex_unlock(&d->making);
    if (made != 0) return -1;

    atomic_store(durable, true);
    return open_dir_at(d->root, subdir);
}

/* --- one part --------------------------------------------------------------------------------- */

static void
format_part_name(const char *name, uint32_t k, char out[static PART_NAME_MAX]) {
    (void)snprintf(out, PART_NAME_MAX, "%s.%" PRIu32, name, k);
}

/* Remove ${part}.  Returns 1 if it was there, 0 if not, or ERR_STORE with errno set. */
static int
unlink_part(struct blobs_directory *d, int subdir, const char *part) {
    struct stat st;
    if (fstatat(subdir, part, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : ERR_STORE;

    /* If several threads erase it, only the one that removes the file counts it. */
    if (unlinkat(subdir, part, 0) != 0) return errno == ENOENT ? 0 : ERR_STORE;
    atomic_fetch_sub(&d->usage, (uint64_t)st.st_size);
    return 1;
}

/* As unlink_part(), for a part that another thread may be putting.  The lock is held for one
 * part only, so that a put does not wait for a long erase. */
static int
remove_part(struct blobs_directory *d, int subdir, const char *part) {
    (void)pthread_rwlock_rdlock(&d->linking);
    int removed = unlink_part(d, subdir, part);
    int saved_errno = errno;
    (void)pthread_rwlock_unlock(&d->linking);
    errno = saved_errno;
    return removed;
}

/* --- put -------------------------------------------------------------------------------------- */

/* Link the durable file ${temporary} to ${part}, durably.  A link, unlike a rename, never
 * replaces a file.  Returns 1; 0 if the name is taken; or a code. */
static int
link_part(struct blobs_directory *d, int subdir, const char *temporary, const char *part,
          size_t len) {
    /* Count it first: another thread may erase it at once. */
    atomic_fetch_add(&d->usage, len);
    if (linkat(subdir, temporary, subdir, part, 0) != 0) {
        int saved_errno = errno;
        atomic_fetch_sub(&d->usage, len);
        return saved_errno == EEXIST ? 0 : part_file_error(saved_errno);
    }

    if (fsync(subdir) == 0) return 1;
    (void)part_file_error(errno);
    (void)unlink_part(d, subdir, part);
    return ERR_UNKNOWN_OUTCOME;
}

/*
 * ${part} is there.  The bytes of a file with a name are durable: they were before it got the name.
 * Whether the name is, a failed fsync may have left in doubt, so equal bytes need a new change of
 * the names (the rule of fsync), and are not written again.  Returns 0 or a code.
 */
static int
confirm_part(struct blobs_directory *d, int subdir, const char *part, const void *data,
             size_t len) {
    struct stat before, after;
    if (fstatat(subdir, part, &before, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ERR_UNKNOWN_OUTCOME : part_file_error(errno);
    int result = part_file_compare(subdir, part, data, len);
    if (result != 0) return result;

    /* Another thread may still remove what it has linked, but not after this lock. */
    (void)pthread_rwlock_wrlock(&d->linking);
    bool stays =
        fstatat(subdir, part, &after, AT_SYMLINK_NOFOLLOW) == 0 && after.st_ino == before.st_ino;
    (void)pthread_rwlock_unlock(&d->linking);
    if (!stays) return ERR_UNKNOWN_OUTCOME;

    if (fs_sync_names(subdir, false) == 0) return 0;
    (void)part_file_error(errno);
    return ERR_UNKNOWN_OUTCOME;
}

/* Write and link the part, which was not there.  The order is a promise: the bytes are durable
 * before they get their name, and the name is durable before put returns. */
static int
put_new(struct blobs_directory *d, int subdir, const char *part, const void *data, size_t len) {
    char temporary[32];
    (void)snprintf(temporary, sizeof(temporary), TEMPORARY "%" PRIuFAST64,
                   atomic_fetch_add(&d->temporaries, 1));

    /* The lock that keeps erases out is taken after the slow write. */
    int result = part_file_write(subdir, temporary, data, len);
    if (result == 0) {
        (void)pthread_rwlock_rdlock(&d->linking);
        result = link_part(d, subdir, temporary, part, len);
        (void)pthread_rwlock_unlock(&d->linking);
        if (result == 0) result = confirm_part(d, subdir, part, data, len);
    }

    (void)unlinkat(subdir, temporary, 0);
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
directory_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    char part[PART_NAME_MAX];
    if (!is_blob_name(name)) return ERR_STORE;

    int subdir = open_subdir(d, name, true);
    if (subdir < 0) return part_file_error(errno);
    format_part_name(name, k, part);

    /* A part that is sent again costs a read, or a client could write to the disk for ever. */
    int result = ERR_FULL;
    if (faccessat(subdir, part, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        result = confirm_part(d, subdir, part, data, len);
    else if (has_room(d, len)) result = put_new(d, subdir, part, data, len);
    (void)close(subdir);
    return result;
}

/* --- get and erase ---------------------------------------------------------------------------- */

/* Find part ${k} of ${name}: write its file name to ${part}, and open its subdirectory.  Returns 1;
 * 0 if that is not there; or a code. */
static int
find_part(struct blobs *b, const char *name, uint32_t k, char part[static PART_NAME_MAX],
          int *subdir) {
    if (!is_blob_name(name)) return ERR_STORE;
    format_part_name(name, k, part);
    *subdir = open_subdir((struct blobs_directory *)b, name, false);
    if (*subdir >= 0) return 1;
    return errno == ENOENT ? 0 : part_file_error(errno);
}

static int
directory_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    char part[PART_NAME_MAX];
    int subdir, result = find_part(b, name, k, part, &subdir);
    if (result != 1) return result;
    result = part_file_read(subdir, part, out);
    (void)close(subdir);
    return result;
}

static int
directory_get_piped(struct blobs *b, const char *name, uint32_t k, size_t len, struct piped *out) {
    char part[PART_NAME_MAX];
    int subdir, result = find_part(b, name, k, part, &subdir);
    if (result != 1) return result;
    result = part_file_pipe(subdir, part, len, out);
    (void)close(subdir);
    return result;
}

/* An erase has ended with errno ${number}, or 0.  On a broken disk each sweep fails for
 * thousands of parts, so only the first failure in a row is logged.  Returns as blobs_ops.erase. */
static int
note_erase(struct blobs_directory *d, int number) {
    bool failed_before = atomic_exchange(&d->erase_fails, number != 0);
    if (number == 0) return 0;
    if (!failed_before) (void)part_file_error(number);
    return ERR_STORE;
}

/* Remove parts, durably.  Returns as blobs_ops.erase. */
static int
erase_parts(struct blobs_directory *d, int subdir, const char *name, uint32_t first,
            uint32_t count) {
    char part[PART_NAME_MAX];
    bool changed = false;
    int failure = 0;

    for (uint32_t i = 0; i < count; i++) {
        format_part_name(name, first + i, part);
        int removed = remove_part(d, subdir, part);
        if (removed > 0) changed = true;
        if (removed < 0) failure = errno;
    }

    /* A part that is not there may have been removed by an erase whose fsync failed. */
    if (fs_sync_names(subdir, changed) != 0) failure = errno;
    return note_erase(d, failure);
}

static int
directory_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    if (!is_blob_name(name)) return ERR_STORE;

    int subdir = open_subdir(d, name, false);
    if (subdir < 0) return errno == ENOENT ? 0 : note_erase(d, errno);
    int err = erase_parts(d, subdir, name, first, count);
    (void)close(subdir);
    return err;
}

/* --- walks over all parts --------------------------------------------------------------------- */

typedef int (*visit_fn)(int dir, const char *entry, void *ctx);

/*
 * Call ${visit} for each entry of the directory ${name} in ${at} except "." and "..", with a
 * descriptor of the directory.  Returns 0, or ERR_STORE if it cannot be read or a visit failed.
 */
static int
walk_dir(int at, const char *name, visit_fn visit, void *ctx) {
    int err = 0;
    int fd = open_dir_at(at, name);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) (void)close(fd);
        return ERR_STORE;
    }

    /* readdir() reports an error by errno only. */
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

struct part_walk {
    struct blobs_directory *dir;
    bool (*known)(void *ctx, const char *name);
    void *ctx;
    visit_fn visit; /* for each part */
};

static int
visit_subdir(int root, const char *name, void *ctx) {
    struct part_walk *walk = ctx;
    if (strlen(name) != SUBDIR_LEN) return 0; /* not ours */
    return walk_dir(root, name, walk->visit, walk);
}

/* Remove ${part} if its blob is not known. */
static int
tidy_part(int subdir, const char *part, void *ctx) {
    struct part_walk *walk = ctx;
    char name[NAME_LEN_MAX + 1];
    const char *dot = strrchr(part, '.');
    size_t len = dot == NULL ? 0 : (size_t)(dot - part);
    if (len == 0 || len > NAME_LEN_MAX) return 0; /* a temporary file, or not ours */

    memcpy(name, part, len);
    name[len] = '\0';
    if (walk->known(walk->ctx, name)) return 0;
    return remove_part(walk->dir, subdir, part) < 0 ? ERR_STORE : 0;
}

static int
directory_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    struct part_walk walk = {.dir = d, .known = known, .ctx = ctx, .visit = tidy_part};
    return walk_dir(d->root, ".", visit_subdir, &walk);
}

/* At the start: count the parts, and remove the temporary files of a crash. */
static int
count_part(int subdir, const char *part, void *ctx) {
    struct part_walk *walk = ctx;
    struct stat st;
    if (strncmp(part, TEMPORARY, strlen(TEMPORARY)) == 0)
        return unlinkat(subdir, part, 0) == 0 ? 0 : ERR_STORE;
    if (fstatat(subdir, part, &st, AT_SYMLINK_NOFOLLOW) != 0) return ERR_STORE;
    atomic_fetch_add(&walk->dir->usage, (uint64_t)st.st_size);
    return 0;
}

/* --- the rest --------------------------------------------------------------------------------- */

static uint64_t
directory_usage(struct blobs *b) {
    return atomic_load(&((struct blobs_directory *)b)->usage);
}

static int
directory_ping(struct blobs *b) {
    const struct blobs_directory *d = (struct blobs_directory *)b;
    return faccessat(d->root, ".", R_OK | W_OK | X_OK, 0) == 0 ? 0 : ERR_STORE;
}

static void
directory_close(struct blobs *b) {
    struct blobs_directory *d = (struct blobs_directory *)b;
    if (d == NULL) return;
    if (d->root >= 0) (void)close(d->root);
    (void)pthread_rwlock_destroy(&d->linking);
    (void)pthread_mutex_destroy(&d->making);
    free(d);
}

static const struct blobs_ops directory_ops = {
    .put = directory_put,
    .get = directory_get,
    .get_piped = directory_get_piped,
    .erase = directory_erase,
    .tidy = directory_tidy,
    .usage = directory_usage,
    .ping = directory_ping,
    .close = directory_close,
};

/* Make, open and lock the directory, and count its parts.  Returns as blobs_directory_open(). */
static int
open_root(struct blobs_directory *d, const char *path) {
    struct part_walk walk = {.dir = d, .visit = count_part};
    if (fs_make_dir(path) != 0) return ERR_STORE;

    d->root = open_dir_at(AT_FDCWD, path);
    if (d->root < 0) return ERR_STORE;
    if (flock(d->root, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? ERR_BUSY : ERR_STORE;
    return walk_dir(d->root, ".", visit_subdir, &walk);
}

/* A thread that waits to write does not wait for readers that come later. */
static void
init_linking(pthread_rwlock_t *lock) {
    pthread_rwlockattr_t attr;
    (void)pthread_rwlockattr_init(&attr);
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(lock, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
}

int
blobs_directory_open(const char *path, uint64_t min_free, struct blobs **out) {
    struct blobs_directory *d = calloc(1, sizeof(*d));
    *out = NULL;
    if (d == NULL) return ERR_NOMEM;

    (void)pthread_mutex_init(&d->making, NULL);
    init_linking(&d->linking);
    d->base.ops = &directory_ops;
    d->root = -1;
    d->min_free = min_free;

    /* errno tells the caller which call failed. */
    int err = open_root(d, path);
    if (err == 0) {
        *out = &d->base;
        return 0;
    }
    int saved_errno = errno;
    directory_close(&d->base);
    errno = saved_errno;
    return err;
}
