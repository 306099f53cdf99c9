/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/kdf/pool.h"

static const struct kdf_params cheap = {.log2_n = 10, .r = 8, .p = 1};

/* At least 0.1 s on one lane, where ThreadSanitizer takes ten times as long. */
#ifdef __SANITIZE_THREAD__
static const struct kdf_params slow = {.log2_n = 12, .r = 8, .p = 2};
#else
static const struct kdf_params slow = {.log2_n = 12, .r = 8, .p = 32};
#endif

static const struct party someone;

/* A pool whose threads have one lane each. */
static struct kdf_pool *
make_pool(unsigned threads, unsigned queue_max, struct kdf_params params) {
    return kdf_pool_new(
        &(struct kdf_pool_config){.threads = threads, .queue_max = queue_max, .params = params});
}

struct caller {
    struct kdf_pool *pool;
    struct party client; /* of a network of its own */
    struct kdf_params params;
    const uint8_t *want;
    unsigned times;
    unsigned good, busy, bad;
    pthread_t thread;
};

static const uint8_t salt[] = "NaCl";
static uint8_t cheap_answer[32], slow_answer[32];

static void *
call(void *arg) {
    struct caller *c = arg;
    for (unsigned i = 0; i < c->times; i++) {
        uint8_t out[32] = {0};
        int result =
            kdf_pool_derive(c->pool, &c->client, c->params, "password", 8, salt, 4, out, 32);
        if (result == ERR_BUSY) c->busy++;
        else if (result == 0 && memcmp(out, c->want, sizeof(out)) == 0) c->good++;
        else c->bad++;
    }
    return NULL;
}

/* The right answers, without a pool. */
static int
derive_answers(void **state) {
    (void)state;
    struct kdf_arena *a = kdf_arena_new(slow);
    int err = a == NULL ? -1 : kdf_derive(a, cheap, "password", 8, salt, 4, cheap_answer, 32);
    if (err == 0) err = kdf_derive(a, slow, "password", 8, salt, 4, slow_answer, 32);
    kdf_arena_free(a);
    return err;
}

static void
start(struct caller *c, struct kdf_pool *pool, struct kdf_params params, unsigned times) {
    static uint8_t networks;
    *c = (struct caller){.pool = pool, .params = params, .times = times};
    c->client.network[0] = ++networks;
    c->want = params.p == slow.p ? slow_answer : cheap_answer;
    assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
}

static struct kdf_pool_stats
stats_of(struct kdf_pool *pool) {
    struct kdf_pool_stats s;
    kdf_pool_stats(pool, &s);
    return s;
}

static void
wait_for(struct kdf_pool *pool, unsigned running, unsigned waiting) {
    while (stats_of(pool).running != running || stats_of(pool).waiting != waiting)
        usleep(500);
}

static void
many_callers_get_right_answers(void **state) {
    (void)state;
    struct caller callers[8];
    unsigned good = 0;
    struct kdf_pool *pool = make_pool(2, ARRAY_LEN(callers), cheap);
    assert_non_null(pool);
    for (size_t i = 0; i < ARRAY_LEN(callers); i++)
        start(&callers[i], pool, cheap, 10);
    for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].bad + callers[i].busy, 0);
        good += callers[i].good;
    }
    assert_int_equal(good, 80);
    struct kdf_pool_stats s = stats_of(pool);
    assert_int_equal(s.threads, 2);
    assert_int_equal(s.queue_max, ARRAY_LEN(callers));
    assert_int_equal(s.running + s.waiting, 0);
    assert_true(s.done == 80 && s.refused == 0);
    kdf_pool_free(pool);
}

