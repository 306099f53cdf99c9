/* SPDX-License-Identifier: MIT */
/*
 * The destination of an opened secret: standard output, or a file that gets its name only once it
 * is complete.  Main thread.
 */
#ifndef CLI_TRANSFER_OUTPUT_H
#define CLI_TRANSFER_OUTPUT_H

#include "cli/cli.h"

enum output_kind {
    OUTPUT_STDOUT, /* written as it arrives */
    OUTPUT_TEXT,   /* kept in memory until all of it is verified, for a terminal or JSON */
    OUTPUT_FILE,
};

enum { OUTPUT_TEXT_MAX = 1024 * 1024, OUTPUT_PATH_MAX = 4096 + 256 };

struct output {
    enum output_kind kind;
    bool begun;
    bool force;
    bool elsewhere;    /* another process has, or may have, the unfinished file of an earlier run */
    bool in_directory; /* --output names a directory, which may be missing */
    bool nameless;     /* the file is finished, and still has its temporary name */
    int fd;
    char temp[OUTPUT_PATH_MAX]; /* the unfinished file; "" for none */
    char path[OUTPUT_PATH_MAX]; /* its final name */
    struct buf text;
};

/* Return whether --output ${path} names a directory: it is one, or it ends with '/' and becomes one
 * with the first file. */
bool output_is_directory(const char *path);

/* Check, before a view is used, that --output can be written.  Returns CLI_DONE, or CLI_EXISTS or
 * CLI_USAGE after printing an error. */
MUST_CHECK
enum cli_exit output_check(const struct cli *cli);

/*
 * Choose the destination for content of ${meta} as ${o}.  Opens ${again}, the unfinished file of an
 * earlier run, where that is not NULL and is possible.  A new unfinished file only gets its name,
 * o->temp, which the caller can keep before output_create() makes the file.  The caller ends with
 * output_drop() in every case.  Returns CLI_DONE, or another status after printing an error.
 */
MUST_CHECK
enum cli_exit output_begin(struct cli *cli, struct output *o, const struct envelope_meta *meta,
                           const char *again);

/* Say that the unfinished file ${path} of an earlier run is left as it is.  Prints nothing if there
 * is no such file. */
void output_note_left(const char *path);

/* Create the unfinished file if ${o} needs one and has none, in a directory that is made if it is
 * missing.  Returns CLI_DONE, or CLI_FAILED after printing an error. */
MUST_CHECK
enum cli_exit output_create(struct output *o);

/* Return how many bytes the unfinished file holds; 0 without one. */
uint64_t output_have(const struct output *o);

/* Write ${len} bytes at ${offset}.  Returns 0, or ERR_IO after printing an error. */
MUST_CHECK
int output_write(struct output *o, uint64_t offset, const uint8_t *data, size_t len);

/* Give the file its name, or print the text: all of it was verified.  A file that cannot get its
 * name keeps its temporary one, which a note and o->path tell.  Returns CLI_DONE, or another status
 * after printing an error. */
MUST_CHECK
enum cli_exit output_finish(struct cli *cli, struct output *o, const struct envelope_meta *meta);

/* Release ${o}.  An unfinished file is removed unless ${keep}. */
void output_drop(struct output *o, bool keep);

#endif
