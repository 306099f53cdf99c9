/* SPDX-License-Identifier: MIT */
/*
 * The content to share: a file or standard input.  Its first bytes are read at once, to tell a text
 * from a file.  Main thread.
 */
#ifndef CLI_TRANSFER_SOURCE_H
#define CLI_TRANSFER_SOURCE_H

#include <sys/stat.h>

#include "cli/cli.h"

enum { SOURCE_HEAD_MAX = 1024 * 1024 };

struct source {
    int fd;
    const char *path; /* for messages; "standard input" */
    bool regular;     /* a regular file, whose size is known and must not change */
    bool ended;       /* the head is all of it */
    struct stat before;
    struct buf head;                  /* the first bytes, up to SOURCE_HEAD_MAX */
    char name[ENVELOPE_NAME_MAX + 1]; /* for the recipient; "" for a text */
};

/* Open what the options name and read its head into ${s}, which the caller ends with
 * source_close() in every case.  Returns CLI_DONE, or another status after printing an error. */
MUST_CHECK
enum cli_exit source_open(struct cli *cli, struct source *s);

/* Return the length of the content, or ENVELOPE_SIZE_UNKNOWN. */
uint64_t source_size(const struct source *s);

/* Read up to ${len} bytes that follow the head into ${out}.  Returns as read(2), with -1 after
 * printing an error, unless the program was asked to stop. */
MUST_CHECK
ssize_t source_read(struct source *s, void *out, size_t len);

/* Return whether a regular file is unchanged since it was opened; true for anything else.  Prints
 * an error if it changed. */
bool source_unchanged(const struct source *s);

/* Close the file and release the head. */
void source_close(struct source *s);

#endif
