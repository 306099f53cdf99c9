/* SPDX-License-Identifier: MIT */
#include "store/blobs_memory.h"

#include "blobs_contract.h"

static void
finish_memory(struct blobs *b) {
    b->ops->close(b);
}

int
main(void) {
    static const struct blobs_factory factory = {
        .name = "blobs in memory",
        .open = blobs_memory_open,
        .finish = finish_memory,
        .local = true,
        .race_rounds = 10,
    };
    return blobs_contract_run(&factory);
}
