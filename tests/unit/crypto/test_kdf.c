/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/kdf/kdf.h"

/* RFC 7914 section 12. */
static const struct {
    const char *secret, *salt;
    struct kdf_params params;
    const char *want;
} rfc7914[] = {
    {"",
     "",
     {.log2_n = 4, .r = 1, .p = 1},
     "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
     "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
    {"password",
     "NaCl",
     {.log2_n = 10, .r = 8, .p = 16},
     "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
     "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
    {"pleaseletmein",
     "SodiumChloride",
     {.log2_n = 14, .r = 8, .p = 1},
     "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
     "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
    {"pleaseletmein",
     "SodiumChloride",
     {.log2_n = 20, .r = 8, .p = 1}, /* 1 GiB: only with SOAK */
     "2101cb9b6a511aaeaddbbe09cf70f881ec568d574a2ffd4dabe5ee9820adaa47"
     "8e56fd8f4ba5d09ffa1c6d927c40f4c337304049e8a952fbcbf45c6fa77a41a4"},
};

static void
rfc_vectors_hold(void **state) {
    (void)state;
    size_t count = getenv("SOAK") != NULL ? ARRAY_LEN(rfc7914) : ARRAY_LEN(rfc7914) - 1;
    for (size_t i = 0; i < count; i++) {
        uint8_t out[64];
        char hex[129];
        struct kdf_arena *a = kdf_arena_new(rfc7914[i].params);
        assert_non_null(a);
        assert_int_equal(kdf_derive(a, rfc7914[i].params, rfc7914[i].secret,
                                    strlen(rfc7914[i].secret), (const uint8_t *)rfc7914[i].salt,
                                    strlen(rfc7914[i].salt), out, sizeof(out)),
                         0);
        for (size_t k = 0; k < sizeof(out); k++)
            snprintf(hex + 2 * k, 3, "%02x", out[k]);
        assert_string_equal(hex, rfc7914[i].want);
        kdf_arena_free(a);
    }
    if (count < ARRAY_LEN(rfc7914)) printf("SKIP the vector of N = 2^20 (set SOAK=1)\n");
}

static int
derive(struct kdf_arena *a, struct kdf_params params, uint8_t out[static 32]) {
    return kdf_derive(a, params, "password", 8, (const uint8_t *)"NaCl", 4, out, 32);
}

static void
an_arena_serves_what_it_holds_and_no_more(void **state) {
    (void)state;
    struct kdf_params params = {.log2_n = 12, .r = 8, .p = 2};
    uint8_t first[32], again[32];
    struct kdf_arena *a = kdf_arena_new(params);
    assert_non_null(a);
    assert_int_equal(derive(a, params, first), 0);
    assert_int_equal(derive(a, (struct kdf_params){.log2_n = 10, .r = 8, .p = 1}, again), 0);
    assert_int_equal(derive(a, params, again), 0);
    assert_memory_equal(first, again, sizeof(first));
    assert_int_equal(derive(a, (struct kdf_params){.log2_n = 13, .r = 8, .p = 1}, again),
                     ERR_TOO_LARGE);
    assert_int_equal(derive(a, (struct kdf_params){.log2_n = 255, .r = 8, .p = 1}, again),
                     ERR_TOO_LARGE);
    assert_int_equal(derive(a, (struct kdf_params){.log2_n = 12, .r = 8, .p = 255}, again),
                     ERR_TOO_LARGE);
    assert_int_equal(derive(a, (struct kdf_params){.log2_n = 0, .r = 8, .p = 1}, again),
                     ERR_CRYPTO);
    assert_int_equal(derive(a, (struct kdf_params){.log2_n = 10, .r = 0, .p = 1}, again),
                     ERR_CRYPTO);
    kdf_arena_free(a);
    kdf_arena_free(NULL);
    assert_null(kdf_arena_new((struct kdf_params){.log2_n = 200, .r = 8, .p = 1}));
}

/* A mapping in /proc/self/smaps. */
struct mapping {
    uintptr_t begin, end;
    char access[5];
    char flags[200];
};

/* Read the next mapping from ${f}.  Returns false at the end. */
static bool
next_mapping(FILE *f, struct mapping *m) {
    char line[1024];
    struct mapping head = {0};
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &head.begin, &head.end, head.access) == 3)
            *m = head;
        if (sscanf(line, "VmFlags: %199[^\n]", m->flags) == 1) return true;
    }
    return false;
}

