/* SPDX-License-Identifier: MIT */
/* How many parts move at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/transfer/pace.h"

enum { MOST = 4, GOOD = 4 };

/* Let as many parts begin as may.  Returns how many; ${entered} gets what each has to remember. */
static unsigned
enter_all(struct pace *p, unsigned entered[static MOST]) {
    unsigned n = 0;
    while (n < MOST && pace_has_room(p))
        entered[n++] = pace_enter(p);
    assert_false(pace_has_room(p));
    return n;
}

static void
parts_move_up_to_the_limit(void **unused) {
    struct pace p;
    unsigned entered[MOST];
    (void)unused;
    pace_begin(&p, MOST);
    assert_int_equal(enter_all(&p, entered), MOST);
    pace_leave(&p, true);
    assert_int_equal(enter_all(&p, entered), 1);
}

static void
cuts_of_one_moment_count_as_one(void **unused) {
    struct pace p;
    unsigned entered[MOST], made_room = 0;
    (void)unused;
    pace_begin(&p, MOST);
    assert_int_equal(enter_all(&p, entered), MOST);

    /* All four were cut: two make room, two go on. */
    for (unsigned i = 0; i < MOST; i++)
        if (pace_cut(&p, entered[i])) {
            pace_leave(&p, false);
            made_room++;
        }
    assert_int_equal(made_room, 2);
    assert_int_equal(p.limit, 2);
    assert_int_equal(p.moving, 2);
    assert_false(pace_has_room(&p));
}

static void
cuts_lower_it_to_one_and_no_further(void **unused) {
    struct pace p;
    (void)unused;
    pace_begin(&p, MOST);
    for (unsigned limit = MOST; limit > 0; limit /= 2) {
        unsigned entered = pace_enter(&p);
        assert_int_equal(p.limit, limit);
        assert_false(pace_cut(&p, entered));
        pace_leave(&p, false);
    }
    assert_int_equal(p.limit, 1);

    /* The only part is sent again at once, or none would move. */
    unsigned entered = pace_enter(&p);
    assert_false(pace_cut(&p, entered));
    assert_int_equal(p.limit, 1);
}

static void
successes_in_a_row_raise_it(void **unused) {
    struct pace p;
    (void)unused;
    pace_begin(&p, MOST);
    for (int i = 0; i < 2; i++) {
        (void)pace_cut(&p, pace_enter(&p));
        pace_leave(&p, false);
    }
    assert_int_equal(p.limit, 1);

    for (unsigned limit = 1; limit < MOST; limit++)
        for (int i = 0; i < GOOD; i++) {
            assert_int_equal(p.limit, limit);
            (void)pace_enter(&p);
            pace_leave(&p, true);
        }
    for (int i = 0; i < 3 * GOOD; i++) {
        (void)pace_enter(&p);
        pace_leave(&p, true);
    }
    assert_int_equal(p.limit, MOST);
}

static void
a_cut_begins_the_row_anew(void **unused) {
    struct pace p;
    (void)unused;
    pace_begin(&p, MOST);
    (void)pace_cut(&p, pace_enter(&p));
    pace_leave(&p, false);
    for (int i = 0; i < GOOD - 1; i++) {
        (void)pace_enter(&p);
        pace_leave(&p, true);
    }

    /* It began before the limit was last lowered, and ends the row all the same. */
    (void)pace_enter(&p);
    (void)pace_cut(&p, 0);
    pace_leave(&p, true);
    assert_int_equal(p.limit, 2);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_move_up_to_the_limit),
        cmocka_unit_test(cuts_of_one_moment_count_as_one),
        cmocka_unit_test(cuts_lower_it_to_one_and_no_further),
        cmocka_unit_test(successes_in_a_row_raise_it),
        cmocka_unit_test(a_cut_begins_the_row_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
