/* SPDX-License-Identifier: MIT */
#include "memory_blobs.h"

#include "blobs_contract.h"

static void
finish_memory(struct blobs *b) {
    b->ops->close(b);
}

int
main(void) {
    static const struct blobs_factory factory = {
        .name = "blobs in memory",
        .open = memory_blobs_open,
        .finish = finish_memory,
        .local = true,
        .race_rounds = 10,
    };
    return blobs_contract_run(&factory);
}
