/* SPDX-License-Identifier: MIT */
/* The client's state folder, and the methods a passphrase comes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/local/lockfile.h"
#include "cli/local/state.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/signals.h"

#define ID    "AbCdEfGhIjKlMnOpQrStUv"
#define OTHER "BbCdEfGhIjKlMnOpQrStUv"
#define NOW   1800000000

static char top[] = "/tmp/secrets-state-XXXXXX";
static struct state state;

static int lock_errno; /* what a file system without locks answers; 0: as NFS has them */

int
flock(int fd, int how) {
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    if (lock_errno != 0 || mode == O_RDONLY) {
        errno = lock_errno != 0 ? lock_errno : EBADF;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, how);
}

static int
setup(void **unused) {
    (void)unused;
    lock_errno = 0;
    memcpy(top, "/tmp/secrets-state-XXXXXX", sizeof(top));
    if (mkdtemp(top) == NULL) return -1;
    (void)snprintf(state.dir, sizeof(state.dir), "%s/a/b", top);
    return 0;
}

/* Remove the folder that a test filled: nothing deeper than a/b/KIND/FILE is in it. */
static int
teardown(void **unused) {
    static const enum state_kind kinds[] = {STATE_OWNED, STATE_UPLOAD, STATE_DOWNLOAD, STATE_ASKED};
    static const char *const names[] = {"owned", "uploads", "downloads", "asked"};
    char path[STATE_PATH_MAX + 16];
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        state_forget(&state, kinds[i], ID);
        state_forget(&state, kinds[i], OTHER);
        (void)snprintf(path, sizeof(path), "%s/%s", state.dir, names[i]);
        (void)rmdir(path);
    }
    (void)rmdir(state.dir);
    (void)snprintf(path, sizeof(path), "%s/a", top);
    (void)rmdir(path);
    return rmdir(top);
}

static void
save(enum state_kind kind, const char *id, json_t *record) {
    assert_non_null(record);
    assert_int_equal(state_save(&state, kind, id, record), 0);
    json_decref(record);
}

static bool
there(enum state_kind kind, const char *id, const char *suffix) {
    char path[STATE_PATH_MAX];
    state_path(&state, kind, id, suffix, path);
    return access(path, F_OK) == 0;
}

static void
test_record_is_kept_private(void **unused) {
    char path[STATE_PATH_MAX];
    struct stat st;
    (void)unused;
    assert_null(state_load(&state, STATE_OWNED, ID));
    save(STATE_OWNED, ID, json_pack("{s:s}", "owner_token", "t"));
    state_path(&state, STATE_OWNED, ID, ".json", path);
    assert_null(strstr(path, ID)); /* its name tells no id */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(state.dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    json_t *record = state_load(&state, STATE_OWNED, ID);
    assert_string_equal(json_string_value(json_object_get(record, "owner_token")), "t");
    json_decref(record);
    assert_null(state_load(&state, STATE_OWNED, OTHER));
    assert_null(state_load(&state, STATE_DOWNLOAD, ID));
    state_forget(&state, STATE_OWNED, ID);
    assert_null(state_load(&state, STATE_OWNED, ID));
}

static void *
save_often(void *which) {
    json_t *record = json_pack("{s:s}", "owner_token", which);
    intptr_t failed = record == NULL;
    for (int i = 0; i < 200; i++)
        failed += state_save(&state, STATE_OWNED, ID, record) != 0;
    json_decref(record);
    return (void *)failed; /* NOLINT(performance-no-int-to-ptr) */
}

static void
test_two_save_the_same_record(void **unused) {
    static char one[] = "one", other[] = "quite another length";
    pthread_t threads[2];
    void *failed[2];
    (void)unused;
    assert_int_equal(pthread_create(&threads[0], NULL, save_often, one), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, save_often, other), 0);
    for (int i = 0; i < 500; i++) {
        bool saved = there(STATE_OWNED, ID, ".json");
        json_t *record = state_load(&state, STATE_OWNED, ID);
        assert_true(record != NULL || !saved); /* never half of one */
        json_decref(record);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], &failed[i]), 0);
    assert_null(failed[0]);
    assert_null(failed[1]);
    assert_false(there(STATE_OWNED, ID, ".new"));
}

