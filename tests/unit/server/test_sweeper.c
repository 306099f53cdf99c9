/* SPDX-License-Identifier: MIT */
/* The sweeper: what makes it sweep. */
#include "server/sweeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "vault_fixture.h"

enum { PATIENCE_MS = 20000 };

static atomic_int asked;  /* how often a sweep began */
static atomic_bool fails; /* what it then gets from the store */
static const struct store_ops *below;

static int
due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    atomic_fetch_add(&asked, 1);
    return atomic_load(&fails) ? ERR_STORE : below->due(s, now, skip, out, max);
}

/* Wait until a sweep has begun after the first ${n}. */
static bool
begins(int n) {
    for (int ms = 0; ms < PATIENCE_MS && atomic_load(&asked) <= n; ms += 10)
        (void)usleep(10 * 1000);
    return atomic_load(&asked) > n;
}

static void
test_a_change_starts_no_sweep_after_one_that_failed(void **state) {
    struct vault_fixture w;
    (void)state;
    fixture_open(&w);
    struct vault *v = &w.vault;
    below = v->store->ops;
    struct store_ops ops = *below;
    ops.due = due;
    v->store->ops = &ops;

    /* The control: each change starts a sweep, long before the time of the next whole one. */
    struct sweeper *s = sweeper_start(v, fixture_kdf, 1000, true);
    assert_non_null(s);
    for (int i = 0; i < 2; i++) {
        int before = atomic_load(&asked);
        v->wake_sweep(v->wake_ctx);
        assert_true(begins(before));
        (void)usleep(50 * 1000);
    }

    atomic_store(&fails, true);
    int before = atomic_load(&asked);
    v->wake_sweep(v->wake_ctx);
    assert_true(begins(before));
    for (int i = 0; i < 3; i++) {
        (void)usleep(50 * 1000);
        v->wake_sweep(v->wake_ctx);
    }
    (void)usleep(50 * 1000);
    assert_int_equal(atomic_load(&asked), before + 1);
    sweeper_stop(s);

    /* The next whole sweep comes in its time. */
    atomic_store(&v->ending, false);
    s = sweeper_start(v, fixture_kdf, 1, true);
    assert_non_null(s);
    assert_true(begins(before + 1));
    assert_true(begins(before + 2));
    sweeper_stop(s);

    v->store->ops = below;
    fixture_close(&w);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_starts_no_sweep_after_one_that_failed),
    };
    return cmocka_run_group_tests_name("sweeper", tests, fixture_start_kdf, fixture_stop_kdf);
}
