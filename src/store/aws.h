/* SPDX-License-Identifier: MIT */
/* What the stores in AWS share in one process: the HTTP client and the credentials. */
#ifndef STORE_AWS_H
#define STORE_AWS_H

#include "aws/transport.h"
#include "store/backend.h"

/*
 * Make what the stores share.  ${env} is copied.  At most ${connections} idle connections are kept.
 * CA certificates are those of AWS_CA_BUNDLE or SSL_CERT_FILE if one is set, else the system's.
 * Call after http_client_setup().  Returns NULL if memory is short.
 */
struct store_aws *store_aws_new(const struct aws_env *env, int connections);

/* Free ${aws}, after the stores that use it are closed.  NULL is allowed. */
void store_aws_free(struct store_aws *aws);

/*
 * Give up every request in progress, within a second, and every later one: the process is stopping.
 * A name lookup that outlasts the time to connect lasts until the system's resolver gives up.  Any
 * thread.
 */
void store_aws_give_up(struct store_aws *aws);

/* Read the credentials now, while their files can be opened.  If that fails they are read later. */
void store_aws_warm(struct store_aws *aws);

#endif
