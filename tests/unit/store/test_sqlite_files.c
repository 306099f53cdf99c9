/* SPDX-License-Identifier: MIT */
/* What the store leaves on the disk, and how it treats files that are not as they should be. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/err.h"
#include "prng.h"
#include "scratch.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/store.h"
#include "store_samples.h"
#include "syncs.h"

enum { SECRETS = 3000, PATH_LEN = SCRATCH_PATH_MAX + 32, BUCKETS = 1 << 22 };

static const char *const files[] = {"secrets.db", "secrets.db-wal", "secrets.db-shm"};

static char dir[SCRATCH_PATH_MAX];
static struct buf reason = BUF_INIT(512);

static int
try_open(struct store **out) {
    struct sqlite_store_config config = {.dir = dir, .reason = &reason};
    buf_reset(&reason);
    return sqlite_store_open(&config, out);
}

static struct store *
open_store(void) {
    struct store *s = NULL;
    assert_int_equal(try_open(&s), 0);
    return s;
}

static int
setup(void **state) {
    (void)state;
    scratch_make_fast(dir);
    return 0;
}

static int
teardown(void **state) {
    (void)state;
    scratch_remove(dir);
    return 0;
}

/* The fsyncs of a first open: of the parent directory, then of the store's directory. */
static void
test_a_new_file_is_on_the_disk_or_not_there(void **state) {
    struct store *s = NULL;
    (void)state;
    syncs_fail_at(2);
    assert_int_equal(try_open(&s), ERR_STORE);
    assert_int_equal(syncs_to_come(), 0);
    assert_non_null(strstr(buf_text(&reason), "secrets.db cannot be made: Input/output error"));
    /* So the next process makes it again, since it cannot learn whether the name is durable. */
    assert_int_equal(scratch_count_files(dir), 1); /* the lock */
    s = open_store();
    s->ops->close(s);

    assert_int_equal(scratch_count_files(dir), 2);
    syncs_fail_at(2);
    assert_int_equal(try_open(&s), ERR_STORE);
    assert_int_equal(scratch_count_files(dir), 2); /* existing files stay */
    s = open_store();
    s->ops->close(s);
}

/* --- erasing ---------------------------------------------------------------------------------- */

struct secret {
    struct store_ref ref;
    struct buf content;
    bool erased, found;
};

/* All bytes of the store's files. */
static struct buf
read_files(void) {
    struct buf all = BUF_INIT(SIZE_MAX / 2);
    char path[PATH_LEN];
    uint8_t block[65536];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        ssize_t n = 0;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        while ((n = read(fd, block, sizeof(block))) > 0)
            assert_int_equal(buf_add(&all, block, (size_t)n), 0);
        (void)close(fd);
    }
    return all;
}

static uint64_t
word_at(const uint8_t *data) {
    uint64_t word = 0;
    memcpy(&word, data, sizeof(word));
    return word;
}

/* Set found in those ${secrets} whose first or last 8 bytes are in the store's files. */
static void
look_for(struct secret *secrets) {
    static struct secret *first[BUCKETS], *last[BUCKETS];
    struct buf all = read_files();
    memset(first, 0, sizeof(first));
    memset(last, 0, sizeof(last));
    for (unsigned i = 0; i < SECRETS; i++) {
        const struct buf *c = &secrets[i].content;
        secrets[i].found = false;
        first[word_at(c->data) % BUCKETS] = &secrets[i];
        last[word_at(c->data + c->len - 8) % BUCKETS] = &secrets[i];
    }
    for (size_t at = 0; at + 8 <= all.len; at++) {
        uint64_t word = word_at(all.data + at);
        struct secret *f = first[word % BUCKETS];
        struct secret *l = last[word % BUCKETS];
        if (f != NULL && word_at(f->content.data) == word) f->found = true;
        if (l != NULL && word_at(l->content.data + l->content.len - 8) == word) l->found = true;
    }
    buf_free(&all);
}

