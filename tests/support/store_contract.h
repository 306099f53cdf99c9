/* SPDX-License-Identifier: MIT */
/*
 * What every record store must do (vault/store.h), as tests that each backend's own test program
 * runs: fill in a factory and return store_contract_run() from main().
 */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include <stdbool.h>

#include "vault/store.h"

enum { STORE_RACERS_MAX = 64 };

struct store_factory {
    const char *name;

    /* Open a store with nothing in it; its inline_max is at least 4096.  NULL fails the test. */
    struct store *(*open)(void);

    /* Close ${s} and open a store over the same data.  NULL where nothing outlives a close. */
    struct store *(*reopen)(struct store *s);

    /* Close ${s} and remove its data. */
    void (*finish)(struct store *s);

    bool keeps_time; /* the latest time seen outlives reopen() */
    bool is_local;   /* usage() counts what is stored */
    int race_rounds; /* of every race, for each number of views */
    int racers;      /* threads of a race: a multiple of 4, from 16 to STORE_RACERS_MAX */
};

/* Run every case on stores of ${f}.  Returns the number of cases that failed. */
int store_contract_run(const struct store_factory *f);

#endif
