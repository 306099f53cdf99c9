/* SPDX-License-Identifier: MIT */
/*
 * From a file or a pipe of any length to a sealed envelope: a small one in memory, a large one in a
 * file of sealed bytes, each chunk sealed once.
 */
#ifndef CLI_TRANSFER_SEAL_H
#define CLI_TRANSFER_SEAL_H

#include "cli/cli.h"

struct sealed {
    struct envelope_keys keys;
    uint64_t size;             /* of the envelope */
    uint64_t content_size;     /* of what is in it */
    struct buf content;        /* the envelope, if it fits into the create call */
    int file;                  /* else it is here; -1 for none */
    char path[STATE_PATH_MAX]; /* name of that file, "" if it has none */
};

enum { SEAL_INLINE_MAX = 256 * 1024 }; /* more in one call is not asked of any server */

struct seal_limits {
    uint64_t inline_max; /* largest envelope in the create call */
    uint64_t file_max;   /* largest content */
};

/*
 * Seal what --file names, or standard input, under ${link_key} and, if that is not empty,
 * ${passphrase}.  The caller clears ${out} in every case.  Returns CLI_DONE, or another after
 * saying why.
 */
MUST_CHECK
enum cli_exit seal_run(struct cli *cli, const char *link_key, const struct buf *passphrase,
                       const struct seal_limits *limits, struct sealed *out);

/* Wipe and release what ${s} holds, the file too unless ${keep}. */
void seal_clear(struct sealed *s, bool keep);

#endif