/* Make random content of random length. */
static void
fill_content(struct secret *s, struct prng *p) {
    static const uint64_t sizes[] = {30, 60, 100, 250, 304, 304, 500, 800, 1200, 1900, 2100, 9000};
    uint64_t size = sizes[prng_below(p, ARRAY_LEN(sizes))];
    struct random random = prng_random(p);
    s->content = BUF_INIT((size_t)size);
    random_fill(&random, buf_space(&s->content, (size_t)size), (size_t)size);
    s->content.len = (size_t)size;
}

static void
create_secret(struct store *s, struct prng *p, struct secret *out, unsigned number) {
    fill_content(out, p);
    struct record r = prng_below(p, 2) == 0 ? sample_text(1, out->content.len)
                                            : sample_sealed(1, 0, out->content.len);
    out->ref.len = TOKEN_HASH_LEN;
    sample_hash(number, out->ref.bytes);
    if (r.kind != RECORD_SEALED || prng_below(p, 2) == 0) {
        assert_int_equal(s->ops->create(s, &out->ref, &r, &out->content, NULL), 1);
        return;
    }

    /* What is looked for is its wrap. */
    struct buf content = sample_content(304);
    r.wrap_len = (uint32_t)r.size;
    r.size = 304;
    assert_int_equal(s->ops->create(s, &out->ref, &r, &content, &out->content), 1);
    buf_free(&content);
}

/* End the secret by a claim, a confirm or a burn. */
static void
erase_secret(struct store *s, struct prng *p, struct secret *secret) {
    struct record r = sample_load(s, &secret->ref);
    secret->erased = true;
    if (r.kind != RECORD_SEALED) {
        assert_int_equal(sample_change(s, &secret->ref, CHANGE_CLAIM_CLASSIC, SAMPLE_T0, 0, 0),
                         VERDICT_OK);
    } else if (prng_below(p, 2) == 0) {
        assert_int_equal(sample_change(s, &secret->ref, CHANGE_BURN, SAMPLE_T0, SAMPLE_OWNER, 0),
                         VERDICT_OK);
    } else {
        assert_int_equal(sample_change(s, &secret->ref, CHANGE_OPEN, SAMPLE_T0, 5, SAMPLE_PROOF),
                         VERDICT_OK);
        assert_int_equal(sample_change(s, &secret->ref, CHANGE_CONFIRM, SAMPLE_T0, 5, 0),
                         VERDICT_OK);
    }
    record_clear(&r);
}

/* Erase one of ${n} live secrets, in most cases. */
static unsigned
maybe_erase(struct store *s, struct prng *p, struct secret *secrets, unsigned *live, unsigned n) {
    if (n < 50 || prng_below(p, 100) >= 95) return n;
    size_t k = prng_below(p, n);
    erase_secret(s, p, &secrets[live[k]]);
    live[k] = live[n - 1];
    return n - 1;
}

static void
test_erased_content_is_in_no_file(void **state) {
    (void)state;
    static struct secret secrets[SECRETS];
    static unsigned live[SECRETS];
    struct prng p = {prng_seed()};
    unsigned n = 0;
    int before = 0;
    struct store *s = open_store();
    for (unsigned i = 0; i < SECRETS; i++) {
        create_secret(s, &p, &secrets[i], i);
        live[n++] = i;
        n = maybe_erase(s, &p, secrets, live, n);
    }
    look_for(secrets);
    for (unsigned i = 0; i < SECRETS; i++)
        before += secrets[i].erased && secrets[i].found;
    assert_true(before > 0); /* in the log, until it is scrubbed */
    assert_int_equal(s->ops->scrub(s), 0);
    look_for(secrets);
    for (unsigned i = 0; i < SECRETS; i++)
        assert_false(secrets[i].erased && secrets[i].found);
    print_message("%u of %d kept, %d were in the log\n", n, SECRETS, before);
    for (unsigned i = 0; i < SECRETS; i++)
        if (!secrets[i].erased) erase_secret(s, &p, &secrets[i]);
    assert_int_equal(s->ops->scrub(s), 0);
    look_for(secrets);
    uint64_t receipts = 0;
    for (unsigned i = 0; i < SECRETS; i++) {
        assert_false(secrets[i].found);
        receipts += sample_exists(s, &secrets[i].ref);
        buf_free(&secrets[i].content);
    }
    assert_int_equal(s->ops->usage(s), receipts * (RECORD_ROW_COST + RECORD_VIEW_COST));
    s->ops->close(s);
}

