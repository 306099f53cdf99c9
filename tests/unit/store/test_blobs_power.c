/* SPDX-License-Identifier: MIT */
/*
 * What a power failure leaves of the blob store in a directory, while its fsyncs fail.  The disk of
 * this test holds the names that each directory had when an fsync of it last wrote something.  An
 * fsync that fails drops what there was to write.  An fsync of an unchanged directory writes
 * nothing and succeeds.  At any moment, a part that put reported as durable must be there, and a
 * part that erase reported as gone must be gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "prng.h"
#include "scratch.h"
#include "store/blobs/directory.h"
#include "syncs.h"

enum { WATCHED_MAX = 64, NAMES_MAX = 32, NAME_ROOM = 64, PIECES = 3, STEPS = 150, RUNS = 40 };

/* Two in one subdirectory, one in another. */
static const char *const blobs[] = {"Name000000000000000001", "Name000000000000000002",
                                    "Other00000000000000003"};

static char top[SCRATCH_PATH_MAX], parts[SCRATCH_PATH_MAX + 8];

struct watched_dir {
    ino_t inode;
    bool changed; /* since the last fsync */
    char on_disk[NAMES_MAX][NAME_ROOM];
    int count;
};

static struct watched_dir watched[WATCHED_MAX];
static int watched_count;
static bool touch_is_no_change; /* the planted fault: ".touch" does not count as a change */

static struct watched_dir *
watched_of(ino_t inode) {
    for (int i = 0; i < watched_count; i++)
        if (watched[i].inode == inode) return &watched[i];
    assert_true(watched_count < WATCHED_MAX);
    watched[watched_count] = (struct watched_dir){.inode = inode};
    return &watched[watched_count++];
}

/* A name in ${dir} was added or removed. */
static void
note_change(int dir) {
    struct stat st;
    assert_int_equal(fstat(dir, &st), 0);
    watched_of(st.st_ino)->changed = true;
}

/* Replace the C library's functions, one of which every change of a directory uses. */
int
linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    int result = (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
    if (result == 0) note_change(to_dir);
    return result;
}

int
unlinkat(int dir, const char *name, int flags) {
    int result = (int)syscall(SYS_unlinkat, dir, name, flags);
    int why = errno;
    if (result == 0 && !(touch_is_no_change && strcmp(name, ".touch") == 0)) note_change(dir);
    errno = why;
    return result;
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to) {
    int result = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
    if (result == 0) note_change(to_dir);
    return result;
}

int
mkdirat(int dir, const char *name, mode_t mode) {
    struct stat st;
    int result = (int)syscall(SYS_mkdirat, dir, name, mode);
    int why = errno;
    if (result == 0) {
        note_change(dir);
        assert_int_equal(fstatat(dir, name, &st, 0), 0);
        watched_of(st.st_ino)->count = 0; /* an earlier directory may have had that inode number */
    }
    errno = why;
    return result;
}

/* These two are used for the store's own directory only. */
int
mkdir(const char *path, mode_t mode) {
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0 && strcmp(path, parts) == 0);
    int result = mkdirat(dir, "parts", mode);
    int why = errno;
    (void)close(dir);
    errno = why;
    return result;
}

int
rmdir(const char *path) {
    int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0 && strcmp(path, parts) == 0);
    int result = unlinkat(dir, "parts", AT_REMOVEDIR);
    (void)close(dir);
    return result;
}

static void
write_names(struct watched_dir *f, int dir) {
    char path[32];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    f->count = 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        assert_true(f->count < NAMES_MAX && strlen(e->d_name) < NAME_ROOM);
        (void)snprintf(f->on_disk[f->count++], NAME_ROOM, "%.63s", e->d_name);
    }
    (void)closedir(d);
}

static void
after_sync(int fd, bool well) {
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    if (!S_ISDIR(st.st_mode)) return;
    struct watched_dir *f = watched_of(st.st_ino);
    if (well && f->changed) write_names(f, fd);
    f->changed = false;
}

static bool
has(const struct watched_dir *f, const char *name) {
    for (int i = 0; i < f->count; i++)
        if (strcmp(f->on_disk[i], name) == 0) return true;
    return false;
}

/* Whether the name ${name} in the directory ${path} would survive a power failure. */
static bool
is_on_disk(const char *path, const char *name) {
    struct stat st;
    return stat(path, &st) == 0 && has(watched_of(st.st_ino), name);
}

static bool
part_is_on_disk(const char *name, int k) {
    char prefix[3] = {name[0], name[1], '\0'}, subdir[sizeof(parts) + 4], part[NAME_ROOM];
    (void)snprintf(subdir, sizeof(subdir), "%s/%s", parts, prefix);
    (void)snprintf(part, sizeof(part), "%s.%d", name, k);
    return is_on_disk(top, "parts") && is_on_disk(parts, prefix) && is_on_disk(subdir, part);
}

