/* SPDX-License-Identifier: MIT */
/* dynalite and s3rver (tests/system/support/aws/standins.mjs) for C tests. */
#ifndef AWS_STANDINS_H
#define AWS_STANDINS_H

#include <jansson.h>

#include "aws/service.h"

struct aws_standins;

/* Start them, once in a program.  They stop with it.  Aborts if node or its modules are missing. */
struct aws_standins *aws_standins_start(void);

/* Send ${command} ("table", "table noindex", "bucket") and copy the name in its response. */
void aws_standins_make(struct aws_standins *s, const char *command, char out[static 64]);

/* Send ${command}, and with ${print} print its response. */
void aws_standins_tell(struct aws_standins *s, const char *command, bool print);

/* Send ${command}.  Returns its response, a new reference. */
json_t *aws_standins_ask(struct aws_standins *s, const char *command);

/* Returns an environment with their endpoints and keys, an HTTP client, and credentials over
 * both. */
struct aws_env aws_standins_env(struct aws_standins *s);
struct aws_transport aws_standins_transport(struct aws_standins *s);
struct aws_credentials *aws_standins_credentials(struct aws_standins *s);

/* Returns all of them, with the clock and the random numbers of the system, for a store. */
struct aws_service_config aws_standins_config(struct aws_standins *s);

/*
 * Returns a transport that calls ${send} of the test, which may pass a request on to
 * aws_standins_send() with the same arguments.  Pauses between attempts take no time.
 */
struct aws_transport
aws_standins_behind(struct aws_standins *s,
                    enum http_failure (*send)(void *ctx, const struct http_client_request *req,
                                              struct http_client_response *resp));
enum http_failure aws_standins_send(void *ctx, const struct http_client_request *req,
                                    struct http_client_response *resp);

/* Make ${resp} the result of a request that was sent and whose response is lost.  Returns what the
 * send function returns for it. */
enum http_failure aws_lose_answer(struct http_client_response *resp);

/* Returns the value of the header ${name} of ${req}, or NULL. */
const char *aws_field(const struct http_client_request *req, const char *name);

/* Use the endpoints of the fault proxies from now on, or with false those of the stand-ins. */
void aws_standins_through_faults(struct aws_standins *s, bool faults);

void aws_standins_stop(struct aws_standins *s);

#endif
