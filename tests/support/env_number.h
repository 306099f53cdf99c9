/* SPDX-License-Identifier: MIT */
/* How much a test does, as the environment says. */
#ifndef TESTS_SUPPORT_ENV_NUMBER_H
#define TESTS_SUPPORT_ENV_NUMBER_H

/* Return the number in the environment's ${variable}, or ${otherwise} if it is not set.  Any other
 * text than a number from ${min} to ${max} fails the test. */
int env_number(const char *variable, int min, int max, int otherwise);

#endif