static void
test_nothing_is_kept_nowhere(void **unused) {
    struct state nowhere = {.dir = ""};
    char path[STATE_PATH_MAX];
    json_t *record = json_object();
    (void)unused;
    assert_int_equal(state_save(&nowhere, STATE_OWNED, ID, record), 0);
    assert_null(state_load(&nowhere, STATE_OWNED, ID));
    state_prune(&nowhere, NOW);
    int fd = state_spool(&nowhere, top, path);
    assert_true(fd >= 0);
    assert_string_equal(path, "");
    (void)close(fd);
    json_decref(record);
}

static void
test_broken_records_are_absent(void **unused) {
    char path[STATE_PATH_MAX];
    (void)unused;
    save(STATE_OWNED, ID, json_object());
    state_path(&state, STATE_OWNED, ID, ".json", path);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "{\"a\":", 5), 5);
    (void)close(fd);
    assert_null(state_load(&state, STATE_OWNED, ID));
}

static void
test_a_link_in_place_of_a_record_is_not_followed(void **unused) {
    char path[STATE_PATH_MAX], target[STATE_PATH_MAX];
    (void)unused;
    save(STATE_OWNED, OTHER, json_pack("{s:s}", "owner_token", "t"));
    state_path(&state, STATE_OWNED, OTHER, ".json", target);
    state_path(&state, STATE_OWNED, ID, ".json", path);
    assert_int_equal(symlink(target, path), 0);
    assert_null(state_load(&state, STATE_OWNED, ID));
}

static void
test_sealed_bytes_have_one_user(void **unused) {
    char path[STATE_PATH_MAX], named[STATE_PATH_MAX];
    (void)unused;
    int fd = state_spool(&state, "/nowhere", path);
    assert_true(fd >= 0);
    state_path(&state, STATE_UPLOAD, ID, ".sealed", named);
    assert_int_equal(rename(path, named), 0);
    assert_int_equal(state_spool_again(&state, ID), ERR_BUSY);
    state_prune(&state, NOW); /* without a record, but in use */
    assert_true(there(STATE_UPLOAD, ID, ".sealed"));
    (void)close(fd);
    fd = state_spool_again(&state, ID);
    assert_true(fd >= 0);
    (void)close(fd);
    state_prune(&state, NOW);
    assert_false(there(STATE_UPLOAD, ID, ".sealed"));
    assert_int_equal(state_spool_again(&state, ID), ERR_IO);
}

