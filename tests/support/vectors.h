/* SPDX-License-Identifier: MIT */
/*
 * Test vectors: JSON files in tests/vectors/, and files that are not part of the tree.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/text/base64.h"

/* The JSON of the file at ${path}; the test fails if it cannot be read.  json_decref() it. */
json_t *vectors_load(const char *path);

/*
 * The same for a file below the directory that SHARED names (default ../shared), which is not part
 * of the tree: NULL, with a line that begins with SKIP, where it is absent.
 */
json_t *vectors_load_shared(const char *path);

/* The text at ${key} of ${object}; the test fails if there is none. */
const char *vectors_text(const json_t *object, const char *key);

/* Append the bytes that the text at ${key} encodes to ${out}; false if there is no such key. */
bool vectors_base64(const json_t *object, const char *key, enum base64_kind kind, struct buf *out);
void vectors_hex(const json_t *object, const char *key, struct buf *out);

#endif