/* Rows of random bytes, inserted and deleted in a plain table as above.  Returns how many of the
 * deleted ones are still in the file. */
static int
count_remains_in_a_plain_table(struct prng *p) {
    static struct secret rows[SECRETS];
    static unsigned live[SECRETS];
    unsigned n = 0;
    int remains = 0;
    char path[PATH_LEN];
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    sqlite3_stmt *delete = NULL;
    (void)snprintf(path, sizeof(path), "%s/secrets.db", dir);
    (void)unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_exec(db,
                       "PRAGMA page_size = 2048; PRAGMA secure_delete = ON; "
                       "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB); BEGIN",
                       NULL, NULL, NULL);
    (void)sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1, ?2)", -1, &insert, NULL);
    (void)sqlite3_prepare_v2(db, "DELETE FROM t WHERE id = ?1", -1, &delete, NULL);
    for (unsigned i = 0; i < SECRETS; i++) {
        rows[i].erased = false;
        fill_content(&rows[i], p);
        (void)sqlite3_bind_int64(insert, 1, i);
        (void)sqlite3_bind_blob64(insert, 2, rows[i].content.data, rows[i].content.len,
                                  SQLITE_STATIC);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        (void)sqlite3_reset(insert);
        live[n++] = i;
        if (n < 50 || prng_below(p, 100) >= 95) continue;
        size_t k = prng_below(p, n);
        rows[live[k]].erased = true;
        (void)sqlite3_bind_int64(delete, 1, live[k]);
        assert_int_equal(sqlite3_step(delete), SQLITE_DONE);
        (void)sqlite3_reset(delete);
        live[k] = live[--n];
    }
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    (void)sqlite3_finalize(insert);
    (void)sqlite3_finalize(delete);
    (void)sqlite3_close(db);
    look_for(rows);
    for (unsigned i = 0; i < SECRETS; i++) {
        remains += rows[i].erased && rows[i].found;
        buf_free(&rows[i].content);
    }
    return remains;
}

/* Why content lies in overflow pages: the negative control of the test above. */
static void
test_a_plain_table_keeps_what_was_deleted(void **state) {
    (void)state;
    struct prng p = {prng_seed()};
    int remains = 0;
    for (int i = 0; i < 40 && remains == 0; i++)
        remains = count_remains_in_a_plain_table(&p);
    assert_true(remains > 0);
}

static void
test_an_id_is_in_no_file(void **state) {
    (void)state;
    static const char id[] = "7bQx2ZkP9LmW4rTs8NvYc1";
    struct store_ref ref;
    struct record r = sample_sealed(1, 0, 304);
    struct buf content = sample_content(304);
    struct store *s = open_store();
    s->ops->ref(s, id, &ref);
    assert_int_equal(s->ops->create(s, &ref, &r, &content, NULL), 1);
    struct buf all = read_files();
    assert_non_null(memmem(all.data, all.len, ref.bytes, ref.len));
    assert_null(memmem(all.data, all.len, id, strlen(id)));
    buf_free(&all);
    buf_free(&content);
    s->ops->close(s);
}

/* --- access to the files ---------------------------------------------------------------------- */

