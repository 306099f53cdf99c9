/* SPDX-License-Identifier: MIT */
/*
 * An independent model of a secret, which the vault is compared with.  It uses no records, stores
 * or functions of policy.h.  Its numbers of seconds are those of the design.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "vault/policy.h"

enum { MODEL_LEASES = 12, MODEL_PARTS = 2 };

struct model_lease {
    unsigned token;
    int64_t opened, fetched;
    bool over;
};

struct model {
    bool parts; /* else inline */
    bool complete, locked, burnt;
    int views, views_left;
    int attempts, attempts_left;
    bool gate; /* opens need one */
    int64_t created, expires, last_part;
    unsigned have; /* one bit a part */
    int leases;
    struct model_lease lease[MODEL_LEASES];
};

enum verdict model_open(struct model *m, int64_t now, bool right, bool gate, unsigned token);
enum verdict model_fetch(struct model *m, int64_t now, unsigned token);
enum verdict model_confirm(struct model *m, int64_t now, unsigned token);
enum verdict model_burn(struct model *m, int64_t now, bool owner, unsigned token);
enum verdict model_part(struct model *m, int64_t now, unsigned part);
enum verdict model_complete(struct model *m, int64_t now);

bool model_live(const struct model *m, int64_t now, int lease);
bool model_content(const struct model *m, int64_t now); /* may still be read by someone */
int model_receipt(const struct model *m, int64_t now);  /* enum receipt_state, or -1 */

#endif