static void
a_full_queue_refuses_at_once(void **state) {
    (void)state;
    struct caller running, waiting;
    uint8_t out[32];
    struct kdf_pool *pool = make_pool(1, 1, slow);
    assert_non_null(pool);
    start(&running, pool, slow, 1);
    wait_for(pool, 1, 0);
    start(&waiting, pool, slow, 1);
    wait_for(pool, 1, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(kdf_pool_derive(pool, &someone, cheap, "x", 1, salt, 4, out, 32),
                         ERR_BUSY);
    assert_true(stats_of(pool).refused == 100);
    assert_true(stats_of(pool).done == 0); /* none of the hundred waited for the slow job */
    pthread_join(running.thread, NULL);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(running.good + waiting.good, 2);
    assert_int_equal(kdf_pool_derive(pool, &someone, cheap, "x", 1, salt, 4, out, 32), 0);
    kdf_pool_free(pool);
}

static void
the_end_finishes_what_runs_and_refuses_what_waits(void **state) {
    (void)state;
    struct caller running, waiting[3];
    struct kdf_pool *pool = make_pool(1, ARRAY_LEN(waiting), slow);
    assert_non_null(pool);
    start(&running, pool, slow, 1);
    wait_for(pool, 1, 0);
    for (unsigned i = 0; i < ARRAY_LEN(waiting); i++)
        start(&waiting[i], pool, slow, 1);
    wait_for(pool, 1, ARRAY_LEN(waiting));
    kdf_pool_free(pool);
    pthread_join(running.thread, NULL);
    assert_int_equal(running.good, 1);
    for (unsigned i = 0; i < ARRAY_LEN(waiting); i++) {
        pthread_join(waiting[i].thread, NULL);
        assert_int_equal(waiting[i].busy, 1);
    }
}

static void
too_costly_a_job_is_refused_by_its_arena(void **state) {
    (void)state;
    uint8_t out[32];
    struct kdf_pool *pool = make_pool(1, 1, cheap);
    assert_non_null(pool);
    assert_int_equal(kdf_pool_derive(pool, &someone, slow, "x", 1, salt, 4, out, 32),
                     ERR_TOO_LARGE);
    kdf_pool_free(pool);
    kdf_pool_free(NULL);
    assert_null(make_pool(1, 1, (struct kdf_params){.log2_n = 99, .r = 8, .p = 1}));
}

/* A pool of one thread with as many lanes as the code has. */
static struct kdf_pool *
make_pool_with_lanes(void) {
    return kdf_pool_new(&(struct kdf_pool_config){
        .threads = 1, .queue_max = 32, .params = slow, .memory = 1 << 30});
}

/* Let ${count} callers derive, and return the most derivations that were seen at once. */
static unsigned
most_at_once(struct kdf_pool *pool, unsigned count) {
    struct caller callers[32];
    unsigned most = 0;
    uint64_t done = stats_of(pool).done;
    for (unsigned i = 0; i < count; i++)
        start(&callers[i], pool, slow, 1);
    while (stats_of(pool).done < done + count) {
        unsigned running = stats_of(pool).running;
        if (running > most) most = running;
        usleep(500);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].good, 1);
    }
    return most;
}

static void
a_thread_derives_what_waits_at_once(void **state) {
    (void)state;
    struct kdf_pool *pool = make_pool_with_lanes();
    assert_non_null(pool);
    unsigned lanes = stats_of(pool).lanes, most = 0;
    assert_true(lanes > 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(most_at_once(pool, 1), 1); /* a single caller runs alone */

    /* On a busy machine callers may come one by one. */
    for (int round = 0; round < 10 && most < lanes; round++)
        most = most_at_once(pool, 3 * lanes);
    assert_int_equal(most, lanes);
    kdf_pool_free(pool);
}

/* The resident memory of arenas, in KiB: the mappings that neither dump nor fork. */
static long
resident_kib(void) {
    char line[1024];
    long sum = 0, rss = 0;
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "Rss:", 4) == 0) rss = strtol(line + 4, NULL, 10);
        if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") && strstr(line, " dc"))
            sum += rss;
    }
    fclose(f);
    return sum;
}

/* Whether this kernel gives locked memory back: Linux 5.18. */
static bool
can_give_back(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    bool can = madvise(p, page, 24) == 0;
    (void)munmap(p, page);
    return can;
}