static void
set_time(const char *path, int64_t when) {
    struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
make_old(enum state_kind kind, const char *id, const char *suffix, int64_t when) {
    char path[STATE_PATH_MAX];
    state_path(&state, kind, id, suffix, path);
    set_time(path, when);
}

static void
test_prune_keeps_what_is_of_use(void **unused) {
    const int64_t hour = 3600, day = 24 * hour;
    (void)unused;
    save(STATE_OWNED, ID, json_pack("{s:I}", "expires_at", (json_int_t)(NOW - 9 * day)));
    save(STATE_OWNED, OTHER, json_pack("{s:I}", "expires_at", (json_int_t)(NOW - 7 * day)));
    save(STATE_UPLOAD, ID, json_object());
    save(STATE_UPLOAD, OTHER, json_object());
    save(STATE_DOWNLOAD, ID, json_object());
    save(STATE_DOWNLOAD, OTHER, json_object());
    make_old(STATE_UPLOAD, ID, ".json", NOW - 26 * hour);
    make_old(STATE_UPLOAD, OTHER, ".json", NOW - 24 * hour);
    make_old(STATE_DOWNLOAD, ID, ".json", NOW - 8 * hour);
    make_old(STATE_DOWNLOAD, OTHER, ".json", NOW - 6 * hour);
    state_prune(&state, NOW);
    for (int kind = STATE_OWNED; kind <= STATE_DOWNLOAD; kind++) {
        assert_false(there((enum state_kind)kind, ID, ".json"));
        assert_true(there((enum state_kind)kind, OTHER, ".json"));
    }
}

static void
test_a_wrong_clock_removes_no_keys(void **unused) {
    const int64_t hour = 3600, day = 24 * hour, wrong = NOW + 5000 * day;
    (void)unused;
    save(STATE_ASKED, ID, json_pack("{s:I}", "expires_at", (json_int_t)NOW));

    /* A clock that is ahead for some weeks, twice. */
    for (int64_t i = 0; i < 2; i++) {
        state_prune(&state, wrong + i * 1000 * day);
        state_prune(&state, wrong + i * 1000 * day + 89 * day);
        assert_true(there(STATE_ASKED, ID, ".json"));
        state_prune(&state, NOW);
        assert_false(there(STATE_ASKED, ID, ".ended"));
    }

    /* The clock is right. */
    state_prune(&state, NOW + 9 * day);
    state_prune(&state, NOW + 98 * day);
    assert_true(there(STATE_ASKED, ID, ".json"));
    state_prune(&state, NOW + 100 * day);
    assert_false(there(STATE_ASKED, ID, ".json"));
    assert_false(there(STATE_ASKED, ID, ".ended"));
}

/* A lapsed lease, with the unfinished file beside it, whose path is put in ${part}. */
static int
leave_download(char part[static 64]) {
    (void)snprintf(part, 64, "%s/x.part", top);
    int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    save(STATE_DOWNLOAD, ID, json_pack("{s:s}", "temp", part));
    make_old(STATE_DOWNLOAD, ID, ".json", NOW - 8 * 3600);
    return fd;
}

static void
test_lapsed_downloads_go_with_and_without_locks(void **unused) {
    static const int errors[] = {0, ENOLCK, EOPNOTSUPP, EBADF};
    char part[64];
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        (void)close(leave_download(part));
        lock_errno = errors[i];
        state_prune(&state, NOW);
        lock_errno = 0;
        assert_int_equal(access(part, F_OK), -1);
        assert_false(there(STATE_DOWNLOAD, ID, ".json"));
    }
    int fd = leave_download(part);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* a run that is at it */
    state_prune(&state, NOW);
    assert_int_equal(access(part, F_OK), 0);
    assert_true(there(STATE_DOWNLOAD, ID, ".json"));
    (void)close(fd);
    (void)unlink(part);
}

static void
test_uploads_without_locks(void **unused) {
    char path[STATE_PATH_MAX], named[STATE_PATH_MAX];
    (void)unused;
    lock_errno = ENOLCK;
    int fd = state_spool(&state, "/nowhere", path);
    assert_true(fd >= 0);
    state_path(&state, STATE_UPLOAD, ID, ".sealed", named);
    assert_int_equal(rename(path, named), 0);
    int again = state_spool_again(&state, ID); /* the run that sealed it may be over */
    assert_true(again >= 0);
    (void)close(again);
    (void)close(fd);
    make_old(STATE_UPLOAD, ID, ".sealed", NOW);
    state_prune(&state, NOW); /* or about to write its record */
    assert_true(there(STATE_UPLOAD, ID, ".sealed"));
    make_old(STATE_UPLOAD, ID, ".sealed", NOW - 26 * 3600);
    state_prune(&state, NOW);
    assert_false(there(STATE_UPLOAD, ID, ".sealed"));
}

static void
test_prune_records_that_a_killed_run_did_not_finish(void **unused) {
    char path[STATE_PATH_MAX];
    static const enum state_kind kinds[] = {STATE_UPLOAD, STATE_DOWNLOAD};
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        assert_int_equal(state_make_dir(&state, kinds[i]), 0);
        state_path(&state, kinds[i], ID, ".new", path);
        int fd = lockfile_open(path);
        assert_true(fd >= 0);
        state_prune(&state, NOW); /* the run writes it now */
        assert_true(there(kinds[i], ID, ".new"));
        (void)close(fd);
        state_prune(&state, NOW);
        assert_false(there(kinds[i], ID, ".new"));
    }
}

