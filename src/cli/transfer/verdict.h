/* SPDX-License-Identifier: MIT */
/*
 * Whose response it is.  Proxies, gateways, firewalls and login pages answer in place of the
 * server, and nothing may be dropped, burnt, or called gone or wrong because of them
 * (docs/DESIGN.md, P11).  Pure functions.  Any thread.
 */
#ifndef CLI_TRANSFER_VERDICT_H
#define CLI_TRANSFER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text/json.h"

/* What the success of a call looks like. */
enum expected_kind {
    EXPECT_JSON,      /* a JSON object with a certain field */
    EXPECT_EMPTY,     /* status 204 */
    EXPECT_BYTES,     /* application/octet-stream of a certain length */
    EXPECT_DECRYPTED, /* as EXPECT_JSON; an empty 404 is a refusal */
    EXPECT_FILE,      /* as EXPECT_JSON, of any type, from a static host that may not have it */
};

struct expectation {
    enum expected_kind kind;
    const char *field; /* of the JSON object; NULL: any object */
    size_t length;     /* of the bytes */
};

/* Whether the server marks its responses with "Secrets-Answer: 1". */
enum server_marks {
    MARKS_UNKNOWN, /* it has not answered yet */
    MARKS_PRESENT,
    MARKS_ABSENT, /* its configuration had no mark: version 0.1, or pysecrets */
};

/* What is known about a response. */
struct response_facts {
    int status;
    const char *content_type; /* "" if absent */
    const json_t *json;       /* NULL if the body is not a JSON object */
    size_t body_len;
    bool marked;
};

enum verdict {
    VERDICT_OURS,
    VERDICT_FOREIGN, /* something before the server answered */
    VERDICT_ABSENT,  /* the file is not there; only with EXPECT_FILE */
    VERDICT_UNKNOWN, /* depends on whether the server marks its responses */
};

/* Return whose response ${facts} are, from a server with ${marks}, to a call that expects
 * ${expected}. */
enum verdict verdict_of(const struct response_facts *facts, const struct expectation *expected,
                        enum server_marks marks);

/* Return whether a refusal with ${status} is the server's last word, ${marked} as its own.  Only
 * then is dropped what was kept for the call: a gateway may also send a problem document. */
bool verdict_is_final(int status, bool marked);

/* Return whether a foreign response of ${status} may be different the next time. */
bool verdict_is_transient(int status);

#endif
