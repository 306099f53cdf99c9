/* SPDX-License-Identifier: MIT */
/* Finding the server of a page. */
#ifndef CLI_ADDRESS_LOCATE_H
#define CLI_ADDRESS_LOCATE_H

#include "cli/transfer/remote.h"

/*
 * Set r->base to the server of the page at ${page}: the "api" of the config.json next to the page,
 * which may be relative.  A server that serves the page itself has no such file; it is where the
 * page is.  Else it is the origin of the page.  Returns CLI_DONE, or another status after printing
 * an error.  Main thread.
 */
MUST_CHECK
enum cli_exit locate_server(struct remote *r, const char *page);

#endif
