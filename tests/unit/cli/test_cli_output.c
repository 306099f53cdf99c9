/* SPDX-License-Identifier: MIT */
/* Unfinished files and the lock that tells whose they are, at every step from name to name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/local/lockfile.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/output.h"

static char top[] = "/tmp/secrets-output-XXXXXX";

static int
setup(void **unused) {
    (void)unused;
    memcpy(top, "/tmp/secrets-output-XXXXXX", sizeof(top));
    return mkdtemp(top) == NULL ? -1 : 0;
}

static void
path_of(const char *name, char out[static 128]) {
    (void)snprintf(out, 128, "%s/%s", top, name);
}

static int
teardown(void **unused) {
    static const char *const names[] = {"a", "b", "out", "out-1"};
    char path[128];
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        path_of(names[i], path);
        (void)unlink(path);
    }
    return rmdir(top); /* fails where anything else was left */
}

static int
make_file(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* Whether somebody has the file ${path} locked. */
static bool
is_locked(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    bool locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
    (void)close(fd);
    return locked;
}

/* The calls that take a file's temporary name away, as the client makes them: with its lock? */
static unsigned seen_locked, seen_free;

static void
look(const char *path) {
    if (strstr(path, ".part") == NULL) return;
    if (is_locked(path)) seen_locked++;
    else seen_free++;
}

/* What the file system cannot do. */
static bool no_flags, no_links, no_replacing, no_renames, no_open_renames;

static int
refuse_with(int code) {
    errno = code;
    return -1;
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    look(from);
    if (no_flags) return refuse_with(EINVAL);
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int
link(const char *from, const char *to) {
    if (no_links) return refuse_with(EPERM);
    return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
rename(const char *from, const char *to) {
    if (no_renames) return refuse_with(EPERM);
    if (no_replacing && access(to, F_OK) == 0) return refuse_with(EEXIST);
    if (no_open_renames && is_locked(from)) return refuse_with(ETXTBSY);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path) {
    look(path);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static void
test_one_run_has_it(void **unused) {
    char a[128];
    (void)unused;
    path_of("a", a);
    int first = make_file(a), second = make_file(a);
    assert_int_equal(lockfile_lock(first, a), 0);
    assert_int_equal(lockfile_lock(second, a), ERR_BUSY);
    assert_int_equal(lockfile_remove(a, false), ERR_BUSY);
    assert_int_equal(access(a, F_OK), 0);
    (void)close(first);
    assert_int_equal(lockfile_lock(second, a), 0);
    (void)close(second);
    assert_int_equal(lockfile_remove(a, false), 0);
    assert_int_equal(access(a, F_OK), -1);
    assert_int_equal(lockfile_remove(a, false), 0);
}

static void
test_it_is_still_that_file(void **unused) {
    char a[128], b[128];
    (void)unused;
    path_of("a", a);
    path_of("b", b);
    /* Finished by who had it, between our open() and our lock. */
    int fd = make_file(a);
    assert_int_equal(rename(a, b), 0);
    assert_int_equal(lockfile_lock(fd, a), ERR_CONFLICT);
    /* Another one has its name by now. */
    int other = make_file(a);
    assert_int_equal(lockfile_lock(fd, a), ERR_CONFLICT);
    assert_int_equal(lockfile_lock(other, a), 0);
    (void)close(other);
    /* Two names: one may be the final one. */
    (void)close(fd);
    assert_int_equal(unlink(a), 0);
    assert_int_equal(link(b, a), 0);
    fd = make_file(a);
    assert_int_equal(lockfile_lock(fd, a), ERR_CONFLICT);
    (void)close(fd);
    assert_int_equal(lockfile_remove(a, false), 0);
    assert_int_equal(access(a, F_OK), 0);
}

/* An output to the file "out", begun, with five bytes in it. */
static void
begin(struct cli *cli, struct output *o, struct envelope_meta *meta, const char *again) {
    static char out[128];
    path_of("out", out);
    *cli = (struct cli){.opt = {.output = out, .quiet = true}, .random = &random_system};
    *meta = (struct envelope_meta){.size = 5};
    assert_int_equal(output_begin(cli, o, meta, again), CLI_DONE);
    if (again == NULL) assert_int_equal(access(o->temp, F_OK), -1);
    assert_int_equal(output_create(o), CLI_DONE);
    assert_int_equal(output_write(o, 0, (const uint8_t *)"whole", 5), 0);
    seen_locked = seen_free = 0;
}

static void
test_locked_until_it_has_its_name(void **unused) {
    struct cli cli;
    struct output o;
    struct envelope_meta meta;
    (void)unused;
    begin(&cli, &o, &meta, NULL);
    assert_true(is_locked(o.temp));
    assert_int_equal(output_finish(&cli, &o, &meta), CLI_DONE);
    assert_int_equal(seen_locked, 1);
    assert_int_equal(seen_free, 0);
    output_drop(&o, false);
    /* The hook does see a file that is not locked. */
    char part[128];
    path_of("x.part", part);
    (void)close(make_file(part));
    assert_int_equal(unlink(part), 0);
    assert_int_equal(seen_free, 1);
}

static void
test_locked_until_it_is_dropped(void **unused) {
    struct cli cli;
    struct output o;
    struct envelope_meta meta;
    (void)unused;
    begin(&cli, &o, &meta, NULL);
    output_drop(&o, false);
    assert_int_equal(seen_locked, 1);
    assert_int_equal(seen_free, 0);
}

static void
test_going_on(void **unused) {
    struct cli cli;
    struct output first, second;
    struct envelope_meta meta;
    char temp[OUTPUT_PATH_MAX];
    (void)unused;
    begin(&cli, &first, &meta, NULL);
    memcpy(temp, first.temp, sizeof(temp));
    /* Another run is at it: a file of its own. */
    begin(&cli, &second, &meta, temp);
    assert_true(second.elsewhere);
    assert_string_not_equal(second.temp, temp);
    output_drop(&second, false);
    output_drop(&first, true);
    /* Nobody is: the same one. */
    begin(&cli, &second, &meta, temp);
    assert_false(second.elsewhere);
    assert_string_equal(second.temp, temp);
    assert_int_equal(output_have(&second), 5);
    assert_int_equal(output_finish(&cli, &second, &meta), CLI_DONE);
    output_drop(&second, false);
    /* It has its name. */
    begin(&cli, &second, &meta, temp);
    assert_false(second.elsewhere);
    assert_string_not_equal(second.temp, temp);
    assert_int_equal(output_finish(&cli, &second, &meta), CLI_DONE);
    assert_non_null(strstr(second.path, "/out-1"));
    output_drop(&second, false);
}

/* Check that the file ${path} holds what begin() wrote. */
static void
assert_whole(const char *path) {
    char text[8] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof(text)), 5);
    assert_memory_equal(text, "whole", 5);
    (void)close(fd);
}

/* Finish an output where the name "out" is ${taken}.  Returns whether it has got its name, and
 * checks that the file is there in any case. */
static bool
is_named(bool taken) {
    struct cli cli;
    struct output o;
    struct envelope_meta meta;
    char out[128];

    begin(&cli, &o, &meta, NULL);
    path_of("out", out);
    if (taken) (void)close(make_file(out));
    assert_int_equal(output_finish(&cli, &o, &meta), CLI_DONE);
    output_drop(&o, false);

    assert_whole(o.path);
    assert_int_equal(o.nameless, strstr(o.path, ".part") != NULL);
    if (taken) assert_string_not_equal(o.path, out);
    if (taken) assert_int_equal(unlink(out), 0);
    assert_int_equal(unlink(o.path), 0);
    return !o.nameless;
}

/* Shared folders of virtual machines and some file systems of FUSE: the file is never lost. */
static void
test_a_poor_file_system_keeps_the_file(void **unused) {
    (void)unused;
    no_flags = true;
    assert_true(is_named(false));
    assert_true(is_named(true));

    no_links = true;
    assert_true(is_named(false));
    assert_true(is_named(true));
    no_open_renames = true;
    assert_true(is_named(false));
    assert_true(is_named(true));
    no_open_renames = false;

    no_replacing = true;
    assert_true(is_named(false));
    assert_true(is_named(true));
    no_replacing = false;
    no_renames = true;
    assert_false(is_named(false));
    no_flags = no_links = no_renames = false;
    assert_true(is_named(false));
}

/* The last test: the program stays asked to end. */
static void
test_waiting_ends_when_asked_to(void **unused) {
    char a[128];
    (void)unused;
    path_of("a", a);
    int first = lockfile_open(a);
    assert_true(first >= 0);
    assert_true(is_locked(a));
    signals_setup();
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(lockfile_open(a), -1);
    (void)close(first);
    first = lockfile_open(a);
    assert_true(first >= 0);
    (void)close(first);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_run_has_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_is_still_that_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_until_it_has_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_until_it_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_going_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_poor_file_system_keeps_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_ends_when_asked_to, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
