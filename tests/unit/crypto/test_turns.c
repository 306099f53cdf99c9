/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/kdf/turns.h"

enum { CALLERS_MAX = 64 };

/* A caller named "Aa": client a of network A. */
struct caller {
    struct turns *turns;
    const char *name;
    struct party client;
    pthread_t thread;
    int result;
};

static struct turns *turns;
static struct caller callers[CALLERS_MAX];
static unsigned count;

/* The names of those who entered, in that order. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[4 * CALLERS_MAX];
static unsigned entered;

static int
set_up(void **state) {
    (void)state;
    memset(callers, 0, sizeof(callers));
    memset(order, 0, sizeof(order));
    count = entered = 0;
    return 0;
}

static struct party
client_of(const char *name) {
    struct party client = {0};
    client.network[0] = (uint8_t)name[0];
    client.client[0] = (uint8_t)name[1];
    return client;
}

static void *
enter(void *arg) {
    struct caller *c = arg;
    c->result = turns_enter(c->turns, &c->client);
    if (c->result != 0) return NULL;

    pthread_mutex_lock(&lock);
    size_t len = strlen(order);
    const char *separator = len > 0 ? " " : "";
    (void)snprintf(order + len, sizeof(order) - len, "%s%s", separator, c->name);
    entered++;
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Let the client ${name} come, and wait until it waits in the queue. */
static void
comes(const char *name) {
    struct caller *c = &callers[count++];
    unsigned waiting = turns_load(turns).waiting;
    *c = (struct caller){.turns = turns, .name = name, .client = client_of(name)};
    assert_int_equal(pthread_create(&c->thread, NULL, enter, c), 0);
    while (turns_load(turns).waiting == waiting)
        usleep(500);
}

static void
is_refused(const char *name) {
    struct party client = client_of(name);
    assert_int_equal(turns_enter(turns, &client), ERR_BUSY);
}

static unsigned
entered_now(void) {
    pthread_mutex_lock(&lock);
    unsigned now = entered;
    pthread_mutex_unlock(&lock);
    return now;
}

/* End one derivation, which lets the next one in. */
static void
one_ends(void) {
    unsigned before = entered_now();
    turns_leave(turns);
    while (entered_now() == before)
        usleep(500);
}

/* Let all that wait run, one after the other, and free the turns. */
static void
all_end(void) {
    while (turns_load(turns).waiting > 0)
        one_ends();
    turns_leave(turns);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].result, 0);
    }
    assert_int_equal(turns_load(turns).running, 0);
    turns_free(turns);
}

/* Make turns for one at a time, which is taken. */
static void
begin(unsigned waiting) {
    struct party first = client_of("--");
    turns = turns_new(1, waiting);
    assert_non_null(turns);
    assert_int_equal(turns_enter(turns, &first), 0);
}

static void
each_takes_as_many_places_as_it_leaves(void **state) {
    static const char *const names[] = {"Aa", "Bb", "Cc", "Dd", "Ee", "Ff"};
    static const unsigned of_network[] = {16, 8, 4, 2, 1, 1}; /* of 32 */
    static const unsigned of_client[] = {8, 4, 2, 1, 1, 1};
    char second[3] = "";
    (void)state;
    begin(32);
    for (size_t i = 0; i < 6; i++) {
        for (unsigned n = 0; n < of_client[i]; n++)
            comes(names[i]);
        is_refused(names[i]);

        /* The others of its network, one place each. */
        static char others[6][16][3];
        for (unsigned n = of_client[i]; n < of_network[i]; n++) {
            char *name = others[i][n];
            name[0] = names[i][0];
            name[1] = (char)('0' + n);
            comes(name);
        }
        second[0] = names[i][0];
        second[1] = 'z';
        is_refused(second);
    }
    assert_int_equal(turns_load(turns).waiting, 32);
    is_refused("Gg");
    assert_int_equal(turns_load(turns).refused, 13);
    all_end();
}

static void
one_who_floods_leaves_places_to_its_own_network(void **state) {
    (void)state;
    begin(32);
    for (int i = 0; i < 8; i++)
        comes("Aa");
    is_refused("Aa");
    for (int i = 0; i < 4; i++)
        comes("Ab");
    is_refused("Ab");
    comes("Ac");
    all_end();
}

static void
places_that_are_free_again_can_be_taken(void **state) {
    (void)state;
    begin(8);
    comes("Aa");
    comes("Aa");
    is_refused("Aa");
    one_ends();
    comes("Aa");
    is_refused("Aa");
    all_end();
}

static void
networks_and_clients_take_turns(void **state) {
    (void)state;
    begin(64);
    comes("Aa");
    comes("Aa");
    comes("Aa");
    comes("Ab");
    comes("Ba");
    comes("Ba");
    comes("Cc");
    all_end();
    /* A is served as often as B and C, and in A the second client before more of the first. */
    assert_string_equal(order, "Aa Ba Cc Ab Ba Aa Aa");
}

static void
a_newcomer_waits_for_one_of_each(void **state) {
    (void)state;
    begin(64);
    for (int i = 0; i < 6; i++)
        comes("Aa");
    one_ends();
    comes("Ba");
    comes("Ab");
    one_ends(); /* the network that had no turn yet comes behind the one that waits */
    one_ends();
    one_ends();
    assert_string_equal(order, "Aa Aa Ba Ab");
    all_end();
}

static void
one_client_is_served_in_its_order(void **state) {
    static const char *const names[] = {"Aa1", "Aa2", "Aa3", "Aa4"};
    (void)state;
    begin(64);
    for (size_t i = 0; i < 4; i++)
        comes(names[i]);
    all_end();
    assert_string_equal(order, "Aa1 Aa2 Aa3 Aa4");
}

static void *
free_turns(void *arg) {
    turns_free(arg);
    return NULL;
}

static void
the_end_refuses_who_waits_and_awaits_who_runs(void **state) {
    pthread_t ending;
    (void)state;
    begin(64);
    comes("Aa");
    comes("Bb");
    assert_int_equal(pthread_create(&ending, NULL, free_turns, turns), 0);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].result, ERR_BUSY);
    }
    turns_leave(turns);
    pthread_join(ending, NULL);
    turns_free(NULL);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_takes_as_many_places_as_it_leaves, set_up),
        cmocka_unit_test_setup(one_who_floods_leaves_places_to_its_own_network, set_up),
        cmocka_unit_test_setup(places_that_are_free_again_can_be_taken, set_up),
        cmocka_unit_test_setup(networks_and_clients_take_turns, set_up),
        cmocka_unit_test_setup(a_newcomer_waits_for_one_of_each, set_up),
        cmocka_unit_test_setup(one_client_is_served_in_its_order, set_up),
        cmocka_unit_test_setup(the_end_refuses_who_waits_and_awaits_who_runs, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
