/* SPDX-License-Identifier: MIT */
#include "store/blobs/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "blobs_contract.h"
#include "scratch.h"
#include "syncs.h"

#define NAME "Name000000000000000001"

static char top[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];

static struct blobs *
open_again(void) {
    struct blobs *b = NULL;
    return blobs_directory_open(path, 0, &b) == 0 ? b : NULL;
}

static struct blobs *
open_dir(void) {
    scratch_make(top);
    (void)snprintf(path, sizeof(path), "%s/parts", top);
    return open_again();
}

static struct blobs *
reopen_dir(struct blobs *b) {
    b->ops->close(b);
    return open_again();
}

static void
finish_dir(struct blobs *b) {
    b->ops->close(b);
    scratch_remove(top);
}

static int
setup(void **state) {
    *state = open_dir();
    return *state == NULL ? -1 : 0;
}

static int
teardown(void **state) {
    finish_dir(*state);
    return 0;
}

/* "PATH/${tail}", valid until the next call. */
static const char *
below(const char *tail) {
    static char out[SCRATCH_PATH_MAX + 64];
    (void)snprintf(out, sizeof(out), "%s/%s", path, tail);
    return out;
}

static int
mode_of(const char *file) {
    struct stat st;
    assert_int_equal(lstat(file, &st), 0);
    return (int)(st.st_mode & 07777);
}

static void
test_nobody_else_may_read(void **state) {
    struct blobs *b = *state;
    mode_t before = umask(0);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    (void)umask(before);
    assert_int_equal(mode_of(path), 0700);
    assert_int_equal(mode_of(below("Na")), 0700);
    assert_int_equal(mode_of(below("Na/" NAME ".0")), 0600);
}

static void
test_links_are_not_followed(void **state) {
    struct blobs *b = *state;
    struct buf out = BUF_INIT(100);
    char away[SCRATCH_PATH_MAX + 8];
    (void)snprintf(away, sizeof(away), "%s/away", top);
    assert_int_equal(mkdir(away, 0700), 0);
    assert_int_equal(symlink(away, below("Na")), 0);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_STORE);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), ERR_STORE);
    assert_int_equal(rmdir(away), 0); /* nothing was put there */
    assert_int_equal(unlink(below("Na")), 0);

    assert_int_equal(b->ops->put(b, NAME, 1, "x", 1), 1);
    assert_int_equal(symlink("/etc/hostname", below("Na/" NAME ".0")), 0);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), ERR_STORE);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_STORE);
    assert_int_equal(b->ops->get(b, NAME, 1, &out), 1);
    buf_free(&out);
}

static void
test_hostile_names_are_refused(void **state) {
    static const char *const names[] = {"",        "a",     "..", "../x", "a/b",
                                        ".hidden", "Na me", "a.", "a..",  "\xC3\xA9t\xC3\xA9"};
    struct blobs *b = *state;
    struct buf out = BUF_INIT(100);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(b->ops->put(b, names[i], 0, "x", 1), ERR_STORE);
        assert_int_equal(b->ops->get(b, names[i], 0, &out), ERR_STORE);
        assert_int_equal(b->ops->erase(b, names[i], 0, 1), ERR_STORE);
    }
}

static void
test_half_written_parts_are_removed_at_start(void **state) {
    struct blobs *b = *state;
    assert_int_equal(b->ops->put(b, NAME, 0, "whole", 5), 1);
    int fd = open(below("Na/.17"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "half", 4), 4);
    assert_int_equal(close(fd), 0);
    *state = b = reopen_dir(b);
    assert_non_null(b);
    assert_int_equal(access(below("Na/.17"), F_OK), -1);
    assert_int_equal(b->ops->usage(b), 5);
}

static void
test_no_temporary_file_stays(void **state) {
    struct blobs *b = *state;
    assert_int_equal(b->ops->put(b, NAME, 0, "a", 1), 1);
    assert_int_equal(b->ops->put(b, NAME, 0, "a", 1), 0);
    assert_int_equal(b->ops->put(b, NAME, 0, "b", 1), ERR_CONFLICT);
    assert_int_equal(scratch_count_files(below("Na")), 1);
    assert_int_equal(b->ops->erase(b, NAME, 0, 1), 0);
    assert_int_equal(scratch_count_files(below("Na")), 0);
}

