/* SPDX-License-Identifier: MIT */
/* The page that a printed link leads to. */
#ifndef CLI_ADDRESS_PAGE_H
#define CLI_ADDRESS_PAGE_H

#include "cli/cli.h"

/*
 * Write to ${out} the address of the page for links: --page or "page" of the configuration file,
 * else ${named}, which the server names and may be NULL, else the server itself.
 *
 * Whoever serves the page sees the link key, so a server cannot choose another host by itself
 * (docs/DESIGN.md, P12): the user is asked on the terminal.  Returns CLI_DONE; CLI_REFUSED if the
 * user says no or there is no terminal, or CLI_USAGE if the chosen page is not an address, after
 * printing an error; CLI_INTERRUPTED.  Main thread.
 */
MUST_CHECK
enum cli_exit page_choose(struct cli *cli, const char *named, char out[static LINK_PAGE_MAX]);

#endif
