/* SPDX-License-Identifier: MIT */
#include "api/receipt.h"

static const char *const event_names[] = {
#define X(name, wire) [RECEIPT_EVENT_##name] = (wire),
    RECEIPT_EVENT_LIST(X)
#undef X
};

static const char *const state_names[] = {
    [RECEIPT_UPLOADING] = "uploading", [RECEIPT_WAITING] = "waiting", [RECEIPT_OPENED] = "opened",
    [RECEIPT_USED_UP] = "used_up",     [RECEIPT_BURNT] = "burnt",     [RECEIPT_EXPIRED] = "expired",
    [RECEIPT_LOCKED] = "locked",
};

const char *
receipt_event_name(enum receipt_event_kind kind) {
    return event_names[kind];
}

const char *
receipt_state_name(enum receipt_state state) {
    return state_names[state];
}

static int
by_time(const void *a, const void *b) {
    const struct receipt_event *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

/* The events of one lease: its opening, and its end if that has come by itself. */
static size_t
lease_events(const struct record *r, const struct lease *l, int64_t now,
             struct receipt_event *out) {
    int64_t at = 0;
    enum lease_end end = policy_lease_end(r, l, now, &at);
    out[0] = (struct receipt_event){RECEIPT_EVENT_OPENED, l->opened_at};
    if (end != LEASE_CONFIRMED && end != LEASE_LAPSED) return 1; /* a burn is told once for all */
    out[1] = (struct receipt_event){
        end == LEASE_CONFIRMED ? RECEIPT_EVENT_CONFIRMED : RECEIPT_EVENT_LAPSED, at};
    return 2;
}

/* How the whole secret ended, if it did otherwise than by its views. */
static size_t
end_event(const struct record *r, int64_t now, struct receipt_event *out) {
    int64_t at;
    switch (policy_receipt_state(r, now)) {
    case RECEIPT_LOCKED: *out = (struct receipt_event){RECEIPT_EVENT_LOCKED, r->ended_at}; return 1;
    case RECEIPT_BURNT:
        *out = (struct receipt_event){r->burnt_by_owner ? RECEIPT_EVENT_BURNT_BY_OWNER
                                                        : RECEIPT_EVENT_BURNT_BY_OPENER,
                                      r->ended_at};
        return 1;
    case RECEIPT_EXPIRED:
        at = r->phase == PHASE_UPLOADING ? policy_upload_ends(r) : r->expires_at;
        *out = (struct receipt_event){RECEIPT_EVENT_EXPIRED, at};
        return 1;
    case RECEIPT_UPLOADING:
    case RECEIPT_WAITING:
    case RECEIPT_OPENED:
    case RECEIPT_USED_UP: break;
    }
    return 0;
}

size_t
receipt_events(const struct record *r, int64_t now,
               struct receipt_event out[static RECEIPT_EVENTS_MAX]) {
    size_t n = 0;
    out[n++] = (struct receipt_event){RECEIPT_EVENT_CREATED, r->created_at};
    for (size_t i = 0; i < r->lease_count && i < RECORD_VIEWS_MAX; i++)
        n += lease_events(r, &r->leases[i], now, out + n);
    n += end_event(r, now, out + n);
    qsort(out, n, sizeof(*out), by_time);
    return n;
}