static mode_t
mode_of(const char *name) {
    char path[PATH_LEN];
    struct stat st;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void
test_files_are_their_owners(void **state) {
    (void)state;
    mode_t before = umask(0);
    assert_int_equal(rmdir(dir), 0);
    struct store *s = open_store();
    struct record r = sample_sealed(1, 0, 304);
    (void)sample_create(s, &r);
    assert_int_equal(mode_of("."), 0700);
    assert_int_equal(mode_of("secrets.lock"), 0600);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        assert_int_equal(mode_of(files[i]), 0600);
    s->ops->close(s);
    (void)umask(before);
}

static void
test_an_open_folder_is_refused(void **state) {
    (void)state;
    struct store *s = NULL;
    assert_int_equal(chmod(dir, 0750), 0);
    assert_int_equal(try_open(&s), ERR_STORE);
    assert_null(s);
    assert_non_null(strstr(buf_text(&reason), "chmod 700"));
    assert_int_equal(scratch_count_files(dir), 0);
}

static void
test_a_second_store_is_refused(void **state) {
    (void)state;
    struct store *second = NULL;
    struct store *s = open_store();
    int status = 0;
    assert_int_equal(try_open(&second), ERR_STORE);
    assert_non_null(strstr(buf_text(&reason), "in use"));
    pid_t child = fork();
    if (child == 0) _exit(try_open(&second) == ERR_STORE && second == NULL ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    s->ops->close(s);
    s = open_store();
    s->ops->close(s);
}

/* --- files that are not as they should be ----------------------------------------------------- */

static void
write_file(const char *name, const char *text) {
    char path[PATH_LEN];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void
test_what_is_no_store_is_refused(void **state) {
    (void)state;
    struct store *s = NULL;
    write_file("secrets.db", "Dear diary, today I wrote a file that is no database at all.");
    assert_int_equal(try_open(&s), ERR_CONFIG);
    assert_null(s);
    assert_true(reason.len > 0);
}

static void
test_no_folder_is_an_error(void **state) {
    (void)state;
    struct store *s = NULL;
    struct sqlite_store_config config = {.dir = "/nonexistent/secrets", .reason = &reason};
    assert_int_equal(sqlite_store_open(&config, &s), ERR_STORE);
    assert_null(s);
    assert_non_null(strstr(buf_text(&reason), "/nonexistent/secrets"));
}

/* --- room ------------------------------------------------------------------------------------- */

static void
test_without_room_nothing_new_but_opens_go_on(void **state) {
    (void)state;
    struct store *s = open_store();
    struct record r = sample_sealed(1, 0, 304);
    struct store_ref ref = sample_create(s, &r);
    struct store_ref other = {.len = TOKEN_HASH_LEN};
    struct buf content = sample_content(304);
    struct sqlite_store_config config = {.dir = dir, .min_free = UINT64_MAX};
    s->ops->close(s);
    assert_int_equal(sqlite_store_open(&config, &s), 0);
    assert_int_equal(s->ops->create(s, &other, &r, &content, NULL), ERR_FULL);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, SAMPLE_T0, 5, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(s->ops->ping(s), 0);
    s->ops->close(s);
    buf_free(&content);
}

/* After the clock was set back, the latest time counts, even one that was only given to now(). */
static void
test_the_latest_time_outlives_the_process(void **state) {
    (void)state;
    struct store *s = open_store();
    assert_int_equal(s->ops->now(s, SAMPLE_T0 + 1000), SAMPLE_T0 + 1000);
    assert_int_equal(s->ops->scrub(s), 0);
    s->ops->close(s);
    s = open_store();
    assert_int_equal(s->ops->now(s, SAMPLE_T0), SAMPLE_T0 + 1000);
    s->ops->close(s);
}

/* Make the ballast where the file system cannot allocate.  Returns the exit code: 0 if it is
 * there afterwards. */
static int
make_without_fallocate(void) {
    struct stat st;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (fd < 0 || filter == NULL ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(fallocate), 0) != 0 ||
        seccomp_load(filter) != 0)
        return 9;
    if (fallocate(fd, 0, 0, 1) == 0 || errno != EOPNOTSUPP) return 8; /* the control */
    /* Twice: the second start finds the file of the first. */
    if (!sqlite_directory_make_ballast(fd) || !sqlite_directory_make_ballast(fd)) return 1;
    if (fstatat(fd, "secrets.ballast", &st, 0) != 0) return 2;
    return (int64_t)st.st_blocks * 512 >= SQLITE_DIRECTORY_BALLAST ? 0 : 3;
}

static void
test_the_ballast_takes_room_on_any_file_system(void **state) {
    int status = -1;
    (void)state;
    pid_t child = fork();
    if (child == 0) _exit(make_without_fallocate());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Run ${sql} on the closed store's file, without the checks of its tables. */
static void
edit_file(const char *sql) {
    char path[PATH_LEN];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/secrets.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Versions of the file that earlier releases wrote, and what makes this version one of them. */
#define WITHOUT_ROW                                                                                \
    "INSERT INTO lease SELECT id, 0, substr(lease, 2, 32), 2000000000, 2000000000, 0, 0"           \
    " FROM record WHERE substr(lease, 1, 1) = x'01';"                                              \
    "INSERT INTO content SELECT id, CAST(zeroblob(232) || substr(bytes, 33) AS BLOB)"              \
    " FROM record WHERE bytes IS NOT NULL;"                                                        \
    "ALTER TABLE record DROP COLUMN bytes; ALTER TABLE record DROP COLUMN lease;"
#define WITHOUT_NEXT                                                                               \
    WITHOUT_ROW                                                                                    \
    "UPDATE record SET sweep_at = next_at; DROP INDEX record_next_at;"                             \
    "ALTER TABLE record DROP COLUMN next_at;"
#define WITHOUT_REQUESTS                                                                           \
    WITHOUT_NEXT                                                                                   \
    "DROP TABLE answer; ALTER TABLE record DROP COLUMN request;"                                   \
    "ALTER TABLE record DROP COLUMN answer_ttl; ALTER TABLE record DROP COLUMN answer_size;"
#define WITHOUT_WRAPS WITHOUT_REQUESTS "DROP TABLE wrap; ALTER TABLE record DROP COLUMN wrap_len;"
static const char *const downgrades[] = {
    /* 1: without gates, and with a count of inline content only. */
    (WITHOUT_WRAPS "DROP TABLE event; ALTER TABLE record DROP COLUMN gate_verifier;"
                   "UPDATE state SET bytes = 608; PRAGMA user_version = 1;"),
    /* 2: with gates. */
    WITHOUT_WRAPS "DROP TABLE event; UPDATE state SET bytes = 608; PRAGMA user_version = 2;",
    /* 3: without events. */
    WITHOUT_WRAPS "DROP TABLE event; PRAGMA user_version = 3;",
    /* 4: without the events that are spare. */
    WITHOUT_WRAPS "DROP INDEX event_spare; ALTER TABLE event DROP COLUMN spare;"
                  "PRAGMA user_version = 4;",
    /* 5: without wraps. */
    WITHOUT_WRAPS "PRAGMA user_version = 5;",
    /* 6: without requests. */
    WITHOUT_REQUESTS "PRAGMA user_version = 6;",
    /* 7: with the time of the sweep in one column. */
    WITHOUT_NEXT "PRAGMA user_version = 7;",
    /* 8: with the first lease and short content in tables of their own. */
    WITHOUT_ROW "PRAGMA user_version = 8;",
};

/* Store one record of each kind, and two with a receipt only.  Returns an inline one, and another
 * that token 7 has opened in ${opened}. */
static struct store_ref
fill_with_kinds(struct store *s, struct store_ref *opened) {
    const struct record all[] = {sample_sealed(2, 5, 304), sample_sealed(100, 0, 304),
                                 sample_text(1, 0), sample_file(4000), sample_upload(1, 2)};
    struct store_ref refs[ARRAY_LEN(all)];
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        refs[i] = sample_create(s, &all[i]);
    *opened = refs[1];
    assert_int_equal(sample_change(s, opened, CHANGE_OPEN, SAMPLE_T0, 7, SAMPLE_PROOF), VERDICT_OK);

    const struct record gone = sample_sealed(3, 0, 9000);
    struct store_ref burnt = sample_create(s, &gone);
    assert_int_equal(sample_change(s, &burnt, CHANGE_BURN, SAMPLE_T0, SAMPLE_OWNER, 0), VERDICT_OK);
    return refs[0];
}

/* Check that ${ref} has ${count} leases, and that the first one is of token 7 and has ${end}. */
static void
check_leases(struct store *s, const struct store_ref *ref, size_t count, enum lease_end end) {
    uint8_t hash[TOKEN_HASH_LEN];
    struct record got = sample_load(s, ref);
    sample_hash(7, hash);
    assert_int_equal(got.lease_count, count);
    assert_memory_equal(got.leases[0].hash, hash, sizeof(hash));
    assert_int_equal(got.leases[0].opened_at, SAMPLE_T0);
    assert_int_equal(got.leases[0].end, end);
    record_clear(&got);
}

static void
test_files_of_earlier_versions_go_on(void **state) {
    (void)state;
    for (size_t v = 0; v < ARRAY_LEN(downgrades); v++) {
        struct store *s = open_store();
        struct store_ref opened, old = fill_with_kinds(s, &opened);
        uint64_t usage = s->ops->usage(s);
        assert_true(usage > 608);
        s->ops->close(s);
        edit_file(downgrades[v]);

        for (int i = 0; i < 2; i++) { /* the second open has nothing to upgrade */
            s = open_store();
            struct record got = sample_load(s, &old);
            assert_false(got.has_gate);
            assert_int_equal(got.attempts_left, 5);
            record_clear(&got);
            assert_true(sample_has_content(s, &old, 304));
            check_leases(s, &opened, 1, LEASE_LIVE);
            assert_int_equal(s->ops->usage(s), usage);
            s->ops->close(s);
        }

        s = open_store();
        assert_int_equal(sample_change(s, &opened, CHANGE_CONFIRM, SAMPLE_T0, 7, 0), VERDICT_OK);
        check_leases(s, &opened, 1, LEASE_CONFIRMED);
        assert_int_equal(sample_change(s, &opened, CHANGE_OPEN, SAMPLE_T0, 8, SAMPLE_PROOF),
                         VERDICT_OK);
        check_leases(s, &opened, 2, LEASE_CONFIRMED);
        assert_int_equal(sample_change(s, &old, CHANGE_OPEN, SAMPLE_T0, 1, SAMPLE_WRONG),
                         VERDICT_WRONG_PROOF);
        assert_int_equal(sample_change(s, &old, CHANGE_OPEN, SAMPLE_T0, 1, SAMPLE_PROOF),
                         VERDICT_OK);
        struct record gated = sample_sealed(2, 5, 304);
        gated.has_gate = true;
        sample_hash(SAMPLE_GATE, gated.gate_verifier);
        struct store_ref ref = sample_create(s, &gated);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, SAMPLE_T0, 1, SAMPLE_PROOF),
                         VERDICT_WRONG_KEY);
        gated.wrap_len = 300;
        ref = sample_create(s, &gated);
        assert_true(sample_has_wrap(s, &ref, 300));

        /* All expire but the one that is burnt. */
        struct store_ref due[8];
        assert_int_equal(s->ops->due(s, SAMPLE_T0 + SAMPLE_TTL - 1, 0, due, 8), 1);
        assert_int_equal(s->ops->due(s, SAMPLE_T0 + SAMPLE_TTL, 0, due, 8), 7);
        s->ops->close(s);
        scratch_remove(dir);
        scratch_make_fast(dir);
    }
}

/* Whether a secret of 3 views, opened twice, can be read and opened after ${sql}. */
static bool
survives(const char *sql) {
    struct record r = sample_sealed(3, 0, 304);
    struct store *s = open_store();
    struct store_ref ref = sample_create(s, &r);
    for (unsigned token = 1; token <= 2; token++)
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, SAMPLE_T0, token, SAMPLE_PROOF),
                         VERDICT_OK);
    s->ops->close(s);

    edit_file(sql);
    s = open_store();
    struct change c = {.kind = CHANGE_OPEN, .now = SAMPLE_T0 + 1};
    struct effect effect;
    sample_hash(SAMPLE_PROOF, c.proof);
    int loaded = s->ops->load(s, &ref, &r, NULL);
    record_clear(&r);
    int opened = s->ops->change(s, &ref, &c, &effect, NULL);
    assert_true(loaded == 1 || loaded == ERR_STORE);
    assert_true(opened == 1 || opened == ERR_STORE);
    assert_int_equal(loaded, opened);

    s->ops->close(s);
    scratch_remove(dir);
    scratch_make_fast(dir);
    return loaded == 1;
}