static void
test_a_second_process_is_kept_out(void **state) {
    struct blobs *second = NULL;
    (void)state;
    assert_int_equal(blobs_directory_open(path, 0, &second), ERR_BUSY);
    assert_null(second);
}

/* A file that may not grow stands for a full disk: the write fails half way. */
static void
test_a_failed_write_leaves_nothing(void **state) {
    struct blobs *b = *state;
    static const uint8_t data[10000];
    pid_t child = fork();
    if (child == 0) {
        struct rlimit small = {.rlim_cur = 4096, .rlim_max = 4096};
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &small) != 0) _exit(9);
        _exit(b->ops->put(b, NAME, 0, data, sizeof(data)) == ERR_STORE ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(scratch_count_files(below("Na")), 0);
}

static ino_t
inode_of(const char *file) {
    struct stat st;
    assert_int_equal(lstat(file, &st), 0);
    return st.st_ino;
}

/* The fsyncs of a first put: of the root, of the file, of the subdirectory. */
static void
test_what_may_not_be_on_the_disk_is_not_there(void **state) {
    static const int answers[] = {ERR_STORE, ERR_STORE, ERR_UNKNOWN_OUTCOME};
    struct blobs *b = *state;
    struct buf out = BUF_INIT(100);
    for (int n = 0; n < 3; n++) {
        char name[] = NAME;
        name[0] = (char)('A' + n); /* a subdirectory of its own */
        char subdir[] = {name[0], 'a', '\0'};
        syncs_fail_at(n + 1);
        assert_int_equal(b->ops->put(b, name, 0, "x", 1), answers[n]);
        assert_int_equal(syncs_to_come(), 0);
        assert_int_equal(b->ops->get(b, name, 0, &out), 0);
        assert_int_equal(b->ops->usage(b), (uint64_t)n);
        if (n == 0) assert_int_equal(access(below(subdir), F_OK), -1);
        else assert_int_equal(scratch_count_files(below(subdir)), 0);
        assert_int_equal(b->ops->put(b, name, 0, "x", 1), 1);
    }
    buf_free(&out);
}

static time_t
changed_at(const char *file) {
    struct stat st;
    assert_int_equal(lstat(file, &st), 0);
    return st.st_mtime;
}

static void
make_old(const char *file) {
    const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, file, old, 0), 0);
}

/* A subdirectory of an earlier process, which may have died before it was durable. */
static void
test_a_folder_in_doubt_is_written_again(void **state) {
    struct blobs *b = *state;
    assert_int_equal(mkdir(below("Na"), 0700), 0);
    syncs_fail_at(1);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_STORE);
    assert_int_equal(syncs_to_come(), 0);
    /* An fsync that succeeds proves nothing unless there was something to write. */
    make_old(path);
    *state = b = reopen_dir(b);
    assert_non_null(b);
    assert_int_equal(changed_at(path), 1);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    assert_true(changed_at(path) > 1);
    assert_int_equal(scratch_count_files(path), 1);
    /* A subdirectory that is known to be durable is not synced again. */
    make_old(path);
    assert_int_equal(b->ops->put(b, NAME, 1, "x", 1), 1);
    assert_int_equal(changed_at(path), 1);
}

/* The store itself is a name in its parent directory. */
static void
test_a_new_store_is_on_the_disk(void **state) {
    struct blobs *b = *state;
    b->ops->close(b);
    *state = b = NULL;
    assert_int_equal(rmdir(path), 0);
    syncs_fail_at(1);
    assert_int_equal(blobs_directory_open(path, 0, &b), ERR_STORE);
    assert_int_equal(errno, EIO);
    assert_int_equal(syncs_to_come(), 0);
    assert_int_equal(access(path, F_OK), -1); /* so that the next start makes it again */
    assert_int_equal(blobs_directory_open(path, 0, &b), 0);
    *state = b;
}

