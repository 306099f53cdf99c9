/* SPDX-License-Identifier: MIT */
/*
 * The power fails.  The writes of a store are recorded while several threads create, open, burn and
 * sweep.  Then its files are rebuilt as a disk may have left them at many points: all that was
 * acknowledged by then must be there, and nothing of it undone; the events are those of the views
 * that were taken.  The control is a store that does not sync each commit: the test must catch it.
 *
 * POWER_CUTS: the number of points (500).  TEST_SEED: another run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "disk_trace.h"
#include "env_number.h"
#include "scratch.h"
#include "server/process/sandbox.h"
#include "store/sqlite/store.h"
#include "store_samples.h"

enum {
    WORKERS = 4,
    RECORDS = 40,
    EVENTS = 150,
    FACTS = 24,
    PATH_LEN = 128,
    EVENTS_MAX = 4000,
    CUTS = 500
};

/* How a record stands after an event, and the trace's position before and after the event. */
struct fact {
    size_t issued, acked;
    int64_t now;
    bool exists, content;
    uint64_t rev;
    int views_left;
};

struct subject {
    struct store_ref ref;
    uint64_t size;
    int count;
    struct fact facts[FACTS];
};

struct worker {
    struct store *store;
    struct disk_trace *trace;
    atomic_int_fast64_t *clock;
    struct prng prng;
    unsigned number;
    int subject_count;
    struct subject subjects[RECORDS];
    pthread_t thread;
};

static void
note(struct worker *w, struct subject *s, size_t issued, int64_t now, const struct record *r,
     bool exists) {
    s->facts[s->count++] = (struct fact){.issued = issued,
                                         .acked = disk_trace_position(w->trace),
                                         .now = now,
                                         .exists = exists,
                                         .content = exists && r->content == CONTENT_INLINE,
                                         .rev = r->rev,
                                         .views_left = r->views_left};
}

static void
create_one(struct worker *w, int64_t now) {
    static const uint64_t sizes[] = {40, 304, 3000, 20000};
    char id[32];
    struct subject *s = &w->subjects[w->subject_count];
    int views = (int)prng_below(&w->prng, 3) + 1;
    s->size = sizes[prng_below(&w->prng, ARRAY_LEN(sizes))];
    struct record r = prng_below(&w->prng, 2) == 0 ? sample_text(views, s->size)
                                                   : sample_sealed(views, 0, s->size);
    r.created_at = now;
    r.expires_at = now + 60 + (int64_t)prng_below(&w->prng, 20000);
    struct buf content = sample_content(s->size);
    (void)snprintf(id, sizeof(id), "w%u-%d", w->number, w->subject_count);
    w->store->ops->ref(w->store, id, &s->ref);
    size_t issued = disk_trace_position(w->trace);
    assert_int_equal(w->store->ops->create(w->store, &s->ref, &r, &content, NULL), 1);
    note(w, s, issued, now, &r, true);
    w->subject_count++;
    buf_free(&content);
}

static void
change_one(struct worker *w, int64_t now) {
    static const enum change_kind kinds[] = {CHANGE_OPEN, CHANGE_OPEN,  CHANGE_CONFIRM,
                                             CHANGE_BURN, CHANGE_LAPSE, CHANGE_LAPSE};
    struct subject *s = &w->subjects[prng_below(&w->prng, (uint64_t)w->subject_count)];
    struct change c = {.kind = kinds[prng_below(&w->prng, ARRAY_LEN(kinds))], .now = now};
    struct effect effect;
    struct record after;
    if (s->count == FACTS || !s->facts[s->count - 1].exists) return;
    sample_hash(c.kind == CHANGE_BURN ? SAMPLE_OWNER : (unsigned)prng_below(&w->prng, 4), c.hash);
    sample_hash(SAMPLE_PROOF, c.proof);
    size_t issued = disk_trace_position(w->trace);
    int found = w->store->ops->change(w->store, &s->ref, &c, &effect, &after);
    if (found == 1 && effect.verdict == VERDICT_ABSENT && c.kind == CHANGE_OPEN) {
        record_clear(&after);
        c.kind = CHANGE_CLAIM_CLASSIC;
        issued = disk_trace_position(w->trace);
        found = w->store->ops->change(w->store, &s->ref, &c, &effect, &after);
    }
    assert_int_equal(found, 1);
    note(w, s, issued, now, &after, !effect.drop_record);
    record_clear(&after);
}

