/* SPDX-License-Identifier: MIT */
/* Functions shared by the files of this directory only. */
#ifndef CTL_INTERNAL_H
#define CTL_INTERNAL_H

#include "ctl/delivery.h"

/* delivery_try() for a program. */
enum delivery_result delivery_run(struct delivery *d, const char *line, size_t len);

#endif
