/* SPDX-License-Identifier: MIT */
/* Files with one recipient or identity a line, as age has them: blank lines and those that begin
 * with # do not count. */
#ifndef CLI_WRAP_KEY_FILE_H
#define CLI_WRAP_KEY_FILE_H

#include "cli/cli.h"

enum { KEY_FILE_MAX = 64 * 1024 };

struct key_file {
    struct buf text; /* may hold secret keys */
    size_t at;
};

/* Read the file ${path} into ${out}, which the caller clears in every case.  Returns CLI_DONE, or
 * CLI_USAGE after printing an error. */
MUST_CHECK
enum cli_exit key_file_read(const char *path, struct key_file *out);

/* Return the next line that counts, in ${f} and of ${*len} characters, or NULL.  ${line} is
 * increased to its number. */
const char *key_file_next(struct key_file *f, size_t *len, int *line);

/* Begin again with the first line of ${f}. */
void key_file_rewind(struct key_file *f);

/* Wipe ${f}. */
void key_file_clear(struct key_file *f);

#endif
