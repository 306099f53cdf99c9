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
    [RECEIPT_LOCKED] = "locked",       [RECEIPT_REMOVED] = "removed",
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
compare_events(const void *a, const void *b) {
    const struct receipt_event *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

/* The events of one lease: its opening, and its end unless that was a burn. */
static size_t
lease_events(const struct record *r, const struct lease *l, int64_t now,
             struct receipt_event *out) {
    int64_t at = 0;

    enum lease_end end = policy_lease_end(r, l, now, &at);
    out[0] = (struct receipt_event){RECEIPT_EVENT_OPENED, l->opened_at};

    /* A burn ends all leases, and is one event of the secret. */
    switch (end) {
    case LEASE_CONFIRMED: out[1] = (struct receipt_event){RECEIPT_EVENT_CONFIRMED, at}; return 2;
    case LEASE_LAPSED: out[1] = (struct receipt_event){RECEIPT_EVENT_LAPSED, at}; return 2;
    case LEASE_LIVE:
    case LEASE_BURNT: break;
    }
    return 1;
}

/* The event that ended the secret, unless its views were used up. */
static size_t
end_event(const struct record *r, int64_t now, struct receipt_event *out) {
    int64_t at;

    switch (policy_receipt_state(r, now)) {
    /* Locked, burnt or removed: the record has the time. */
    case RECEIPT_LOCKED: *out = (struct receipt_event){RECEIPT_EVENT_LOCKED, r->ended_at}; return 1;
    case RECEIPT_BURNT:
        *out = (struct receipt_event){RECEIPT_EVENT_BURNT_BY_OPENER, r->ended_at};
        if (r->burnt_by == BURNT_BY_OWNER) out->kind = RECEIPT_EVENT_BURNT_BY_OWNER;
        return 1;

    case RECEIPT_REMOVED:
        *out = (struct receipt_event){RECEIPT_EVENT_REMOVED, r->ended_at};
        return 1;

    /* Expired: the policy knows the time. */
    case RECEIPT_EXPIRED:
        at = r->expires_at;
        if (r->phase == PHASE_UPLOADING) at = policy_upload_ends(r);
        *out = (struct receipt_event){RECEIPT_EVENT_EXPIRED, at};
        return 1;

    case RECEIPT_UPLOADING:
    case RECEIPT_WAITING:
    case RECEIPT_OPENED:
    case RECEIPT_USED_UP:
    case RECEIPT_STATES: break;
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

    qsort(out, n, sizeof(*out), compare_events);
    return n;
}
