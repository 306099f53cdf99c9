/* SPDX-License-Identifier: MIT */
/* Events as lines of JSON, as secretsd gives them out and secretsctl(8) reads them. */
#ifndef CRYPTO_AUDIT_JSON_H
#define CRYPTO_AUDIT_JSON_H

#include "base/buf.h"
#include "crypto/audit/audit.h"

enum { AUDIT_JSON_MAX = 2048 }; /* bytes of one line, its end included */

/* Append ${e} to ${out} as one JSON object and an end of line.  Returns 0, or ERR_TOO_LARGE or
 * ERR_NOMEM with ${out} unchanged. */
MUST_CHECK
int audit_json_write(const struct audit_event *e, struct buf *out);

/*
 * Read the ${len} characters at ${line}, one JSON object, into ${out}.  Members that are not those
 * of an event are ignored.  Returns 0, or ERR_INVALID if it is no event.
 */
MUST_CHECK
int audit_json_read(const char *line, size_t len, struct audit_event *out);

#endif
