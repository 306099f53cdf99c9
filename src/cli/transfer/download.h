/* SPDX-License-Identifier: MIT */
/*
 * The parts of a sealed envelope on their way down: a few are fetched ahead, each tried again until
 * it is there, and given on in order.
 */
#ifndef CLI_TRANSFER_DOWNLOAD_H
#define CLI_TRANSFER_DOWNLOAD_H

#include "cli/cli.h"
#include "cli/terminal/progress.h"

struct download {
    const char *id;
    const char *lease;
    uint64_t size; /* of the whole envelope */
    uint32_t part_size;
    struct progress *bar; /* counts the bytes that come */

    /* Takes the next ${len} bytes; 0 to go on, else what ends the download. */
    int (*sink)(void *ctx, const uint8_t *data, size_t len);
    void *ctx;
};

/* How many parts ${d} has. */
uint32_t download_parts(const struct download *d);

/*
 * Fetch the parts from ${first} up to but not including ${end} and give them to the sink.  Returns
 * CLI_DONE; CLI_DAMAGED with what the sink returned in ${*ended}, or 0 there for a part of wrong
 * length; or why a part could not be had, with the answer in ${resp}, which the caller clears.
 */
MUST_CHECK
enum cli_exit download_run(struct cli *cli, const struct download *d, uint32_t first, uint32_t end,
                           int *ended, struct remote_response *resp);

#endif
