/* SPDX-License-Identifier: MIT */
/*
 * The command line of secretsd.  A setting SECRETS_FOO_BAR or FOO_BAR is also the option --foo-bar,
 * which wins over the variable.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "settings/table.h"

enum options_result {
    OPTIONS_RUN,    /* start the server */
    OPTIONS_PRINT,  /* print the text and exit 0: --help or --version */
    OPTIONS_REFUSE, /* print the text and exit 2: something is not understood */
};

/*
 * Fill ${s} from defaults, then from the environment ${env} (NULL-terminated, as environ), then
 * from the arguments ${argv} after the program's name.  ${cores} is the default number of
 * derivation threads.  ${root} says whether this process is root, which is refused unless a setting
 * allows it.  ${text} (limit 16 KiB or more) gets what to print, if anything; a refusal names the
 * variable or option at fault.
 */
enum options_result options_read(struct settings *s, int argc, char *const argv[],
                                 char *const env[], int64_t cores, bool root, struct buf *text);

#endif
