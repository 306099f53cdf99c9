/* SPDX-License-Identifier: MIT */
/*
 * How many durable creates and opens a second the SQLite store does for THREADS callers that each
 * wait for their answer: store_bench DIR [THREADS [EACH [STORED [ROUND]]]].  A secret is 100 bytes,
 * 304 sealed.  With STORED, so many secrets are stored first, which expire over five days.  Then
 * the opens are of old ones, and the time of opening the store again is measured as well.  ROUND is
 * how many runs with the same numbers DIR has seen.  Each round needs THREADS times EACH of STORED.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text/parse.h"
#include "store/sqlite/store.h"
#include "store_wait.h"

enum { NOW = 1900000000, SIZE = 304, LIFETIME = 432000, FILLERS = 256 };

struct bench {
    struct store *store;
    int64_t each; /* secrets for each thread */
    int64_t stored;
    atomic_int failed;
};

struct caller {
    struct bench *bench;
    int64_t first, step; /* which secrets are its own */
    pthread_t thread;
};

/* The address of secret ${n}: spread over all keys, as hashes of ids are. */
static struct store_ref
ref_of(int64_t n) {
    struct store_ref ref = {.len = TOKEN_HASH_LEN};
    uint64_t x = (uint64_t)n;
    for (size_t i = 0; i < TOKEN_HASH_LEN; i += sizeof(x)) {
        x += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
        uint64_t z = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        memcpy(ref.bytes + i, &z, sizeof(z));
    }
    return ref;
}

/* The number of the ${i}th of ${c}.  Old ones are opened in no order. */
static int64_t
number_of(const struct caller *c, int64_t i, bool old) {
    int64_t n = c->first + i * c->step;
    if (old) return (int64_t)((uint64_t)n * 7919 % (uint64_t)c->bench->stored);
    return n;
}

static void *
create_all(void *arg) {
    struct caller *c = arg;
    struct store *s = c->bench->store;
    uint8_t bytes[SIZE];
    random_fill(&random_system, bytes, sizeof(bytes));
    struct buf content = {.data = bytes, .len = SIZE, .cap = SIZE, .max = SIZE};
    struct record r = {.kind = RECORD_SEALED,
                       .phase = PHASE_OPEN,
                       .content = CONTENT_INLINE,
                       .rev = RECORD_REV_FIRST,
                       .created_at = NOW,
                       .views = 1,
                       .views_left = 1,
                       .size = SIZE};
    for (int64_t i = 0; i < c->bench->each; i++) {
        int64_t n = number_of(c, i, false);
        struct store_ref ref = ref_of(n);
        r.expires_at = NOW + LIFETIME;
        if (n < c->bench->stored) r.expires_at = NOW + 60 + LIFETIME * n / c->bench->stored;
        if (s->ops->create(s, &ref, &r, &content, NULL) != 1)
            atomic_fetch_add(&c->bench->failed, 1);
    }
    return NULL;
}

/* As the vault does it: read the content and claim the view in one step.  Returns whether ${ref}
 * gave both. */
static bool
open_one(struct store *s, const struct store_ref *ref, const struct change *change) {
    struct store_wait w;
    struct effect effect;
    struct record record = {0};
    struct buf content = BUF_INIT(SIZE);
    store_wait_begin(&w);

    bool ok = s->ops->open_later(s, ref, change, SIZE, &w.later) == 0;
    if (ok) store_wait_end(&w);
    ok = ok && s->ops->opened(s, &w.later, &effect, &record, &content) == 1 && effect.claimed &&
         content.len == SIZE;

    record_clear(&record);
    buf_free(&content);
    return ok;
}

static void *
open_all(void *arg) {
    struct caller *c = arg;
    struct store *s = c->bench->store;
    struct change change = {.kind = CHANGE_OPEN, .now = NOW + 1};
    for (int64_t i = 0; i < c->bench->each; i++) {
        struct store_ref ref = ref_of(number_of(c, i, c->bench->stored > 0));
        random_fill(&random_system, change.hash, sizeof(change.hash));
        if (!open_one(s, &ref, &change)) atomic_fetch_add(&c->bench->failed, 1);
    }
    return NULL;
}

/* Nanoseconds of processor that the store's writer has used, or 0 if the kernel does not tell. */
static int64_t
writer_ns(void) {
    DIR *tasks = opendir("/proc/self/task");
    long long ns = 0;
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        char path[320];
        char name[32] = "";
        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
        FILE *f = fopen(path, "re");
        bool found = f != NULL && fgets(name, sizeof(name), f) != NULL;
        if (f != NULL) (void)fclose(f);
        if (!found || strcmp(name, "sqlite_writer\n") != 0) continue;

        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", task->d_name);
        f = fopen(path, "re");
        if (f != NULL && fscanf(f, "%lld", &ns) != 1) ns = 0;
        if (f != NULL) (void)fclose(f);
    }
    if (tasks != NULL) (void)closedir(tasks);
    return ns;
}