static void
memory_that_is_not_used_is_given_back(void **state) {
    struct caller callers[8];
    (void)state;
    if (!can_give_back()) skip();
    struct kdf_pool *pool = make_pool(1, 8, slow);
    assert_non_null(pool);

    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < ARRAY_LEN(callers); i++)
            start(&callers[i], pool, i == 0 ? slow : cheap, 1);
        for (unsigned i = 0; i < ARRAY_LEN(callers); i++) {
            pthread_join(callers[i].thread, NULL);
            assert_int_equal(callers[i].good, 1);
        }
        kdf_pool_trim(pool); /* it was used since the last call: control */
        assert_true(resident_kib() >= 4096);
        for (int i = 0; i < 1000 && resident_kib() > 0; i++) {
            kdf_pool_trim(pool); /* the thread may be wiping the arena yet */
            usleep(1000);
        }
        assert_int_equal(resident_kib(), 0);
    }
    kdf_pool_free(pool);
}

static void
costs_are_not_mixed(void **state) {
    (void)state;
    struct caller callers[8];
    struct kdf_pool *pool = make_pool_with_lanes();
    assert_non_null(pool);
    for (unsigned i = 0; i < ARRAY_LEN(callers); i++)
        start(&callers[i], pool, i % 3 == 0 ? slow : cheap, 1);
    for (unsigned i = 0; i < ARRAY_LEN(callers); i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].good, 1);
    }
    kdf_pool_free(pool);
}

static void
memory_bounds_the_lanes(void **state) {
    const size_t one = (size_t)128 * 8 << 10;
    (void)state;
    for (unsigned lanes = 0; lanes <= 8; lanes++) {
        struct kdf_pool *pool = kdf_pool_new(&(struct kdf_pool_config){
            .threads = 2, .params = cheap, .memory = 2 * lanes * one + one});
        assert_non_null(pool);
        assert_true(stats_of(pool).lanes >= 1);
        assert_true(stats_of(pool).lanes <= (lanes > 1 ? lanes : 1));
        kdf_pool_free(pool);
    }
}

/* Return how many threads named "kdf_pool" run at nice value ${nice}. */
static unsigned
threads_at(int nice) {
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *e; (e = readdir(tasks)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", e->d_name);
        FILE *f = fopen(path, "r");
        if (f == NULL) continue;
        bool is_kdf = fgets(name, sizeof(name), f) != NULL && strcmp(name, "kdf_pool\n") == 0;
        fclose(f);
        if (is_kdf && getpriority(PRIO_PROCESS, (id_t)strtoul(e->d_name, NULL, 10)) == nice)
            count++;
    }
    closedir(tasks);
    return count;
}

static void
its_threads_give_way_to_others(void **state) {
    (void)state;
    uint8_t out[32];
    int own = getpriority(PRIO_PROCESS, 0);
    int lower = own + 10 > 19 ? 19 : own + 10;
    struct kdf_pool *pool = make_pool(1, 1, cheap);
    assert_non_null(pool);
    assert_int_equal(kdf_pool_derive(pool, &someone, cheap, "x", 1, salt, 4, out, 32), 0);
    assert_true(threads_at(lower) >= 1); /* a thread of an earlier test may still be ending */
    if (lower != own) assert_int_equal(threads_at(own), 0);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
    assert_true(stats_of(pool).locked == 0 || stats_of(pool).locked == 1);
    kdf_pool_free(pool);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_callers_get_right_answers),
        cmocka_unit_test(a_full_queue_refuses_at_once),
        cmocka_unit_test(the_end_finishes_what_runs_and_refuses_what_waits),
        cmocka_unit_test(too_costly_a_job_is_refused_by_its_arena),
        cmocka_unit_test(a_thread_derives_what_waits_at_once),
        cmocka_unit_test(costs_are_not_mixed),
        cmocka_unit_test(memory_that_is_not_used_is_given_back),
        cmocka_unit_test(memory_bounds_the_lanes),
        cmocka_unit_test(its_threads_give_way_to_others),
    };
    return cmocka_run_group_tests(tests, derive_answers, NULL);
}
