/* SPDX-License-Identifier: MIT */
/* Attributes of gcc and clang, and the size of an array. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include "base/banned.h"

/* The caller must use the result. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument ${fmt} is a printf format for the arguments from ${first} on. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* Leave a variable without the zeros that -ftrivial-auto-var-init writes. */
#define UNINITIALIZED __attribute__((uninitialized))

#define ARRAY_LEN(a)  (sizeof(a) / sizeof((a)[0]))

#endif
