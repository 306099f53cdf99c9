/* SPDX-License-Identifier: MIT */
/* Records in the situations that the rules tell apart, for tests of the policy. */
#ifndef TESTS_SUPPORT_POLICY_SAMPLES_H
#define TESTS_SUPPORT_POLICY_SAMPLES_H

#include "store_samples.h"

/* All begin at SAMPLE_T0. */
enum policy_sample {
    FRESH,    /* 3 views */
    LEASED,   /* 2 views left, lease 1 live since T0 */
    LAST,     /* no view left, lease 1 live since T0 */
    ENDED,    /* 2 views left, lease 1 confirmed */
    USED_UP,  /* no view left, lease 1 confirmed, content erased */
    LOCKED,   /* with lease 1 live */
    BURNT,    /* lease 1 ended by it */
    UPLOAD,   /* 2 parts, none there */
    UPLOADED, /* 2 parts, both there, not complete */
    TEXT,     /* classic, 2 views left */
    SAMPLES,
};

/* Returns the record of that situation.  Clear it with record_clear(). */
struct record policy_sample(enum policy_sample which);

/* Its name, for messages. */
const char *policy_sample_name(enum policy_sample which);

/* Apply ${kind}, with these numbers for hash and proof (sample_hash), to ${r} at ${now}.  Returns
 * the verdict, which ${e} has as well. */
enum verdict policy_try(struct record *r, enum change_kind kind, int64_t now, unsigned hash,
                        unsigned proof, struct effect *e);

#endif
