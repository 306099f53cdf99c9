/* SPDX-License-Identifier: MIT */
/* What is to be shared: a file, or standard input, whose first bytes are looked at. */
#ifndef CLI_TRANSFER_SOURCE_H
#define CLI_TRANSFER_SOURCE_H

#include <sys/stat.h>

#include "cli/cli.h"

enum { SOURCE_HEAD_MAX = 1024 * 1024 };

struct source {
    int fd;
    const char *path; /* "standard input", for messages */
    bool regular;     /* a plain file: its size is known and it must not change */
    bool ended;       /* the head is all there is */
    struct stat before;
    struct buf head;                  /* up to SOURCE_HEAD_MAX first bytes */
    char name[ENVELOPE_NAME_MAX + 1]; /* for the receiver; "" for a text */
};

/* Open what the options name and read its head.  The caller ends with source_close().  Returns
 * CLI_DONE, or another after saying why. */
MUST_CHECK
enum cli_exit source_open(struct cli *cli, struct source *s);

/* The content's length if it is known, else ENVELOPE_SIZE_UNKNOWN. */
uint64_t source_size(const struct source *s);

/* Read on behind the head: like read(2), but says why it fails. */
MUST_CHECK
ssize_t source_read(struct source *s, void *out, size_t len);

/* Whether a plain file is as it was when it was opened; says so if it is not. */
bool source_unchanged(const struct source *s);

void source_close(struct source *s);

#endif