/*
 * The parts are gone from the directory as the kernel shows it, but the fsync of that failed: the
 * kernel may have dropped the change, and a power failure brings the parts back.
 */
static void
test_an_erase_in_doubt_is_written_again(void **state) {
    struct blobs *b = *state;
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    assert_int_equal(b->ops->put(b, NAME, 1, "x", 1), 1);
    syncs_fail_at(1);
    assert_int_equal(b->ops->erase(b, NAME, 0, 2), ERR_STORE);
    assert_int_equal(syncs_to_come(), 0);
    assert_int_equal(scratch_count_files(below("Na")), 0);
    for (int i = 0; i < 2; i++) { /* this process, and a later one, which knows of no failure */
        make_old(below("Na"));
        assert_int_equal(b->ops->erase(b, NAME, 0, 2), 0);
        assert_true(changed_at(below("Na")) > 1);
        assert_int_equal(scratch_count_files(below("Na")), 0);
        *state = b = reopen_dir(b);
        assert_non_null(b);
    }
    /* It counts only after a change followed by an fsync that succeeds. */
    syncs_fail_at(1);
    assert_int_equal(b->ops->erase(b, NAME, 0, 2), ERR_STORE);
    /* Where the directory cannot be changed, an erase cannot be confirmed. */
    assert_int_equal(symlink("/nowhere", below("Na/.touch")), 0);
    assert_int_equal(b->ops->erase(b, NAME, 0, 2), ERR_STORE);
    assert_int_equal(unlink(below("Na/.touch")), 0);
    assert_int_equal(b->ops->erase(b, NAME, 0, 2), 0);
}

/* Returns the number of lines that ${count} erases log whose fsyncs all fail. */
static int
lines_of_failures(struct blobs *b, int count) {
    char file[SCRATCH_PATH_MAX + 8];
    (void)snprintf(file, sizeof(file), "%s/log", top);
    int log = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), saved = dup(STDERR_FILENO);
    assert_true(log >= 0 && saved >= 0 && dup2(log, STDERR_FILENO) >= 0);
    for (int i = 0; i < count; i++) {
        syncs_fail_at(1);
        assert_int_equal(b->ops->erase(b, NAME, 0, 2), ERR_STORE);
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    char text[4096];
    ssize_t len = pread(log, text, sizeof(text), 0);
    assert_in_range(len, 0, (ssize_t)sizeof(text) - 1);
    int lines = 0;
    for (ssize_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    (void)close(log);
    (void)close(saved);
    return lines;
}

static void
test_a_broken_disk_does_not_fill_the_log(void **state) {
    struct blobs *b = *state;
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    assert_int_equal(lines_of_failures(b, 10), 1);
    assert_int_equal(b->ops->erase(b, NAME, 0, 2), 0);
    assert_int_equal(lines_of_failures(b, 10), 1); /* logged again after an erase that succeeded */
}

/* Whether the names of the subdirectory were changed since the last call, as the rule of fsync asks
 * of who confirms what is there. */
static bool
names_have_changed(void) {
    bool changed = changed_at(below("Na")) > 1;
    make_old(below("Na"));
    return changed;
}

/* Nobody can write to the disk for ever by sending one part. */
static void
test_the_same_bytes_are_confirmed_and_not_written(void **state) {
    struct blobs *b = *state;
    struct buf out = BUF_INIT(100);
    const char *part = below("Na/" NAME ".0");
    char file[SCRATCH_PATH_MAX];
    (void)snprintf(file, sizeof(file), "%s", part);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    ino_t first = inode_of(file);
    make_old(file);
    (void)names_have_changed();
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 0);
    assert_true(inode_of(file) == first && changed_at(file) == 1);
    assert_true(names_have_changed());
    assert_int_equal(b->ops->put(b, NAME, 0, "y", 1), ERR_CONFLICT);
    assert_false(names_have_changed());

    /* They were durable before, and a failure now does not remove them. */
    syncs_fail_at(1);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_UNKNOWN_OUTCOME);
    assert_int_equal(syncs_to_come(), 0);
    (void)names_have_changed();
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 0);
    assert_true(names_have_changed());
    assert_int_equal(b->ops->get(b, NAME, 0, &out), 1);
    assert_int_equal(b->ops->usage(b), 1);
    assert_int_equal(scratch_count_files(below("Na")), 1);
    buf_free(&out);
}