/* Numbers that no store writes are those of a damaged or hostile file, and no rule sees them. */
static void
test_numbers_that_no_store_writes_are_refused(void **state) {
    static const char *const edits[] = {
        "UPDATE record SET views_left = 4",
        "UPDATE record SET views_left = -1",
        "UPDATE record SET views = 1000, views_left = 999",
        "UPDATE record SET kind = 7",
        "UPDATE record SET phase = 0",
        "UPDATE record SET content = 9",
        "UPDATE record SET attempts = 5, attempts_left = 6",
        "UPDATE record SET expires_at = -1",
        "UPDATE record SET expires_at = 9223372036854775807",
        "UPDATE record SET size = -1",
        "UPDATE record SET verifier = x'00'",
        "UPDATE lease SET how = 9",
        "UPDATE lease SET renewed_at = 9223372036854775807",
        "UPDATE lease SET hash = x'00'",
        "UPDATE record SET lease = x'00'",
        "UPDATE record SET lease = CAST(x'06' || substr(lease, 2) AS BLOB)",
        ("UPDATE record SET lease = CAST(substr(lease, 1, 33) || x'80' || substr(lease, 35) AS "
         "BLOB)"),
    };
    (void)state;
    assert_true(survives("UPDATE record SET part_at = 1")); /* the control */
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        if (survives(edits[i])) fail_msg("the store believes: %s", edits[i]);
    }
}

