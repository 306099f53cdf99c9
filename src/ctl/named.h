/* SPDX-License-Identifier: MIT */
/* Which secret or request an operator names: by its link or its id. */
#ifndef CTL_NAMED_H
#define CTL_NAMED_H

#include <stdbool.h>

#include "crypto/token.h"

enum { NAMED_LINK_MAX = 8192 }; /* bytes of a line with a link, its end included */

/*
 * Find the id in ${text}: an id, a link with "#ID", "#r.ID" or "#c.ID" (programs write "%23"), or a
 * link of pysecrets with "/secret/ID".  Then wipe ${text}, because the key of a link must not stay
 * in the list of processes.  Returns whether there is an id.
 */
bool named_take_id(char *text, char out[static TOKEN_SEALED_ID_LEN + 1]);

/*
 * Read the next line of standard input that is not blank into ${line}, and add to ${number} how
 * many lines were read.  Returns it without the blanks around it, or "?" if it is too long or has a
 * NUL; NULL if there is none.
 */
char *named_next_line(char line[static NAMED_LINK_MAX], long *number);

#endif
