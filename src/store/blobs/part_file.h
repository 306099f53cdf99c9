/* SPDX-License-Identifier: MIT */
/* The file of one part, by its name in the open directory ${dir}. */
#ifndef STORE_BLOBS_PART_FILE_H
#define STORE_BLOBS_PART_FILE_H

#include "base/buf.h"
#include "base/files/piped.h"

/* Log the failure of a system call with errno ${number}.  Returns its code. */
int part_file_error(int number);

/* Write ${data} durably to the new file ${name}.  Returns 0, ERR_FULL, ERR_NOMEM or ERR_STORE. */
MUST_CHECK
int part_file_write(int dir, const char *name, const void *data, size_t len);

/* Append the file ${name} to ${out}.  Returns as blobs_ops.get. */
MUST_CHECK
int part_file_read(int dir, const char *name, struct buf *out);

/* Put the file ${name}, of ${len} bytes, into ${out}.  Returns as blobs_ops.get_piped. */
MUST_CHECK
int part_file_pipe(int dir, const char *name, size_t len, struct piped *out);

/*
 * Compare the file ${name} with ${data}.  Returns 0 if they are equal; ERR_CONFLICT if not;
 * ERR_UNKNOWN_OUTCOME if the file is not there; or another code.
 */
MUST_CHECK
int part_file_compare(int dir, const char *name, const void *data, size_t len);

#endif
