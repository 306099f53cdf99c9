/* SPDX-License-Identifier: MIT */
/*
 * The receipt of a secret, derived from its record.  Pure functions of record and time.
 */
#ifndef API_RECEIPT_H
#define API_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

#include "vault/policy.h"

/* X(NAME, "wire name"), in the order of events of the same second. */
#define RECEIPT_EVENT_LIST(X)                                                                      \
    X(CREATED, "created")                                                                          \
    X(OPENED, "opened")                                                                            \
    X(CONFIRMED, "confirmed")                                                                      \
    X(LAPSED, "lapsed")                                                                            \
    X(LOCKED, "locked")                                                                            \
    X(BURNT_BY_OWNER, "burnt_by_owner")                                                            \
    X(BURNT_BY_OPENER, "burnt_by_opener")                                                          \
    X(REMOVED, "removed")                                                                          \
    X(EXPIRED, "expired")

enum receipt_event_kind {
#define X(name, wire) RECEIPT_EVENT_##name,
    RECEIPT_EVENT_LIST(X)
#undef X
};

struct receipt_event {
    enum receipt_event_kind kind;
    int64_t at; /* seconds since 1970-01-01 UTC */
};

enum { RECEIPT_EVENTS_MAX = 3 + 2 * RECORD_VIEWS_MAX };

/* The wire name of an event, and of a state. */
const char *receipt_event_name(enum receipt_event_kind kind);
const char *receipt_state_name(enum receipt_state state);

/* Fill ${out} with the events of ${r} up to ${now}, oldest first.  Returns their number. */
size_t receipt_events(const struct record *r, int64_t now,
                      struct receipt_event out[static RECEIPT_EVENTS_MAX]);

#endif
