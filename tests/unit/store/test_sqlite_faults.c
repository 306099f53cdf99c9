/* SPDX-License-Identifier: MIT */
/*
 * Each system call of SQLite fails in turn, once or from then on: with an I/O error, a full disk or
 * a short read.  Every result of the store must be true once the disk works again: nothing that was
 * acknowledged is lost, nothing that failed has happened, and nothing is opened too often.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "env_number.h"
#include "hook_vfs.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "store_samples.h"

enum { RECORDS = 6, CALLERS = 3 };

enum mode { FAIL_IO, FAIL_FULL, FAIL_SHORT_READ, MODES };

/* Which call fails. */
struct plan {
    enum mode mode;
    bool lasting; /* all calls from it on */
    int at;
    atomic_int calls;
    atomic_bool fired;
    atomic_bool healthy; /* no call fails any more */
    bool unknown;        /* an outcome was unknown */
};

/* A record as the results of the store describe it. */
struct known {
    struct store_ref ref;
    struct record first; /* as it is created */
    bool exists, content;
    bool unsure; /* a result was ERR_UNKNOWN_OUTCOME */
    uint64_t rev;
    int views_left;
    int claims;
};

/* The store of one run.  A crash follows the first failure that the main thread sees. */
struct run {
    const char *dir;
    struct store *store;
    struct known records[RECORDS];
    bool crashed;
};

static int
io_error(enum hook_call call) {
    switch (call) {
    case HOOK_OPEN: return SQLITE_CANTOPEN;
    case HOOK_DELETE: return SQLITE_IOERR_DELETE;
    case HOOK_ACCESS: return SQLITE_IOERR_ACCESS;
    case HOOK_READ: return SQLITE_IOERR_READ;
    case HOOK_WRITE: return SQLITE_IOERR_WRITE;
    case HOOK_TRUNCATE: return SQLITE_IOERR_TRUNCATE;
    case HOOK_SYNC: return SQLITE_IOERR_FSYNC;
    case HOOK_SIZE: return SQLITE_IOERR_FSTAT;
    case HOOK_LOCK: return SQLITE_IOERR_LOCK;
    case HOOK_SHM_MAP: return SQLITE_IOERR_SHMMAP;
    }
    return SQLITE_IOERR;
}

static int
maybe_fail(void *ctx, enum hook_call call, enum hook_file file) {
    struct plan *p = ctx;
    if (atomic_load(&p->healthy)) return SQLITE_OK;
    if (p->mode == FAIL_FULL && call != HOOK_WRITE) return SQLITE_OK;
    /* SQLite takes a short read of the main file for zeros. */
    if (p->mode == FAIL_SHORT_READ && (call != HOOK_READ || file != HOOK_WAL)) return SQLITE_OK;
    int n = atomic_fetch_add(&p->calls, 1) + 1;
    if (n != p->at && !(p->lasting && n > p->at)) return SQLITE_OK;
    atomic_store(&p->fired, true);
    if (p->mode == FAIL_FULL) return SQLITE_FULL;
    return p->mode == FAIL_SHORT_READ ? SQLITE_IOERR_SHORT_READ : io_error(call);
}

/* A store whose disk can fail keeps a ballast. */
static struct store *
open_store(const char *dir, const char *vfs) {
    struct store *s = NULL;
    struct sqlite_store_config config = {
        .dir = dir, .readers = 1, .min_free = vfs != NULL, .vfs = vfs, .log_pages = 20};
    return sqlite_store_open(&config, &s) == 0 ? s : NULL;
}

/* A change failed with ${err}: it was not done, or that is unknown. */
static void
note_failure(struct known *s, int err) {
    assert_true(err == ERR_STORE || err == ERR_FULL || err == ERR_NOMEM ||
                err == ERR_UNKNOWN_OUTCOME);
    if (err == ERR_UNKNOWN_OUTCOME) s->unsure = true;
}

static int
create(struct store *store, struct known *s) {
    struct buf content = sample_content(s->first.size);
    int created = store->ops->create(store, &s->ref, &s->first, &content, NULL);
    buf_free(&content);
    if (created < 0) {
        note_failure(s, created);
        return created;
    }
    assert_true(created == 1 || s->unsure);
    s->exists = s->content = true;
    s->rev = s->first.rev;
    s->views_left = s->first.views_left;
    s->unsure = false;
    return 0;
}