/* Content that is shorter than its record says is that of a damaged file. */
static void
test_content_that_is_too_short_is_refused(void **state) {
    static const char *const edits[] = {"UPDATE record SET bytes = zeroblob(32 + 303)",
                                        "UPDATE record SET bytes = x''"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        struct record r = sample_sealed(1, 0, 304);
        struct store *s = open_store();
        struct store_ref ref = sample_create(s, &r);
        assert_true(sample_has_content(s, &ref, 304)); /* the control */
        s->ops->close(s);

        edit_file(edits[i]);
        struct buf content = BUF_INIT(304);
        s = open_store();
        assert_int_equal(s->ops->load(s, &ref, &r, &content), ERR_STORE);
        assert_int_equal(content.len, 0);
        s->ops->close(s);
        scratch_remove(dir);
        scratch_make_fast(dir);
    }
}

/* --- where content is ------------------------------------------------------------------------- */

enum { MARK = 0xA5, MARKS = 8, PAGE = 2048, LINK = 4 };

/* Check that content of ${len} marks is in the store's file, after the link of a page, and nowhere
 * else. */
static void
check_marks(size_t len) {
    uint8_t marks[MARKS];
    int found = 0;
    struct buf all = read_files();
    memset(marks, MARK, sizeof(marks));

    for (const uint8_t *at = all.data; at != NULL;) {
        size_t left = all.len - (size_t)(at - all.data), n = 0;
        const uint8_t *run = memmem(at, left, marks, sizeof(marks));
        if (run == NULL) break;
        while (run + n < all.data + all.len && run[n] == MARK)
            n++;
        assert_int_equal((size_t)(run - all.data) % PAGE, LINK);
        assert_int_equal(n, len);
        found++;
        at = run + n;
    }
    assert_int_equal(found, 1);
    buf_free(&all);
}

