/* SPDX-License-Identifier: MIT */
#include "cli/transfer/pace.h"

enum { GOOD_IN_A_ROW = 4 }; /* parts after which one more moves at once */

void
pace_begin(struct pace *p, unsigned most) {
    *p = (struct pace){.most = most, .limit = most};
}

bool
pace_has_room(const struct pace *p) {
    return p->moving < p->limit;
}

unsigned
pace_enter(struct pace *p) {
    p->moving++;
    return p->changes;
}

bool
pace_cut(struct pace *p, unsigned entered) {
    p->good = 0;
    if (entered == p->changes && p->limit > 1) {
        p->limit /= 2;
        p->changes++;
    }
    return p->moving > p->limit;
}

void
pace_leave(struct pace *p, bool done) {
    p->moving--;
    if (!done || ++p->good < GOOD_IN_A_ROW) return;
    p->good = 0;
    if (p->limit < p->most) p->limit++;
}
