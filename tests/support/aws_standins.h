/* SPDX-License-Identifier: MIT */
/* dynalite and s3rver (tests/system/support/aws/standins.mjs) for C tests, and a store
 * over them. */
#ifndef AWS_STANDINS_H
#define AWS_STANDINS_H

#include <jansson.h>

#include "aws/credentials.h"

struct aws_standins;

/* Start them, once a program; they end with it.  Aborts if node or its modules are missing. */
struct aws_standins *aws_standins_start(void);

/* Send ${command} ("table", "table noindex", "bucket") and copy the name it answers with. */
void aws_standins_make(struct aws_standins *s, const char *command, char out[static 64]);

/* Send ${command} whose answer is of no interest, or, with ${print}, is to be shown. */
void aws_standins_tell(struct aws_standins *s, const char *command, bool print);

/* Send ${command} and parse its answer: a new reference. */
json_t *aws_standins_ask(struct aws_standins *s, const char *command);

/* An environment that leads to them, with keys; an HTTP client of its own; credentials
 * over both. */
struct aws_env aws_standins_env(struct aws_standins *s);
struct aws_transport aws_standins_transport(struct aws_standins *s);
struct aws_credentials *aws_standins_credentials(struct aws_standins *s);

/*
 * The same HTTP client behind ${send}, a test's own, which passes on what it likes by
 * aws_standins_send() with its own arguments.  No pause between tries is waited for.
 */
struct aws_transport
aws_standins_behind(struct aws_standins *s,
                    enum http_failure (*send)(void *ctx, const struct http_client_request *req,
                                              struct http_client_response *resp));
enum http_failure aws_standins_send(void *ctx, const struct http_client_request *req,
                                    struct http_client_response *resp);

/* ${resp} of a request that went out and whose answer, if there was one, is lost.  Returns what to
 * return for it. */
enum http_failure aws_lose_answer(struct http_client_response *resp);

/* The value of the field ${name} of ${req}, or NULL. */
const char *aws_field(const struct http_client_request *req, const char *name);

/* From now on endpoints are those of the fault proxies, or, with false, no longer. */
void aws_standins_through_faults(struct aws_standins *s, bool faults);

void aws_standins_stop(struct aws_standins *s);

#endif