static void *
worker_main(void *arg) {
    struct worker *w = arg;
    for (int i = 0; i < EVENTS; i++) {
        int64_t now = SAMPLE_T0 + atomic_fetch_add(w->clock, 1 + (int64_t)prng_below(&w->prng, 9));
        if (w->subject_count == 0 || (w->subject_count < RECORDS && prng_below(&w->prng, 5) < 2))
            create_one(w, now);
        else change_one(w, now);
        if (w->number == 0 && i % 40 == 39) assert_int_equal(w->store->ops->scrub(w->store), 0);
    }
    return NULL;
}

static struct store *
open_store(const char *dir, const char *vfs, bool sync_normal) {
    struct buf reason = BUF_INIT(512);
    struct store *s = NULL;
    struct sqlite_store_config config = {.dir = dir,
                                         .readers = 1,
                                         .reason = &reason,
                                         .events = true,
                                         .vfs = vfs,
                                         .sync_normal = sync_normal,
                                         .log_pages = 60};
    if (sqlite_store_open(&config, &s) != 0) print_message("%s\n", buf_text(&reason));
    buf_free(&reason);
    return s;
}

/* Run the workload on a new store.  The trace ends before the store is closed. */
static struct disk_trace *
run_workload(struct worker *workers, uint64_t seed, bool sync_normal) {
    char dir[SCRATCH_PATH_MAX];
    atomic_int_fast64_t clock = 0;
    struct disk_trace *t = disk_trace_start();
    scratch_make_fast(dir);
    struct store *s = open_store(dir, HOOK_VFS, sync_normal);
    assert_non_null(s);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){
            .store = s, .trace = t, .clock = &clock, .number = i, .prng = {seed + i}};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    disk_trace_stop(t);
    s->ops->close(s);
    scratch_remove(dir);
    return t;
}

static void
write_image(const char *dir, const char *name, const struct disk_image *image) {
    char path[PATH_LEN];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->data, image->len), (ssize_t)image->len);
    assert_int_equal(close(fd), 0);
}

static bool
integrity_ok(const char *dir) {
    char path[PATH_LEN];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(path, sizeof(path), "%s/secrets.db", dir);
    bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
              sqlite3_step(stmt) == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return ok;
}

static bool
stands_as(const struct fact *f, int found, const struct record *r) {
    if (f == NULL || !f->exists) return found == 0;
    return found == 1 && r->rev == f->rev && r->views_left == f->views_left &&
           (r->content == CONTENT_INLINE) == f->content;
}

/*
 * Whether ${s} is as after the last event that was acknowledged before ${cut}, or as after the
 * event that was under way then.  Adds what it counts for to ${bytes}.
 */
static bool
subject_ok(struct store *store, const struct subject *s, size_t cut, uint64_t *bytes) {
    int n = 0;
    struct record r;
    struct buf content = BUF_INIT(65536);
    while (n < s->count && s->facts[n].acked <= cut)
        n++;
    bool next = n < s->count && s->facts[n].issued <= cut;
    int found = store->ops->load(store, &s->ref, &r, &content);
    bool ok = stands_as(n > 0 ? &s->facts[n - 1] : NULL, found, &r) ||
              (next && stands_as(&s->facts[n], found, &r));
    if (found == 1 && r.content == CONTENT_INLINE) {
        struct buf want = sample_content(s->size);
        ok = ok && buf_equals(&content, want.data, want.len);
        buf_free(&want);
    }
    if (found == 1) *bytes += record_cost(&r);
    buf_free(&content);
    record_clear(&r);
    return ok;
}

/* How many events of ${kind} are about ${ref}. */
static int
count_events(const struct audit_event *list, int n, const struct store_ref *ref,
             enum audit_kind kind) {
    int count = 0;
    for (int i = 0; i < n; i++)
        count += list[i].kind == kind && memcmp(list[i].ref, ref->bytes, AUDIT_REF_LEN) == 0;
    return count;
}

/* Whether the chain of events is whole, and each record has as many as views were taken of it. */
static bool
events_ok(struct store *store, const struct worker *workers) {
    static struct audit_event list[EVENTS_MAX];
    uint8_t hash[AUDIT_HASH_LEN] = {0};
    int n = store->ops->events(store, 0, list, EVENTS_MAX);
    bool ok = n >= 0 && n < EVENTS_MAX;

    for (int i = 0; i < n; i++) {
        ok = ok && list[i].number == i + 1 && audit_follows(&list[i], hash);
        memcpy(hash, list[i].hash, sizeof(hash));
    }
    for (int w = 0; w < WORKERS; w++)
        for (int k = 0; k < workers[w].subject_count; k++) {
            const struct store_ref *ref = &workers[w].subjects[k].ref;
            struct record r;
            int found = store->ops->load(store, ref, &r, NULL);
            if (found == 1)
                ok = ok && count_events(list, n, ref, AUDIT_CREATED) == 1 &&
                     count_events(list, n, ref, AUDIT_OPENED) == r.views - r.views_left;
            else ok = ok && count_events(list, n, ref, AUDIT_CREATED) <= 1;
            record_clear(&r);
        }
    return ok;
}