static int
change(struct store *store, struct known *s, enum change_kind kind, int64_t now, unsigned hash) {
    struct change c = {.kind = kind, .now = now};
    struct effect effect;
    struct record after;
    sample_hash(hash, c.hash);
    sample_hash(SAMPLE_PROOF, c.proof);
    int found = store->ops->change(store, &s->ref, &c, &effect, &after);
    if (found < 0) {
        note_failure(s, found);
        return found;
    }
    assert_true(found == (s->exists ? 1 : 0) || s->unsure);
    s->unsure = false;
    s->exists = found == 1 && !effect.drop_record;
    s->content = s->exists && after.content == CONTENT_INLINE;
    s->rev = after.rev;
    s->views_left = after.views_left;
    if (effect.claimed || effect.verdict == VERDICT_REPEAT)
        s->claims = after.views - after.views_left;
    record_clear(&after);
    return 0;
}

/* A load is right or fails. */
static void
load(struct store *store, const struct known *s) {
    struct record r;
    struct buf content = BUF_INIT(65536);
    int found = store->ops->load(store, &s->ref, &r, &content);
    if (found >= 0 && !s->unsure) assert_int_equal(found, s->exists);
    if (found == 1 && !s->unsure) {
        struct buf want = sample_content(s->first.size);
        assert_int_equal(r.rev, s->rev);
        assert_int_equal(r.views_left, s->views_left);
        assert_int_equal(r.content == CONTENT_INLINE, s->content);
        if (s->content) assert_true(buf_equals(&content, want.data, want.len));
        buf_free(&want);
    }
    if (found == 1) assert_true(s->claims + r.views_left <= r.views);
    buf_free(&content);
    record_clear(&r);
}

struct caller {
    struct store *store;
    struct known *known;
    pthread_t thread;
};

static void *
caller_main(void *arg) {
    struct caller *m = arg;
    (void)create(m->store, m->known);
    (void)change(m->store, m->known, CHANGE_OPEN, SAMPLE_T0 + 2, 12);
    (void)change(m->store, m->known, CHANGE_OPEN, SAMPLE_T0 + 3, 13);
    return NULL;
}

/* Several callers at once share transactions. */
static void
run_callers(struct store *store, struct known *records) {
    struct caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.store = store, .known = &records[i]};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
}

