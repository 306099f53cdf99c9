/* SPDX-License-Identifier: MIT */
/*
 * How many durable creates and opens a second the SQLite store does for THREADS callers that each
 * wait for their answer: store_bench DIR [THREADS [EACH]].  A secret is 100 bytes, 304 sealed.
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

enum { NOW = 1900000000, SIZE = 304 };

struct bench {
    struct store *store;
    int each;
    struct store_ref *refs; /* each * threads */
    atomic_int failed;
};

struct caller {
    struct bench *bench;
    struct store_ref *refs;
    pthread_t thread;
};

static void *
create_all(void *arg) {
    struct caller *c = arg;
    uint8_t bytes[SIZE];
    random_fill(&random_system, bytes, sizeof(bytes));
    struct buf content = {.data = bytes, .len = SIZE, .cap = SIZE, .max = SIZE};
    struct record r = {.kind = RECORD_SEALED,
                       .phase = PHASE_OPEN,
                       .content = CONTENT_INLINE,
                       .created_at = NOW,
                       .expires_at = NOW + 432000,
                       .views = 1,
                       .views_left = 1,
                       .size = SIZE};
    for (int i = 0; i < c->bench->each; i++) {
        c->refs[i].len = TOKEN_HASH_LEN;
        random_fill(&random_system, c->refs[i].bytes, TOKEN_HASH_LEN);
        if (c->bench->store->ops->create(c->bench->store, &c->refs[i], &r, &content, NULL) != 1)
            atomic_fetch_add(&c->bench->failed, 1);
    }
    return NULL;
}

/* As the vault does it: read record and content, then claim. */
static void *
open_all(void *arg) {
    struct caller *c = arg;
    struct store *s = c->bench->store;
    struct change change = {.kind = CHANGE_OPEN, .now = NOW + 1};
    struct effect effect;
    struct record record;
    for (int i = 0; i < c->bench->each; i++) {
        struct buf content = BUF_INIT(SIZE);
        random_fill(&random_system, change.hash, sizeof(change.hash));
        bool ok = s->ops->load(s, &c->refs[i], &record, &content) == 1 && content.len == SIZE;
        if (ok) record_clear(&record);
        buf_free(&content);
        ok = ok && s->ops->change(s, &c->refs[i], &change, &effect, &record) == 1 && effect.claimed;
        if (ok) record_clear(&record);
        if (!ok) atomic_fetch_add(&c->bench->failed, 1);
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

static void
run(struct bench *bench, struct caller *callers, int threads, const char *what,
    void *(*work)(void *)) {
    int64_t start = clock_monotonic_us();
    int64_t used = writer_ns();
    for (int i = 0; i < threads; i++)
        if (pthread_create(&callers[i].thread, NULL, work, &callers[i]) != 0) abort();
    for (int i = 0; i < threads; i++)
        (void)pthread_join(callers[i].thread, NULL);
    double seconds = (double)(clock_monotonic_us() - start) / 1e6;
    int all = bench->each * threads;
    printf("%-8s %d threads  %8.0f /s  %5.1f us of the writer each  %d failed\n", what, threads,
           all / seconds, (double)(writer_ns() - used) / 1e3 / all, atomic_load(&bench->failed));
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
    struct buf reason = BUF_INIT(512);
    int64_t threads = 64;
    int64_t each = 2000;
    struct bench bench = {0};
    if (argc < 2 || (argc > 2 && parse_number(argv[2], strlen(argv[2]), 1, 1024, &threads) != 0) ||
        (argc > 3 && parse_number(argv[3], strlen(argv[3]), 1, 1000000, &each) != 0))
        return 2;
    struct sqlite_store_config config = {.dir = argv[1], .reason = &reason};
    if (sqlite_store_open(&config, &bench.store) != 0) {
        (void)fprintf(stderr, "%s\n", buf_text(&reason));
        return 1;
    }
    bench.each = (int)each;
    bench.refs = calloc((size_t)(threads * each), sizeof(*bench.refs));
    struct caller *callers = calloc((size_t)threads, sizeof(*callers));
    if (bench.refs == NULL || callers == NULL) return 1;
    for (int i = 0; i < threads; i++)
        callers[i] = (struct caller){.bench = &bench, .refs = bench.refs + i * each};
    run_fdatasync(argv[1]);
    run(&bench, callers, (int)threads, "creates", create_all);
    run(&bench, callers, (int)threads, "opens", open_all);
    bench.store->ops->close(bench.store);
    free(callers);
    free(bench.refs);
    return atomic_load(&bench.failed) != 0;
}