/* Faults of the store in ${dir}, as the power failure at ${cut} left it. */
static int
count_faults(const char *dir, const struct worker *workers, size_t cut) {
    int faults = 0;
    uint64_t bytes = 0;
    int64_t latest = 0;
    struct store *store = open_store(dir, NULL, false);
    if (store == NULL) return 1;
    for (int i = 0; i < WORKERS; i++)
        for (int k = 0; k < workers[i].subject_count; k++) {
            const struct subject *s = &workers[i].subjects[k];
            faults += !subject_ok(store, s, cut, &bytes);
            for (int n = 0; n < s->count && s->facts[n].acked <= cut; n++)
                if (s->facts[n].now > latest) latest = s->facts[n].now;
        }
    faults += !events_ok(store, workers);
    faults += store->ops->usage(store) != bytes;
    faults += store->ops->now(store, 0) < latest; /* the time survives a clock that is set back */
    store->ops->close(store);
    return faults + !integrity_ok(dir);
}

/* Cut the power ${cuts} times.  Returns how many cuts did harm. */
static int
cut_power(struct disk_trace *t, const struct worker *workers, int cuts, uint64_t seed) {
    struct prng p = {seed ^ 0x9e3779b9};
    struct disk_image images[DISK_FILES] = {{0}};
    int harmed = 0;
    size_t total = disk_trace_position(t);
    for (int i = 0; i < cuts; i++) {
        char dir[SCRATCH_PATH_MAX];
        size_t from = total * (size_t)i / (size_t)cuts;
        size_t to = total * ((size_t)i + 1) / (size_t)cuts;
        size_t cut = from + (to > from ? prng_below(&p, to - from) : 0);
        scratch_make_fast(dir);
        disk_trace_cut(t, cut, &p, images);
        write_image(dir, "secrets.db", &images[HOOK_DB]);
        if (images[HOOK_WAL].len > 0) write_image(dir, "secrets.db-wal", &images[HOOK_WAL]);
        int faults = count_faults(dir, workers, cut);
        if (faults > 0 && harmed++ == 0)
            print_message("cut %d at operation %zu: %d faults\n", i, cut, faults);
        scratch_remove(dir);
    }
    for (int f = 0; f < DISK_FILES; f++)
        disk_image_free(&images[f]);
    return harmed;
}

static void
test_nothing_acknowledged_is_lost_or_undone(void **state) {
    (void)state;
    static struct worker workers[WORKERS];
    uint64_t seed = prng_seed();
    int cuts = env_number("POWER_CUTS", 1, 1000000, CUTS);
    struct disk_trace *t = run_workload(workers, seed, false);
    print_message("%zu operations on disk, %d cuts\n", disk_trace_position(t), cuts);
    int harmed = cut_power(t, workers, cuts, seed);
    disk_trace_free(t);
    assert_int_equal(harmed, 0);
}

static void
test_a_store_that_does_not_sync_is_caught(void **state) {
    (void)state;
    static struct worker workers[WORKERS];
    uint64_t seed = prng_seed();
    struct disk_trace *t = run_workload(workers, seed, true);
    int harmed = cut_power(t, workers, 50, seed);
    disk_trace_free(t);
    print_message("%d of 50 cuts lost something\n", harmed);
    assert_true(harmed > 0);
}

/*
 * The store runs in the sandbox of the server.  Sanitizers make system calls that the sandbox does
 * not allow.
 */
static bool
confine(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    const struct sandbox_paths paths = {.data_dir =
                                            access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"};
    int on = sandbox_restrict_paths(&paths);
    if (on == SANDBOX_ON) on = sandbox_restrict_calls(false, -1);
    if (on == SANDBOX_UNSUPPORTED) print_message("SKIP sandbox: this kernel has none\n");
    return on >= 0;
#endif
}

int
main(void) {
    if (!confine()) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_acknowledged_is_lost_or_undone),
        cmocka_unit_test(test_a_store_that_does_not_sync_is_caught),
    };
    return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