static void
copy_file(const char *from, const char *to, const char *name) {
    char path[SCRATCH_PATH_MAX * 2];
    uint8_t block[65536];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", from, name);
    FILE *in = fopen(path, "rbe");
    if (in == NULL) return;
    (void)snprintf(path, sizeof(path), "%s/%s", to, name);
    FILE *out = fopen(path, "wbe");
    assert_non_null(out);
    while ((n = fread(block, 1, sizeof(block), in)) > 0)
        assert_int_equal(fwrite(block, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    (void)fclose(in);
}

/* Kill the process here: all that it has reported must hold for the files that it leaves. */
static void
crash(const struct run *run) {
    char dir[SCRATCH_PATH_MAX];
    scratch_make_fast(dir);
    copy_file(run->dir, dir, "secrets.db");
    copy_file(run->dir, dir, "secrets.db-wal");
    struct store *store = open_store(dir, NULL);
    assert_non_null(store);
    for (int i = 0; i < RECORDS; i++)
        load(store, &run->records[i]);
    store->ops->close(store);
    scratch_remove(dir);
}

static void
answered(struct run *run, int err) {
    if (err == 0 || run->crashed) return;
    run->crashed = true;
    crash(run);
}

static void
make(struct run *run, int i) {
    answered(run, create(run->store, &run->records[i]));
}

static void
alter(struct run *run, int i, enum change_kind kind, int64_t after, unsigned hash) {
    answered(run, change(run->store, &run->records[i], kind, SAMPLE_T0 + after, hash));
}

static void
play_run(struct run *run, struct plan *plan) {
    (void)plan;
    struct store *store = run->store;
    struct store_ref due[STORE_DUE_MAX];
    make(run, 0);
    make(run, 1);
    make(run, 2);
    load(store, &run->records[0]);
    alter(run, 0, CHANGE_OPEN, 1, 11);
    load(store, &run->records[0]);
    alter(run, 1, CHANGE_CLAIM_CLASSIC, 1, 0);
    run_callers(store, &run->records[3]);
    alter(run, 2, CHANGE_BURN, 2, SAMPLE_OWNER);
    alter(run, 0, CHANGE_CONFIRM, 3, 11);
    int n = store->ops->due(store, SAMPLE_T0 + 500, 0, due, STORE_DUE_MAX);
    assert_true(n >= 0 || n == ERR_STORE || n == ERR_NOMEM);
    for (int i = 0; i < RECORDS; i++)
        alter(run, i, CHANGE_LAPSE, 500, 0);
    (void)store->ops->scrub(store);
    (void)store->ops->ping(store);
    for (int i = 0; i < RECORDS; i++)
        load(store, &run->records[i]);

    /* The used up ones wait for longer. */
    n = store->ops->due(store, SAMPLE_T0 + SAMPLE_TTL, 0, due, STORE_DUE_MAX);
    assert_true(n >= 0 || n == ERR_STORE || n == ERR_NOMEM);
}

static void
prepare(struct known *records) {
    for (int i = 0; i < RECORDS; i++) {
        records[i] = (struct known){.first = i == 1 ? sample_text(1, 40)
                                                    : sample_sealed(2, 0, i == 0 ? 9000 : 304)};
        records[i].ref.len = TOKEN_HASH_LEN;
        sample_hash(500 + (unsigned)i, records[i].ref.bytes);
    }
}

/* The disk works again. */
static void
check_after(const char *dir, const struct known *records) {
    uint64_t bytes = 0;
    bool sure = true;
    struct store *store = open_store(dir, NULL);
    assert_non_null(store);
    for (int i = 0; i < RECORDS; i++) {
        load(store, &records[i]);
        sure = sure && !records[i].unsure;
        struct record now = records[i].first;
        if (!records[i].content) now.content = CONTENT_NONE;
        if (records[i].exists) bytes += record_cost(&now);
    }
    if (sure) assert_int_equal(store->ops->usage(store), bytes);
    store->ops->close(store);
}

/* Run ${play} with the faults of ${plan}. */
static void
run_with(struct plan *plan, void (*play)(struct run *run, struct plan *plan)) {
    char dir[SCRATCH_PATH_MAX];
    struct run run = {.dir = dir};
    struct hooks hooks = {.before = maybe_fail, .ctx = plan};
    scratch_make_fast(dir);
    prepare(run.records);
    hook_vfs_set(&hooks);
    run.store = open_store(dir, HOOK_VFS);
    if (run.store != NULL) {
        play(&run, plan);
        run.store->ops->close(run.store);
    }
    hook_vfs_set(NULL);
    check_after(dir, run.records);
    scratch_remove(dir);
}

static void
run_all(enum mode mode, bool lasting) {
    /* One call in so many fails in turn. */
    int stride = env_number("FAULT_STRIDE", 1, 10000000, 1);
    bool fired = true;
    int at = 1;
    for (; fired; at += stride) {
        struct plan plan = {.mode = mode, .lasting = lasting, .at = at};
        run_with(&plan, play_run);
        fired = atomic_load(&plan.fired);
    }

    print_message("one in %d of %d calls failed in turn\n", stride, at - stride);
    assert_true(at > 5 * stride);
}

static void
test_every_io_error_once(void **state) {
    (void)state;
    run_all(FAIL_IO, false);
}

static void
test_every_io_error_for_ever(void **state) {
    (void)state;
    run_all(FAIL_IO, true);
}

static void
test_the_disk_is_full_once(void **state) {
    (void)state;
    run_all(FAIL_FULL, false);
}

static void
test_the_disk_stays_full(void **state) {
    (void)state;
    run_all(FAIL_FULL, true);
}

static void
ask_about_the_unknown(struct run *run, struct plan *plan) {
    struct known *s = &run->records[0];
    if (create(run->store, s) != ERR_UNKNOWN_OUTCOME) return;
    plan->unknown = true;
    assert_int_equal(change(run->store, s, CHANGE_OPEN, SAMPLE_T0 + 1, 11), ERR_STORE);
    atomic_store(&plan->healthy, true);
    assert_int_equal(change(run->store, s, CHANGE_OPEN, SAMPLE_T0 + 1, 11), 0);
}

/* A record whose create may come back after a crash is not reported as absent. */
static void
test_nothing_is_told_of_what_is_unknown(void **state) {
    (void)state;
    int unknown = 0;
    for (int at = 1; at < 40; at++) {
        struct plan plan = {.mode = FAIL_FULL, .lasting = true, .at = at};
        run_with(&plan, ask_about_the_unknown);
        unknown += plan.unknown;
    }
    assert_true(unknown > 0);
}

static void
test_every_short_read_of_the_log(void **state) {
    (void)state;
    run_all(FAIL_SHORT_READ, false);
    run_all(FAIL_SHORT_READ, true);
}

/* A store in a directory of its own, over the hook VFS, and records to create in it. */
struct hooked_store {
    char dir[SCRATCH_PATH_MAX];
    struct hooks hooks;
    struct known s[RECORDS];
    struct store *store;
};

/* Make ${h}, whose calls of the system ${before} decides with ${ctx}.  ${config} without directory
 * and VFS is the store's; NULL: that of open_store(). */
static void
hooked_open(struct hooked_store *h,
            int (*before)(void *ctx, enum hook_call call, enum hook_file file), void *ctx,
            const struct sqlite_store_config *config) {
    struct sqlite_store_config own = {0};
    h->hooks = (struct hooks){.before = before, .ctx = ctx};
    scratch_make_fast(h->dir);
    prepare(h->s);
    hook_vfs_set(&h->hooks);

    if (config == NULL) {
        h->store = open_store(h->dir, HOOK_VFS);
        assert_non_null(h->store);
        return;
    }
    own = *config;
    own.dir = h->dir;
    own.vfs = HOOK_VFS;
    assert_int_equal(sqlite_store_open(&own, &h->store), 0);
}

static void
hooked_close(struct hooked_store *h) {
    h->store->ops->close(h->store);
    hook_vfs_set(NULL);
    scratch_remove(h->dir);
}

/* Commits fail until the disk works.  Then the store recovers by itself. */
static void
test_a_broken_store_comes_back(void **state) {
    (void)state;
    struct plan plan = {.mode = FAIL_IO, .lasting = true, .at = 1, .healthy = true};
    struct hooked_store h;
    hooked_open(&h, maybe_fail, &plan, NULL);
    struct store *store = h.store;
    struct known *s = h.s;
    assert_int_equal(create(store, &s[0]), 0);
    assert_int_equal(store->ops->ping(store), 0);
    atomic_store(&plan.healthy, false);
    assert_int_not_equal(create(store, &s[1]), 0);
    /* The second write fails only after the first was handled, so the store is broken by then. */
    assert_int_equal(create(store, &s[2]), ERR_STORE);
    assert_int_equal(store->ops->ping(store), ERR_STORE);
    atomic_store(&plan.healthy, true);
    int64_t start = clock_monotonic_ms();
    while (store->ops->ping(store) != 0)
        assert_true(clock_monotonic_ms() - start < 20000);
    assert_int_equal(create(store, &s[3]), 0);
    load(store, &s[0]);
    load(store, &s[2]);
    load(store, &s[3]);
    hooked_close(&h);
}

/* A disk that other programs have filled: only the ballast gives room. */
struct full_disk {
    char ballast[SCRATCH_PATH_MAX + 20];
    atomic_bool full;
};

static int
no_room(void *ctx, enum hook_call call, enum hook_file file) {
    const struct full_disk *c = ctx;
    (void)file;
    if (call != HOOK_WRITE || !atomic_load(&c->full)) return SQLITE_OK;
    return access(c->ballast, F_OK) == 0 ? SQLITE_FULL : SQLITE_OK;
}

static void
test_a_full_disk_lets_views_be_taken(void **state) {
    (void)state;
    struct full_disk disk = {.full = false};
    struct hooked_store h;
    hooked_open(&h, no_room, &disk, NULL);
    (void)snprintf(disk.ballast, sizeof(disk.ballast), "%s/secrets.ballast", h.dir);
    struct store *store = h.store;
    struct known *s = h.s;
    assert_int_equal(create(store, &s[0]), 0);
    assert_int_equal(access(disk.ballast, F_OK), 0);
    atomic_store(&disk.full, true);
    assert_int_equal(change(store, &s[0], CHANGE_OPEN, SAMPLE_T0 + 1, 11), 0);
    assert_int_equal(s[0].claims, 1);
    assert_int_equal(access(disk.ballast, F_OK), -1);
    load(store, &s[0]);
    /* Once there is room, the next scrub makes it again. */
    atomic_store(&disk.full, false);
    assert_int_equal(store->ops->scrub(store), 0);
    assert_int_equal(access(disk.ballast, F_OK), 0);
    hooked_close(&h);
}

/* A disk whose fsyncs, or reads of the log, hang. */
struct disk {
    enum hook_call slow;
    atomic_bool hangs;
    atomic_int waiting; /* calls that hang */
};

static int
wait_for_disk(void *ctx, enum hook_call call, enum hook_file file) {
    struct disk *disk = ctx;
    if (call != disk->slow || (call == HOOK_READ && file != HOOK_WAL)) return SQLITE_OK;
    atomic_fetch_add(&disk->waiting, 1);
    while (atomic_load(&disk->hangs))
        (void)usleep(1000);
    atomic_fetch_sub(&disk->waiting, 1);
    return SQLITE_OK;
}

static void
wait_until_it_waits(struct disk *disk) {
    while (atomic_load(&disk->waiting) == 0)
        (void)usleep(1000);
}

struct late {
    struct store *store;
    struct known *known;
    int err;
    int64_t ms;
    pthread_t thread;
};

static void *
late_main(void *arg) {
    struct late *l = arg;
    int64_t start = clock_monotonic_ms();
    l->err = create(l->store, l->known);
    l->ms = clock_monotonic_ms() - start;
    return NULL;
}

static void
test_a_disk_that_hangs_is_not_waited_for(void **state) {
    (void)state;
    enum { MS = 1000, BEHIND = 4, LONG = 20 * 1000 };
    const struct sqlite_store_config config = {.wait_ms = MS};
    struct disk disk = {.slow = HOOK_SYNC};
    struct late all[1 + BEHIND];
    struct hooked_store h;
    hooked_open(&h, wait_for_disk, &disk, &config);
    struct store *store = h.store;
    struct known *s = h.s;
    assert_int_equal(create(store, &s[5]), 0);
    atomic_store(&disk.hangs, true);
    for (int i = 0; i <= BEHIND; i++) {
        all[i] = (struct late){.store = store, .known = &s[i]};
        assert_int_equal(pthread_create(&all[i].thread, NULL, late_main, &all[i]), 0);
        if (i == 0)
            wait_until_it_waits(&disk); /* the first is being written when the others are queued */
    }
    for (int i = 0; i <= BEHIND; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        assert_int_equal(all[i].err, i == 0 ? ERR_UNKNOWN_OUTCOME : ERR_STORE);
        assert_in_range(all[i].ms, MS / 2, LONG);
    }
    /* From now on no caller waits, and records can be read. */
    int64_t start = clock_monotonic_ms();
    assert_int_equal(store->ops->ping(store), ERR_STUCK);
    assert_int_equal(create(store, &s[1]), ERR_STORE);
    assert_int_equal(change(store, &s[5], CHANGE_OPEN, SAMPLE_T0 + 1, 11), ERR_STORE);
    load(store, &s[5]);
    assert_true(clock_monotonic_ms() - start < MS);
    atomic_store(&disk.hangs, false);
    start = clock_monotonic_ms();
    while (store->ops->ping(store) != 0)
        assert_true(clock_monotonic_ms() - start < LONG);
    /* Creates that were reported as failed did not happen. The undecided one did. */
    for (int i = 1; i <= BEHIND; i++)
        load(store, &s[i]);
    assert_int_equal(create(store, &s[0]), 0);
    for (int i = 1; i <= BEHIND; i++)
        assert_int_equal(create(store, &s[i]), 0);
    assert_int_equal(change(store, &s[5], CHANGE_OPEN, SAMPLE_T0 + 1, 11), 0);
    load(store, &s[5]);
    hooked_close(&h);
}

/* The same for reads of the log, which has what was just written. */
static void *
reader_main(void *arg) {
    struct late *l = arg;
    load(l->store, l->known);
    return NULL;
}

static void
test_a_read_that_hangs_is_not_waited_for(void **state) {
    (void)state;
    enum { MS = 1000, LONG = 20 * 1000 };
    const struct sqlite_store_config config = {.readers = 1, .wait_ms = MS};
    struct disk disk = {.slow = HOOK_READ};
    struct record r;
    struct hooked_store h;
    hooked_open(&h, wait_for_disk, &disk, &config);
    struct store *store = h.store;
    struct known *s = h.s;
    assert_int_equal(create(store, &s[0]), 0);
    atomic_store(&disk.hangs, true);
    struct late stuck = {.store = store, .known = &s[0]};
    assert_int_equal(pthread_create(&stuck.thread, NULL, reader_main, &stuck), 0);
    wait_until_it_waits(&disk);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(store->ops->load(store, &s[0].ref, &r, NULL), ERR_STORE);
    assert_in_range(clock_monotonic_ms() - start, MS / 2, LONG);
    /* The next caller does not wait. */
    start = clock_monotonic_ms();
    assert_int_equal(store->ops->load(store, &s[0].ref, &r, NULL), ERR_STORE);
    assert_int_equal(store->ops->ping(store), ERR_STUCK);
    assert_true(clock_monotonic_ms() - start < MS / 2);
    atomic_store(&disk.hangs, false);
    assert_int_equal(pthread_join(stuck.thread, NULL), 0);
    assert_int_equal(store->ops->ping(store), 0);
    load(store, &s[0]);
    hooked_close(&h);
}

/* The same for a ping while no other call hangs yet. */
static void
test_a_ping_that_hangs_is_not_waited_for(void **state) {
    (void)state;
    enum { MS = 1000, LONG = 20 * 1000 };
    const struct sqlite_store_config config = {.wait_ms = MS};
    struct disk disk = {.slow = HOOK_READ};
    struct hooked_store h;
    hooked_open(&h, wait_for_disk, &disk, &config);
    struct store *store = h.store;
    struct known *s = h.s;
    assert_int_equal(store->ops->ping(store), 0);
    assert_int_equal(create(store, &s[0]), 0);
    atomic_store(&disk.hangs, true);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(store->ops->ping(store), ERR_STUCK);
    assert_in_range(clock_monotonic_ms() - start, MS, LONG);
    start = clock_monotonic_ms();
    assert_int_equal(store->ops->ping(store), ERR_STUCK);
    assert_true(store->ops->stuck(store));
    assert_true(clock_monotonic_ms() - start < MS);
    atomic_store(&disk.hangs, false);
    start = clock_monotonic_ms();
    while (store->ops->stuck(store))
        assert_true(clock_monotonic_ms() - start < LONG);
    assert_int_equal(store->ops->ping(store), 0);
    hooked_close(&h);
}

struct job {
    struct store *store;
    struct store_ref ref;
    struct record record;
    int created;
    pthread_t thread;
};

static void *
job_main(void *arg) {
    struct job *n = arg;
    struct buf content = sample_content(n->record.size);
    n->created = n->store->ops->create(n->store, &n->ref, &n->record, &content, NULL);
    buf_free(&content);
    return NULL;
}

/* Of many jobs that share transactions, only those that violate a constraint fail. */
static void
test_a_failure_does_not_undo_other_jobs(void **state) {
    (void)state;
    enum { JOBS = 64 };
    char dir[SCRATCH_PATH_MAX];
    struct job all[JOBS];
    scratch_make(dir);
    struct store *store = open_store(dir, NULL);
    for (unsigned i = 0; i < JOBS; i++) {
        all[i] = (struct job){.store = store, .record = sample_sealed(1, 0, 304)};
        if (i % 4 == 0) all[i].record.views_left = -1;
        sample_hash(i, all[i].ref.bytes);
        all[i].ref.len = TOKEN_HASH_LEN;
        assert_int_equal(pthread_create(&all[i].thread, NULL, job_main, &all[i]), 0);
    }
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        assert_int_equal(all[i].created, i % 4 == 0 ? ERR_STORE : 1);
    }
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(sample_exists(store, &all[i].ref), i % 4 != 0);
    const struct record one = sample_sealed(1, 0, 304);
    assert_int_equal(store->ops->usage(store), record_cost(&one) * (JOBS - JOBS / 4));
    store->ops->close(store);
    scratch_remove(dir);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_io_error_once),
        cmocka_unit_test(test_every_io_error_for_ever),
        cmocka_unit_test(test_the_disk_is_full_once),
        cmocka_unit_test(test_the_disk_stays_full),
        cmocka_unit_test(test_nothing_is_told_of_what_is_unknown),
        cmocka_unit_test(test_every_short_read_of_the_log),
        cmocka_unit_test(test_a_broken_store_comes_back),
        cmocka_unit_test(test_a_full_disk_lets_views_be_taken),
        cmocka_unit_test(test_a_disk_that_hangs_is_not_waited_for),
        cmocka_unit_test(test_a_read_that_hangs_is_not_waited_for),
        cmocka_unit_test(test_a_ping_that_hangs_is_not_waited_for),
        cmocka_unit_test(test_a_failure_does_not_undo_other_jobs),
    };
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
