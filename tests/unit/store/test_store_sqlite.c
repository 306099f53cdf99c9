/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "later.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "store_contract.h"

static char dir[SCRATCH_PATH_MAX];

static struct store *
open_plain(void) {
    struct buf reason = BUF_INIT(512);
    struct store *s = NULL;
    struct sqlite_store_config config = {.dir = dir, .reason = &reason};
    if (sqlite_store_open(&config, &s) != 0) print_error("%s\n", buf_text(&reason));
    buf_free(&reason);
    return s;
}

/* Whether creates and opens go through the functions that do not block. */
static bool later;

static struct store *
open_again(void) {
    struct store *s = open_plain();
    if (s != NULL && later) later_use(s);
    return s;
}

static struct store *
open_empty(void) {
    scratch_make_fast(dir);
    return open_again();
}

static struct store *
reopen(struct store *s) {
    s->ops->close(s);
    return open_again();
}

static void
finish(struct store *s) {
    s->ops->close(s);
    scratch_remove(dir);
}

/* Sanitizers see in one round what they see in others. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { RACE_ROUNDS = 5, LATER_ROUNDS = 2 };
#else
enum { RACE_ROUNDS = 25, LATER_ROUNDS = 5 };
#endif

int
main(void) {
    struct store_factory factory = {
        .name = "sqlite",
        .open = open_empty,
        .reopen = reopen,
        .finish = finish,
        .keeps_time = true,
        .is_local = true,
        .race_rounds = RACE_ROUNDS,
        .racers = STORE_RACERS_MAX,
    };
    int failed = store_contract_run(&factory);

    /* Races change records, which has one form. */
    later = true;
    factory.race_rounds = LATER_ROUNDS;
    return failed + store_contract_run(&factory);
}