/* Content in the row of its record is in an overflow page, however short or long the other columns
 * are, and after each change of them. */
static void
test_content_in_a_row_is_in_an_overflow_page(void **state) {
    const struct record small = {.kind = RECORD_SEALED,
                                 .phase = PHASE_OPEN,
                                 .content = CONTENT_INLINE,
                                 .expires_at = 60,
                                 .views = 1,
                                 .views_left = 1};
    struct record large = sample_sealed(100, 100, 0);
    static const size_t sizes[] = {MARKS, 304, PAGE - LINK};
    (void)state;
    large.rev = 126; /* the changes below make it longer */
    large.created_at = large.part_at = INT64_C(1) << 52;
    large.expires_at = large.created_at + SAMPLE_TTL;
    large.has_gate = true;
    large.request.len = TOKEN_HASH_LEN;

    for (size_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        struct record r = i % 2 == 0 ? small : large;
        uint8_t bytes[PAGE];
        memset(bytes, MARK, sizeof(bytes));
        r.size = sizes[i / 2];
        struct buf content = {.data = bytes, .len = (size_t)r.size, .cap = PAGE, .max = PAGE};
        struct store_ref ref = {.len = TOKEN_HASH_LEN};
        struct store *s = open_store();
        assert_int_equal(s->ops->create(s, &ref, &r, &content, NULL), 1);
        assert_int_equal(s->ops->scrub(s), 0);
        check_marks((size_t)r.size);

        struct change c = {.kind = CHANGE_OPEN, .now = r.created_at, .has_gate = r.has_gate};
        struct effect effect;
        for (int k = 0; k < 4; k++) {
            memcpy(c.proof, r.verifier, sizeof(c.proof));
            c.proof[0] ^= k % 2 == 0;
            c.hash[0]++;
            assert_int_equal(s->ops->change(s, &ref, &c, &effect, NULL), 1);
            assert_true(k != 1 || effect.claimed);
        }
        assert_int_equal(s->ops->scrub(s), 0);
        check_marks((size_t)r.size);
        s->ops->close(s);
        scratch_remove(dir);
        scratch_make_fast(dir);
    }
}

