/* SPDX-License-Identifier: MIT */
/* What settings mean together. */
#ifndef SETTINGS_CHECK_H
#define SETTINGS_CHECK_H

#include "settings/table.h"

/* Check the settings ${s}, each of which was understood by itself.  Returns 0; or ERR_CONFIG with a
 * line in ${reason}. */
MUST_CHECK
int settings_check(const struct settings *s, struct buf *reason);

#endif