/* Replaces the C library's function. */
static bool unlinks_fail;

int
unlinkat(int dir, const char *name, int flags) {
    if (unlinks_fail && strcmp(name, NAME ".0") == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_unlinkat, dir, name, flags);
}

/* A put whose name may not be on the disk, and that could not be taken back.  A later process,
 * which knows of no failure, does not count it as durable before its names have changed. */
static void
test_a_put_in_doubt_is_confirmed_by_a_change(void **state) {
    struct blobs *b = *state;
    assert_int_equal(b->ops->put(b, NAME, 1, "x", 1), 1);
    syncs_fail_at(2); /* of the file, of the subdirectory */
    unlinks_fail = true;
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_UNKNOWN_OUTCOME);
    assert_int_equal(syncs_to_come(), 0);
    unlinks_fail = false;
    assert_int_equal(access(below("Na/" NAME ".0"), F_OK), 0);

    *state = b = reopen_dir(b);
    assert_non_null(b);
    (void)names_have_changed();
    syncs_fail_at(2); /* the first is that of the root */
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_UNKNOWN_OUTCOME);
    assert_int_equal(syncs_to_come(), 0);
    (void)names_have_changed();
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 0);
    assert_true(names_have_changed());
}

static void
test_the_reserve_of_the_disk_is_kept(void **state) {
    struct blobs *b = *state;
    struct statvfs fs;
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    b->ops->close(b);
    assert_int_equal(statvfs(path, &fs), 0);
    assert_int_equal(blobs_directory_open(path, (uint64_t)fs.f_blocks * fs.f_frsize + 1, &b), 0);
    *state = b;
    assert_int_equal(b->ops->put(b, NAME, 1, "x", 1), ERR_FULL);
    assert_int_equal(scratch_count_files(below("Na")), 1);
    assert_int_equal(b->ops->erase(b, NAME, 0, 2), 0);
}

static void
test_open_tells_why_it_cannot(void **state) {
    struct blobs *b = NULL;
    (void)state;
    assert_int_equal(blobs_directory_open("/nowhere/at/all", 0, &b), ERR_STORE);
    assert_int_equal(errno, ENOENT);
    assert_null(b);
}

int
main(void) {
    static const struct blobs_factory factory = {
        .name = "blobs in a directory",
        .open = open_dir,
        .reopen = reopen_dir,
        .finish = finish_dir,
        .local = true,
        .pipes = true,
        .race_rounds = 5,
    };
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_nobody_else_may_read),
        CASE(test_links_are_not_followed),
        CASE(test_hostile_names_are_refused),
        CASE(test_half_written_parts_are_removed_at_start),
        CASE(test_no_temporary_file_stays),
        CASE(test_a_second_process_is_kept_out),
        CASE(test_a_failed_write_leaves_nothing),
        CASE(test_what_may_not_be_on_the_disk_is_not_there),
        CASE(test_a_folder_in_doubt_is_written_again),
        CASE(test_a_new_store_is_on_the_disk),
        CASE(test_an_erase_in_doubt_is_written_again),
        CASE(test_a_broken_disk_does_not_fill_the_log),
        CASE(test_the_same_bytes_are_confirmed_and_not_written),
        CASE(test_a_put_in_doubt_is_confirmed_by_a_change),
        CASE(test_the_reserve_of_the_disk_is_kept),
        CASE(test_open_tells_why_it_cannot),
    };
    int failed = blobs_contract_run(&factory);
    return failed + cmocka_run_group_tests_name("the directory itself", tests, NULL, NULL);
}