static void
test_prune_what_a_killed_run_left_without_a_name(void **unused) {
    char path[STATE_PATH_MAX + 32];
    (void)unused;
    assert_int_equal(state_make_dir(&state, STATE_UPLOAD), 0);
    (void)snprintf(path, sizeof(path), "%s/uploads/.aaaaaa.sealed", state.dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    set_time(path, NOW - 24 * 3600);
    state_prune(&state, NOW); /* its run may be about to lock it */
    assert_int_equal(access(path, F_OK), 0);
    set_time(path, NOW - 26 * 3600);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    state_prune(&state, NOW);
    assert_int_equal(access(path, F_OK), 0);
    (void)close(fd);
    state_prune(&state, NOW);
    assert_int_equal(access(path, F_OK), -1);
}

static char variable[64];

static char *
fake_env(const char *name) {
    return strcmp(name, "PW") == 0 ? variable : NULL;
}

static int
read_by(const char *method, struct buf *out) {
    struct passphrase_source source = {.method = method, .question = "?", .env = fake_env};
    buf_reset(out);
    return passphrase_read(&source, out);
}

static void
write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void
test_passphrase_methods(void **unused) {
    static const char *const good[] = {"tty", "stdin", "env:X", "file:/x"};
    static const char *const bad[] = {"", "x", "env:", "file:", "TTY", "hunter2", "env"};
    char path[64], method[80];
    struct buf out = BUF_INIT(8192);
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(passphrase_method_ok(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(passphrase_method_ok(bad[i]));
    memcpy(variable, "from env", 9);
    assert_int_equal(read_by("env:PW", &out), 0);
    assert_string_equal(buf_text(&out), "from env");
    assert_int_equal(variable[0], 0); /* wiped where the system shows it */
    assert_int_equal(read_by("env:PW", &out), ERR_INVALID);
    assert_int_equal(read_by("env:NONE", &out), ERR_CONFIG);
    (void)snprintf(path, sizeof(path), "%s/pw", top);
    (void)snprintf(method, sizeof(method), "file:%s", path);
    assert_int_equal(read_by(method, &out), ERR_CONFIG);
    static const char *const lines[][2] = {
        {"word", "word"},           {"word\n", "word"}, {"word\r\n", "word"},
        {" word \n\n", " word \n"}, {"a\nb", "a\nb"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        write_file(path, lines[i][0]);
        assert_int_equal(read_by(method, &out), 0);
        assert_string_equal(buf_text(&out), lines[i][1]);
    }
    write_file(path, "\n");
    assert_int_equal(read_by(method, &out), ERR_INVALID);
    (void)unlink(path);
    buf_free(&out);
}

static void
test_passphrase_bounds(void **unused) {
    struct buf b = BUF_INIT(8192);
    (void)unused;
    assert_int_equal(passphrase_normalise(&b), ERR_INVALID);
    for (int i = 0; i < PASSPHRASE_MAX; i++)
        assert_int_equal(buf_add_byte(&b, 'x'), 0);
    assert_int_equal(passphrase_normalise(&b), 0);
    assert_int_equal(buf_add_byte(&b, 'x'), 0);
    assert_int_equal(passphrase_normalise(&b), ERR_TOO_LARGE);
    buf_reset(&b);
    assert_int_equal(buf_add(&b, "a\xff", 2), 0);
    assert_int_equal(passphrase_normalise(&b), ERR_INVALID);
    buf_free(&b);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_record_is_kept_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_save_the_same_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_kept_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_records_are_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_link_in_place_of_a_record_is_not_followed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_sealed_bytes_have_one_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prune_keeps_what_is_of_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wrong_clock_removes_no_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lapsed_downloads_go_with_and_without_locks, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_uploads_without_locks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prune_records_that_a_killed_run_did_not_finish, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_prune_what_a_killed_run_left_without_a_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_passphrase_methods, setup, teardown),
        cmocka_unit_test(test_passphrase_bounds),
    };
    signals_setup();
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
