/* SPDX-License-Identifier: MIT */
/*
 * Where what was opened goes: standard output, or a file that has its name only once all of it is
 * there.
 */
#ifndef CLI_TRANSFER_OUTPUT_H
#define CLI_TRANSFER_OUTPUT_H

#include "cli/cli.h"

enum output_kind {
    OUTPUT_STDOUT, /* as it comes */
    OUTPUT_TEXT,   /* kept in memory until all of it is genuine; for a terminal, or JSON */
    OUTPUT_FILE,
};

enum { OUTPUT_TEXT_MAX = 1024 * 1024, OUTPUT_PATH_MAX = 4096 + 256 };

struct output {
    enum output_kind kind;
    bool begun;
    bool force;
    bool elsewhere; /* another run is, or may be, at the unfinished file of an earlier one */
    int fd;
    char temp[OUTPUT_PATH_MAX]; /* the file while it is unfinished; "" for none */
    char path[OUTPUT_PATH_MAX]; /* what it will be called */
    struct buf text;
};

/* Check before anything is opened that --output can be written.  Returns CLI_DONE, CLI_EXISTS or
 * CLI_USAGE, after saying why. */
MUST_CHECK
enum cli_exit output_check(const struct cli *cli);

/*
 * Choose where content of ${meta} goes and prepare it; the unfinished file ${again} of an earlier
 * run is gone on with where that is not NULL.  The caller ends with output_finish() or
 * output_drop().  Returns CLI_DONE, or another after saying why.
 */
MUST_CHECK
enum cli_exit output_begin(struct cli *cli, struct output *o, const struct envelope_meta *meta,
                           const char *again);

/* How many bytes an unfinished file of an earlier run holds; 0 without one. */
uint64_t output_have(const struct output *o);

/* Put ${len} bytes at ${offset}.  Returns 0, or ERR_IO after saying why. */
MUST_CHECK
int output_write(struct output *o, uint64_t offset, const uint8_t *data, size_t len);

/* All is genuine: give the file its name, or show the text.  Returns CLI_DONE or another after
 * saying why. */
MUST_CHECK
enum cli_exit output_finish(struct cli *cli, struct output *o, const struct envelope_meta *meta);

/* Let go; the unfinished file is removed unless ${keep}. */
void output_drop(struct output *o, bool keep);

#endif
