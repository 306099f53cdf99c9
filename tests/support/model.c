/* SPDX-License-Identifier: MIT */
#include "model.h"

static int64_t
earliest(int64_t a, int64_t b, int64_t c) {
    return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

static int64_t
lease_ends(const struct model *m, int i, int64_t fetched) {
    return earliest(fetched + (m->parts ? 900 : 120), m->lease[i].opened + (m->parts ? 21600 : 600),
                    m->expires);
}

bool
model_live(const struct model *m, int64_t now, int i) {
    return !m->burnt && !m->lease[i].over && now < lease_ends(m, i, m->lease[i].fetched);
}

static int
find(const struct model *m, unsigned token) {
    int i = m->leases - 1;
    while (i >= 0 && m->lease[i].token != token)
        i--;
    return i;
}

static bool
uploading(const struct model *m, int64_t now) {
    return !m->complete && !m->burnt &&
           now < earliest(m->last_part + 3600, m->created + 86400, m->expires);
}

static bool
openable(const struct model *m, int64_t now) {
    return m->complete && !m->burnt && !m->locked && now < m->expires;
}

bool
model_content(const struct model *m, int64_t now) {
    if (m->burnt || now >= m->expires) return false;
    if (!m->complete) return uploading(m, now);
    if (m->views_left > 0 && !m->locked) return true;
    for (int i = 0; i < m->leases; i++)
        if (model_live(m, now, i)) return true;
    return false;
}

enum verdict
model_fetch(struct model *m, int64_t now, unsigned token) {
    int i = find(m, token);
    if (i < 0 || !model_live(m, now, i)) return VERDICT_ABSENT;
    int64_t gain = lease_ends(m, i, now) - lease_ends(m, i, m->lease[i].fetched);
    if (gain >= (m->parts ? 60 : 10)) m->lease[i].fetched = now;
    return VERDICT_OK;
}

enum verdict
model_open(struct model *m, int64_t now, bool right, bool gate, unsigned token) {
    int i = find(m, token);
    bool key = gate || !m->gate;
    if (uploading(m, now)) return VERDICT_UPLOADING;
    if (!m->complete || m->burnt || now >= m->expires) return VERDICT_ABSENT;
    if (i >= 0 && !model_live(m, now, i)) return VERDICT_LEASE_ENDED;
    if (i >= 0 && right && key) return model_fetch(m, now, token), VERDICT_REPEAT;
    if (m->views_left == 0 || m->locked) return VERDICT_ABSENT;
    if (!key) return VERDICT_WRONG_KEY;
    if (!right) {
        if (m->attempts > 0 && --m->attempts_left == 0) m->locked = true;
        return VERDICT_WRONG_PROOF;
    }
    m->views_left--;
    i = m->leases++;
    m->lease[i] = (struct model_lease){.token = token, .opened = now, .fetched = now};
    return VERDICT_OK;
}

enum verdict
model_confirm(struct model *m, int64_t now, unsigned token) {
    int i = find(m, token);
    if (i < 0 || now >= m->expires) return VERDICT_ABSENT;
    m->lease[i].over = true;
    return VERDICT_OK;
}

enum verdict
model_burn(struct model *m, int64_t now, bool owner, unsigned token) {
    if (now >= m->expires || (!owner && find(m, token) < 0)) return VERDICT_ABSENT;
    if (model_content(m, now)) m->burnt = true;
    return VERDICT_OK;
}

enum verdict
model_part(struct model *m, int64_t now, unsigned part) {
    if (!uploading(m, now)) return openable(m, now) ? VERDICT_CONFLICT : VERDICT_ABSENT;
    if (!(m->have >> part & 1)) m->last_part = now;
    m->have |= 1U << part;
    return VERDICT_OK;
}

enum verdict
model_complete(struct model *m, int64_t now) {
    if (!uploading(m, now)) return openable(m, now) ? VERDICT_OK : VERDICT_ABSENT;
    if (m->have + 1 < 1U << MODEL_PARTS) return VERDICT_INCOMPLETE;
    m->complete = true;
    return VERDICT_OK;
}

int
model_receipt(const struct model *m, int64_t now) {
    if (now >= m->expires + 7 * 86400) return -1;
    if (m->burnt) return RECEIPT_BURNT;
    if (m->locked) return RECEIPT_LOCKED;
    if (!m->complete) return uploading(m, now) ? RECEIPT_UPLOADING : RECEIPT_EXPIRED;
    if (m->views_left == 0) return RECEIPT_USED_UP;
    if (now >= m->expires) return RECEIPT_EXPIRED;
    return m->views_left == m->views ? RECEIPT_WAITING : RECEIPT_OPENED;
}
