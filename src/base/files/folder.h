/* SPDX-License-Identifier: MIT */
#ifndef BASE_FILES_FOLDER_H
#define BASE_FILES_FOLDER_H

#include <stdbool.h>

/*
 * Whether the directory ${path} can be read and has no subdirectories.  Those that Kubernetes makes
 * for its links ("..data") do not count.  An entry that cannot be examined counts as one.
 */
bool folder_is_flat(const char *path);

#endif
