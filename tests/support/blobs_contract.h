/* SPDX-License-Identifier: MIT */
/*
 * What every blob store must do (vault/blobs.h), as tests that each backend's own test program
 * runs: fill in a factory and return blobs_contract_run() from main().
 */
#ifndef BLOBS_CONTRACT_H
#define BLOBS_CONTRACT_H

#include <stdbool.h>

#include "vault/blobs.h"

struct blobs_factory {
    const char *name;

    /* Open a blob store with nothing in it.  NULL fails the test. */
    struct blobs *(*open)(void);

    /* Close ${b} and open a blob store over the same data.  NULL where nothing outlives a close. */
    struct blobs *(*reopen)(struct blobs *b);

    /* Close ${b} and remove its data. */
    void (*finish)(struct blobs *b);

    bool local; /* keeps its bytes on this machine: counts usage, and tidies by itself */
    bool pipes; /* has files, which it puts into pipes */
    int race_rounds;
};

/* Run every case on blob stores of ${f}.  Returns the number of cases that failed. */
int blobs_contract_run(const struct blobs_factory *f);

#endif
