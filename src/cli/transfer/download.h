/* SPDX-License-Identifier: MIT */
/*
 * Download of the parts of a sealed envelope.  Threads fetch a few parts ahead and repeat each
 * until it arrived; the main thread consumes them in order.
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
    struct progress *bar; /* counts the bytes received */

    /* Consumes the next ${len} bytes, and may overwrite them.  Returns 0 to continue, or what ends
     * the download. */
    int (*sink)(void *ctx, uint8_t *data, size_t len);
    void *ctx;
};

/* Return how many parts ${d} has. */
uint32_t download_parts(const struct download *d);

/*
 * Fetch the parts from ${first} up to, not including, ${end}, and give them to the sink.  Fills
 * ${resp} with the response to a failed call; the caller clears it.  Returns CLI_DONE; CLI_DAMAGED
 * with the result of the sink in ${*ended}; or the status of the failed call.  Main thread.
 */
MUST_CHECK
enum cli_exit download_run(struct cli *cli, const struct download *d, uint32_t first, uint32_t end,
                           int *ended, struct remote_response *resp);

#endif
