/* SPDX-License-Identifier: MIT */
/* How far events were forwarded, in a file that is replaced as a whole. */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include "crypto/audit/audit.h"

enum { PLACE_PATH_MAX = 4096, PLACE_REASON_MAX = 200 };

struct place {
    int64_t number; /* of the last event that was delivered; 0 before the first */
    uint8_t hash[AUDIT_HASH_LEN];
    bool found;                    /* there is a file */
    char parked[PLACE_REASON_MAX]; /* why nothing is delivered any more; "" if it is */
};

/* Read the file at ${path} into ${out}, which is zeroed if there is no such file.  Returns 0; or
 * ERR_IO or ERR_INVALID after printing an error. */
MUST_CHECK
int place_load(const char *path, struct place *out);

/* Replace the file at ${path} by ${place}, durably.  Returns 0, or ERR_IO after printing an
 * error. */
MUST_CHECK
int place_save(const char *path, const struct place *place);

#endif
