/* SPDX-License-Identifier: MIT */
/* Counts of what a store holds, for its operator.  Pure. */
#ifndef VAULT_SURVEY_H
#define VAULT_SURVEY_H

#include <stdint.h>

#include "vault/policy.h"

/* How long ago secrets were created.  X(NAME, "wire name") */
#define SURVEY_AGE_LIST(X)                                                                         \
    X(HOUR, "hour")       /* less than an hour */                                                  \
    X(DAY, "day")         /* less than a day */                                                    \
    X(WEEK, "week")       /* less than a week */                                                   \
    X(OLDER, "older")     /* a week or more */                                                     \
    X(UNKNOWN, "unknown") /* classic records in DynamoDB do not tell */

enum survey_age {
#define X(name, wire) SURVEY_AGE_##name,
    SURVEY_AGE_LIST(X)
#undef X
        SURVEY_AGES
};

struct survey {
    uint64_t states[RECEIPT_STATES]; /* secrets in each state, answers to requests included */
    uint64_t ages[SURVEY_AGES];      /* those whose content is stored, by age */
    uint64_t bytes;                  /* of their content */
    uint64_t requests;               /* requests that list their answers */
};

/* Count ${r}, whose leases need not be there, into ${s} as it is at ${now}. */
void survey_count(struct survey *s, const struct record *r, int64_t now);

#endif
