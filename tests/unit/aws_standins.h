/* SPDX-License-Identifier: MIT */
/* dynalite and s3rver (tests/aws/standins.mjs) for C tests, and a store over them. */
#ifndef AWS_STANDINS_H
#define AWS_STANDINS_H

#include "aws/credentials.h"

struct aws_standins;

/* Start them, once a program; they end with it.  Aborts if node or its modules are missing. */
struct aws_standins *aws_standins_start(void);

/* Send ${command} ("table", "table noindex", "bucket") and copy the name it answers with. */
void aws_standins_make(struct aws_standins *s, const char *command, char out[static 64]);

/* An environment that leads to them, with keys; an HTTP client of its own; credentials over both.
 */
struct aws_env aws_standins_env(struct aws_standins *s);
struct aws_transport aws_standins_transport(struct aws_standins *s);
struct aws_credentials *aws_standins_credentials(struct aws_standins *s);

/* From now on endpoints are these (a proxy's). */
void aws_standins_redirect(struct aws_standins *s, const char *dynamodb, const char *s3);

void aws_standins_stop(struct aws_standins *s);

#endif
