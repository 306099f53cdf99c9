/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void
crowd_run(int count, void *(*run)(void *arg), void *arg, pthread_barrier_t *start) {
    pthread_t threads[CROWD_MAX];
    assert_in_range(count, 1, CROWD_MAX);
    if (start != NULL) assert_int_equal(pthread_barrier_init(start, NULL, (unsigned)count), 0);
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, arg), 0);
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    if (start != NULL) (void)pthread_barrier_destroy(start);
}
