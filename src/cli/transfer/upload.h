/* SPDX-License-Identifier: MIT */
/*
 * Upload of the parts of a sealed envelope.  Threads send several parts at once and repeat each
 * until the server has it.  They read a file of sealed bytes, which never changes.
 */
#ifndef CLI_TRANSFER_UPLOAD_H
#define CLI_TRANSFER_UPLOAD_H

#include "cli/cli.h"

struct upload {
    const char *id;
    const char *owner_token;
    int sealed;            /* file of the whole envelope */
    uint64_t size;         /* its length */
    uint64_t content_size; /* for the progress bar; 0 if unknown */
    uint32_t part_size;
    const char *label;      /* for the progress bar */
    int done_log;           /* file to which acknowledged parts are appended; -1 for none */
    const json_t *complete; /* body of the call that completes it; NULL for none */
    uint8_t *done;          /* one byte a part, not 0 if the server has it; NULL if it has none */
};

/* Return how many parts ${u} has. */
uint32_t upload_parts(const struct upload *u);

/* Complete the secret of ${u}, whose parts are all there, or which has none.  Fills ${resp}, which
 * the caller clears, and returns as remote_call(). */
MUST_CHECK
enum cli_exit upload_complete(struct cli *cli, const struct upload *u,
                              struct remote_response *resp);

/*
 * Send the missing parts of ${u} and complete the secret.  Fills ${resp} with the last response;
 * the caller clears it.  Returns CLI_DONE; another status after printing that the server refused it
 * for good; or, with upload_is_over() false, one after which it can be resumed.  Main thread.
 */
MUST_CHECK
enum cli_exit upload_run(struct cli *cli, const struct upload *u, struct remote_response *resp);

/* Return whether nothing needs to be kept of an upload that ended with ${status} and ${resp}: it is
 * complete, or the server refused it for good. */
bool upload_is_over(enum cli_exit status, const struct remote_response *resp);

#endif
