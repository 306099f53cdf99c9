/* SPDX-License-Identifier: MIT */
/* The settings of the function, from its environment. */
#ifndef LAMBDA_SETTINGS_H
#define LAMBDA_SETTINGS_H

#include "settings/table.h"

/*
 * Fill ${s} from ${env} (NULL-terminated, as environ), which outlives it.  Returns 0; or ERR_CONFIG
 * with a line in ${reason} that names the variable that is missing, unknown or not understood.
 */
MUST_CHECK
int lambda_settings_read(struct settings *s, char *const env[], struct buf *reason);

#endif