/* The same in a file that somebody gave larger pages, whose leaves keep more of a row. */
static void
test_larger_pages_have_content_in_overflow_pages(void **state) {
    const struct record r = sample_sealed(1, 0, 304);
    uint8_t bytes[304];
    struct buf content = {.data = bytes, .len = sizeof(bytes), .cap = sizeof(bytes)};
    struct store_ref ref = {.len = TOKEN_HASH_LEN};
    (void)state;
    memset(bytes, MARK, sizeof(bytes));

    struct store *s = open_store();
    s->ops->close(s);
    edit_file("PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM");
    s = open_store();
    assert_int_equal(s->ops->create(s, &ref, &r, &content, NULL), 1);
    assert_int_equal(s->ops->scrub(s), 0);
    check_marks(sizeof(bytes));
    s->ops->close(s);
}

int
main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_erased_content_is_in_no_file),
        CASE(test_a_plain_table_keeps_what_was_deleted),
        CASE(test_an_id_is_in_no_file),
        CASE(test_files_are_their_owners),
        CASE(test_an_open_folder_is_refused),
        CASE(test_a_second_store_is_refused),
        CASE(test_a_new_file_is_on_the_disk_or_not_there),
        CASE(test_files_of_earlier_versions_go_on),
        CASE(test_what_is_no_store_is_refused),
        CASE(test_numbers_that_no_store_writes_are_refused),
        CASE(test_content_that_is_too_short_is_refused),
        CASE(test_content_in_a_row_is_in_an_overflow_page),
        CASE(test_larger_pages_have_content_in_overflow_pages),
        CASE(test_no_folder_is_an_error),
        CASE(test_without_room_nothing_new_but_opens_go_on),
        CASE(test_the_latest_time_outlives_the_process),
        CASE(test_the_ballast_takes_room_on_any_file_system),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