enum word { NOTHING, DURABLE, GONE }; /* what the store reported last of a part */

struct run {
    struct prng prng;
    struct blobs *blobs;
    enum word said[ARRAY_LEN(blobs)][PIECES];
};

static void
put(struct run *r, size_t n, uint32_t k) {
    int result = r->blobs->ops->put(r->blobs, blobs[n], k, "x", 1);
    assert_true(result >= 0 || result == ERR_STORE || result == ERR_UNKNOWN_OUTCOME);
    /* A part that was durable stays so, whatever the second put returned. */
    if (result >= 0) r->said[n][k] = DURABLE;
    else if (r->said[n][k] == GONE) r->said[n][k] = NOTHING;
}

static void
erase(struct run *r, size_t n) {
    int result = r->blobs->ops->erase(r->blobs, blobs[n], 0, PIECES);
    assert_true(result == 0 || result == ERR_STORE);
    for (uint32_t k = 0; k < PIECES; k++)
        if (result == 0) r->said[n][k] = GONE;
        else if (r->said[n][k] == DURABLE) r->said[n][k] = NOTHING;
}

/* Start another process, which knows of no failure. */
static void
restart(struct run *r) {
    if (r->blobs != NULL) r->blobs->ops->close(r->blobs);
    r->blobs = NULL;
    while (r->blobs == NULL)
        if (blobs_directory_open(parts, 0, &r->blobs) != 0) assert_int_equal(errno, EIO);
}

/* An fsync of ${dir} fails, and the process dies before it learns that. */
static void
forget_changes(int dir) {
    struct stat st;
    assert_int_equal(fstat(dir, &st), 0);
    watched_of(st.st_ino)->changed = false;
}

/*
 * The process dies after a part got its name, and maybe after its subdirectory was made.  Nothing
 * of that is durable yet.  With ${forgotten} the kernel has dropped it.
 */
static void
die_in_put(struct run *r, size_t n, uint32_t k, bool forgotten) {
    char name[NAME_ROOM];
    int root = open(parts, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(name, sizeof(name), "%.2s", blobs[n]);
    if (mkdirat(root, name, 0700) == 0 && forgotten) forget_changes(root);
    int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    (void)snprintf(name, sizeof(name), "%s.%u", blobs[n], k);
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        assert_int_equal(write(fd, "x", 1), 1);
        (void)close(fd);
        note_change(dir);
        if (forgotten) forget_changes(dir);
        r->said[n][k] = NOTHING;
    }
    (void)close(dir);
    (void)close(root);
    restart(r);
}

static bool
all_is_as_said(const struct run *r) {
    for (size_t n = 0; n < ARRAY_LEN(blobs); n++)
        for (int k = 0; k < PIECES; k++) {
            bool there = part_is_on_disk(blobs[n], k);
            if (r->said[n][k] == (there ? GONE : DURABLE)) return false;
        }
    return true;
}

static void
step(struct run *r) {
    size_t n = prng_below(&r->prng, ARRAY_LEN(blobs));
    uint32_t k = (uint32_t)prng_below(&r->prng, PIECES);
    uint64_t what = prng_below(&r->prng, 16);
    syncs_fail_at((int)prng_below(&r->prng, 6)); /* 0: none */
    if (what == 0) restart(r);
    else if (what == 1) die_in_put(r, n, k, prng_below(&r->prng, 2) == 0);
    else if (what < 10) put(r, n, k);
    else erase(r, n);
}

/* Returns whether every report of the store held after every step. */
static bool
run(uint64_t seed) {
    struct run r = {.prng = {seed}};
    bool held = true;
    watched_count = 0;
    scratch_make_fast(top);
    (void)snprintf(parts, sizeof(parts), "%s/parts", top);
    syncs_watch(after_sync);
    restart(&r);
    for (int i = 0; i < STEPS && held; i++) {
        step(&r);
        syncs_fail_at(0);
        held = all_is_as_said(&r);
        if (!held && !touch_is_no_change) print_message("seed %ju, step %d\n", (uintmax_t)seed, i);
    }
    syncs_watch(NULL);
    r.blobs->ops->close(r.blobs);
    scratch_remove(top);
    return held;
}

static void
test_what_was_said_outlives_a_power_failure(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        assert_true(run(seed));
}

/* The control: without the change before an fsync, the reports do not hold. */
static void
test_a_sync_of_an_unchanged_folder_proves_nothing(void **state) {
    int held = 0;
    (void)state;
    touch_is_no_change = true;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        held += run(seed);
    touch_is_no_change = false;
    print_message("held in %d of %d runs\n", held, RUNS);
    assert_true(held < RUNS / 2);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_said_outlives_a_power_failure),
        cmocka_unit_test(test_a_sync_of_an_unchanged_folder_proves_nothing),
    };
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    return cmocka_run_group_tests_name("power failures of the directory", tests, NULL, NULL);
}
