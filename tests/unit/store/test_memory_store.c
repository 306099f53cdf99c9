/* SPDX-License-Identifier: MIT */
#include "memory_store.h"

#include "store_contract.h"

static struct store *
open_memory(void) {
    return memory_store_open(1 << 20);
}

static void
finish_memory(struct store *s) {
    s->ops->close(s);
}

int
main(void) {
    static const struct store_factory factory = {
        .name = "memory",
        .open = open_memory,
        .finish = finish_memory,
        .is_local = true,
        .race_rounds = 25,
        .racers = STORE_RACERS_MAX,
    };
    return store_contract_run(&factory);
}
