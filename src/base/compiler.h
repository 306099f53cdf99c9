/* SPDX-License-Identifier: MIT */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include "base/banned.h"

/* The result must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument ${fmt} is a printf format for the arguments from ${first} on. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#define ARRAY_LEN(a)            (sizeof(a) / sizeof((a)[0]))

#endif
