/* SPDX-License-Identifier: MIT */
/*
 * Sealing: from a file, or a stream of any length, to a sealed envelope.  A small envelope stays in
 * memory; a large one goes to a file of sealed bytes.  Each chunk is sealed once.  Main thread.
 */
#ifndef CLI_TRANSFER_SEAL_H
#define CLI_TRANSFER_SEAL_H

#include "cli/cli.h"

struct sealed {
    struct envelope_keys keys;
    uint64_t size;             /* of the envelope */
    uint64_t content_size;     /* of its content */
    struct buf content;        /* the envelope, where ${file} is -1 */
    int file;                  /* file of the envelope, or -1 */
    char path[STATE_PATH_MAX]; /* path of that file, "" if it has no name */
};

enum { SEAL_INLINE_MAX = 256 * 1024 }; /* largest envelope sent in one call to any server */

struct seal_limits {
    uint64_t inline_max; /* largest envelope in the create call */
    uint64_t file_max;   /* largest content */
    bool asked;          /* the asker of a request allows no more, although the server does */
};

/*
 * Seal the file that the options name, or standard input, with ${link_key} and, unless it is empty,
 * ${passphrase}.  The caller clears ${out} in every case.  Returns CLI_DONE, or another status
 * after printing an error.
 */
MUST_CHECK
enum cli_exit seal_run(struct cli *cli, const char *link_key, const struct buf *passphrase,
                       const struct seal_limits *limits, struct sealed *out);

/* Wipe and release what ${s} holds.  Its file is removed too, unless ${keep}. */
void seal_clear(struct sealed *s, bool keep);

#endif
