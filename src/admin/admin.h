/* SPDX-License-Identifier: MIT */
/*
 * The operator's requests and their answers (docs/OPERATIONS.md, "Operate it").  A
 * request is one JSON object, an answer one or more lines of JSON.  secretsd takes requests from
 * the operator's socket, and the function on Lambda from direct invocations.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "base/buf.h"
#include "crypto/token.h"

enum { ADMIN_REQUEST_MAX = 4096, ADMIN_EVENTS_STEP = 100 };

/* What answers use, set by the caller, not owned. */
struct admin {
    struct api *api;   /* with its vault */
    int64_t survey_ms; /* the longest time that counting may take */
};

enum admin_kind { ADMIN_REMOVE, ADMIN_STATS, ADMIN_EVENTS };

struct admin_request {
    enum admin_kind kind;
    char id[TOKEN_SEALED_ID_LEN + 1]; /* of the secret to remove */
    int64_t after;                    /* events with a higher number */
    bool follow;                      /* and those that come */
};

/*
 * Read the ${len} characters at ${text}: {"remove": ID}, {"stats": true} or {"events": {"after":
 * NUMBER, "follow": BOOL}}, whose members may be absent.  Returns 0; or ERR_INVALID, also for any
 * other member.
 */
MUST_CHECK
int admin_read(const char *text, size_t len, struct admin_request *out);

/*
 * Read ${text} if it is a direct invocation: an object whose only key is "secretsctl".  No event of
 * a gateway, a timer or a queue is one, because these have several keys.  Returns 1; 0 if it is
 * none; or ERR_INVALID if it is one and its value is no request.
 */
MUST_CHECK
int admin_read_direct(const char *text, size_t len, struct admin_request *out);

/* Append the answer to ${req}, which is ADMIN_REMOVE or ADMIN_STATS, to ${out}: a line.  Blocks.
 * Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int admin_answer(const struct admin *a, const struct admin_request *req, struct buf *out);

/*
 * Append up to ADMIN_EVENTS_STEP events after *${after} to ${out}, each on a line, and set
 * *${after} to the last.  Returns their number, or a negative code.
 */
MUST_CHECK
int admin_events(const struct admin *a, int64_t *after, struct buf *out);

/* Whether the store has events, and the number of the newest. */
bool admin_has_events(const struct admin *a);
int64_t admin_last_event(const struct admin *a);

/* Append a line that says why there is no answer: ${text}, in words.  Returns as buf_add(). */
MUST_CHECK
int admin_refuse(struct buf *out, const char *text);

#endif