/* Find the one mapping that neither dumps nor forks (an arena of at least 1 MiB) and the two
 * next to it. */
static bool
find_arena(struct mapping *before, struct mapping *arena, struct mapping *after) {
    struct mapping m = {0}, last = {0};
    bool found = false;
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    while (!found && next_mapping(f, &m)) {
        found = strstr(m.flags, "dd") && strstr(m.flags, "dc") && m.end - m.begin >= 1 << 20;
        if (!found) last = m;
    }
    *before = last;
    *arena = m;
    if (found) found = next_mapping(f, after);
    fclose(f);
    return found;
}

/* Return how many bytes of ${m} are not zero. */
static size_t
bytes_set(const struct mapping *m) {
    static uint8_t page[1 << 16];
    size_t set = 0;
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (uintptr_t at = m->begin; at < m->end; at += sizeof(page)) {
        size_t len = m->end - at < sizeof(page) ? m->end - at : sizeof(page);
        assert_int_equal(pread(fd, page, len, (off_t)at), (ssize_t)len);
        for (size_t i = 0; i < len; i++)
            set += page[i] != 0;
    }
    close(fd);
    return set;
}

static void
memory_is_guarded_locked_and_kept_from_dumps_and_children(void **state) {
    (void)state;
    struct mapping before, m, after;
    struct kdf_arena *a = kdf_arena_new(KDF_CLASSIC);
    assert_non_null(a);
    assert_true(find_arena(&before, &m, &after));
    assert_true(m.end - m.begin >= 16 << 20);
    assert_string_equal(m.access, "rw-p");
    assert_true(before.end == m.begin && after.begin == m.end);
    assert_string_equal(before.access, "---p");
    assert_string_equal(after.access, "---p");
    assert_int_equal(strstr(m.flags, "lo") != NULL, kdf_arena_is_locked(a));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(find_arena(&before, &m, &after) ? 1 : 0);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    kdf_arena_free(a);
    assert_false(find_arena(&before, &m, &after));
}

struct looper {
    struct kdf_arena *arena;
    atomic_bool stop;
};

static void *
derive_until_stopped(void *arg) {
    struct looper *l = arg;
    uint8_t out[32];
    while (!atomic_load(&l->stop))
        if (derive(l->arena, KDF_CLASSIC, out) != 0) return l;
    return NULL;
}

static void
memory_is_wiped_after_each_derivation(void **state) {
    (void)state;
    struct mapping before, m, after;
    pthread_t thread;
    void *failed = NULL;
    struct looper l = {.arena = kdf_arena_new(KDF_CLASSIC)};
    assert_non_null(l.arena);
    assert_true(find_arena(&before, &m, &after));
    assert_int_equal(pthread_create(&thread, NULL, derive_until_stopped, &l), 0);
    size_t most = 0; /* control: bytes are found while a derivation runs */
    for (int i = 0; i < 1000 && most < 1 << 20; i++) {
        size_t now = bytes_set(&m);
        if (now > most) most = now;
    }
    atomic_store(&l.stop, true);
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_true(most >= 1 << 20);
    assert_int_equal(bytes_set(&m), 0);
    kdf_arena_free(l.arena);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vectors_hold),
        cmocka_unit_test(an_arena_serves_what_it_holds_and_no_more),
        cmocka_unit_test(memory_is_guarded_locked_and_kept_from_dumps_and_children),
        cmocka_unit_test(memory_is_wiped_after_each_derivation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