/* Let ${threads} callers do ${work} on secrets from number ${first} on. */
static void
run(struct bench *bench, int64_t threads, int64_t first, const char *what, void *(*work)(void *)) {
    struct caller *callers = calloc((size_t)threads, sizeof(*callers));
    if (callers == NULL) abort();
    int64_t start = clock_monotonic_us();
    int64_t used = writer_ns();

    for (int64_t i = 0; i < threads; i++) {
        callers[i] = (struct caller){.bench = bench, .first = first + i, .step = threads};
        if (pthread_create(&callers[i].thread, NULL, work, &callers[i]) != 0) abort();
    }
    for (int64_t i = 0; i < threads; i++)
        (void)pthread_join(callers[i].thread, NULL);

    double seconds = (double)(clock_monotonic_us() - start) / 1e6;
    double all = (double)(bench->each * threads);
    printf("%-8s %4d threads  %8.0f /s  %5.1f us of the writer each  %d failed\n", what,
           (int)threads, all / seconds, (double)(writer_ns() - used) / 1e3 / all,
           atomic_load(&bench->failed));
    free(callers);
}

static bool
open_store(struct bench *bench, const char *dir, bool sync_normal) {
    struct buf reason = BUF_INIT(512);
    struct sqlite_store_config config = {.dir = dir, .reason = &reason, .sync_normal = sync_normal};
    int64_t start = clock_monotonic_us();
    bool ok = sqlite_store_open(&config, &bench->store) == 0;
    if (ok)
        printf("open the store             %8.1f ms\n",
               (double)(clock_monotonic_us() - start) / 1e3);
    else (void)fprintf(stderr, "%s\n", buf_text(&reason));
    buf_free(&reason);
    return ok;
}

/* Store ${bench->stored} secrets, without a sync of each commit, unless there are some already.
 * Then open the store again. */
static bool
fill_store(struct bench *bench, const char *dir) {
    if (bench->stored == 0 || bench->store->ops->usage(bench->store) > 0) return true;
    int64_t each = bench->each;
    bench->store->ops->close(bench->store);
    if (!open_store(bench, dir, true)) return false;

    bench->each = bench->stored / FILLERS;
    run(bench, FILLERS, 0, "filling", create_all);
    bench->each = each;
    bench->store->ops->close(bench->store);
    return open_store(bench, dir, false);
}

static void
run_fdatasync(const char *dir) {
    char path[4096];
    char page[4096] = "";
    (void)snprintf(path, sizeof(path), "%s/fdatasync", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int n = 0;
    int64_t start = clock_monotonic_us();
    while (clock_monotonic_us() - start < 1000000 && pwrite(fd, page, sizeof(page), 0) > 0 &&
           fdatasync(fd) == 0)
        n++;
    (void)close(fd);
    (void)unlink(path);
    printf("fdatasync of one page      %8d /s\n", n);
}

int
main(int argc, char **argv) {
    int64_t threads = 64, round = 0;
    struct bench bench = {.each = 2000};
    if (argc < 2 || (argc > 2 && parse_number(argv[2], strlen(argv[2]), 1, 1024, &threads) != 0) ||
        (argc > 3 && parse_number(argv[3], strlen(argv[3]), 1, 1000000, &bench.each) != 0) ||
        (argc > 4 &&
         parse_number(argv[4], strlen(argv[4]), FILLERS, 1 << 30, &bench.stored) != 0) ||
        (argc > 5 && parse_number(argv[5], strlen(argv[5]), 0, 1000, &round) != 0))
        return 2;
    bench.stored -= bench.stored % FILLERS;
    int64_t seen = round * threads * bench.each;
    if (bench.stored > 0 && bench.stored < seen + threads * bench.each) {
        (void)fprintf(stderr, "store_bench: each open needs a stored secret of its own\n");
        return 2;
    }
    if (!open_store(&bench, argv[1], false) || !fill_store(&bench, argv[1])) return 1;

    run_fdatasync(argv[1]);
    run(&bench, threads, bench.stored + seen, "creates", create_all);
    run(&bench, threads, seen, "opens", open_all);
    bench.store->ops->close(bench.store);
    return atomic_load(&bench.failed) != 0;
}
