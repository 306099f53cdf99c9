/* SPDX-License-Identifier: MIT */
/*
 * Loads libcurl if it is needed.  A server whose stores are on its own machine sends no requests.
 * It does without libcurl and the libraries that libcurl loads, which saves time at the start and
 * memory.
 *
 * secretsd does not link libcurl.  curl.c defines each function of libcurl that secretsd calls.
 * The function in curl.c passes its arguments to the function of the library.  The other programs
 * link libcurl.
 */
#ifndef SERVER_PROCESS_CURL_H
#define SERVER_PROCESS_CURL_H

#include "base/buf.h"
#include "base/compiler.h"

/*
 * Load libcurl.  Call it before the first thread starts and before the sandbox closes the paths of
 * libraries.  A second call does nothing.  Returns 0; or ERR_IO with a line in ${reason}.
 *
 * curl_url() and curl_global_init_mem() load the library too, under the same conditions, and fail
 * if that fails.
 */
MUST_CHECK
int curl_load(struct buf *reason);

#endif
