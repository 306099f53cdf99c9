/* SPDX-License-Identifier: MIT */
/*
 * Functions that write without a limit, keep hidden state or hide a failure do not compile in this
 * project.  Every header of base/ includes this one, so every source file does.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The system headers come first, because they declare the names that are poisoned below. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#undef sprintf /* a macro in fortified builds of clang */
#pragma GCC poison strcpy strcat strncpy strncat stpcpy stpncpy sprintf vsprintf
#pragma GCC poison gets strtok atoi atol atoll atof tmpnam tempnam mktemp
#pragma GCC poison asctime ctime gmtime localtime
#pragma GCC poison srand random_r srandom drand48 lrand48 mrand48
#pragma GCC poison bzero bcopy bcmp
#pragma GCC poison system popen

/* Not poisoned, because OpenSSL's headers have parameters of this name. */
int rand(void) __attribute__((deprecated("use base/random.h")));

#endif
