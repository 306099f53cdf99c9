/* SPDX-License-Identifier: MIT */
/* The contract of stores, on dynalite.  RACERS sets how many threads race. */
#include "aws_standins.h"
#include "base/err.h"
#include "env_number.h"
#include "store/dynamodb/store.h"
#include "store_contract.h"

static struct aws_standins *standins;
static char table[64];

static struct store *
open_table(void) {
    struct store *s = NULL;
    struct buf reason = BUF_INIT(256);
    struct dynamodb_store_config o = {.aws = aws_standins_config(standins), .table = table};
    if (dynamodb_store_open(&o, &s, &reason) != 0) return NULL;
    return s;
}

static struct store *
open_new(void) {
    aws_standins_make(standins, "table", table);
    return open_table();
}

static struct store *
reopen(struct store *s) {
    s->ops->close(s);
    return open_table();
}

static void
finish(struct store *s) {
    s->ops->close(s);
}

int
main(void) {
    const struct store_factory factory = {
        .name = "dynamodb on dynalite",
        .open = open_new,
        .reopen = reopen,
        .finish = finish,
        .race_rounds = 1,
        .racers = env_number("RACERS", 16, STORE_RACERS_MAX, STORE_RACERS_MAX),
    };
    standins = aws_standins_start();
    int failed = store_contract_run(&factory);
    aws_standins_stop(standins);
    return failed;
}
