/* SPDX-License-Identifier: MIT */
/* Records in the situations that the rules tell apart, for tests of the policy. */
#ifndef POLICY_SCENES_H
#define POLICY_SCENES_H

#include "store_kit.h"

/* All begin at KIT_T0. */
enum policy_scene {
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
    SCENES,
};

/* The record of that scene.  Clear it with record_clear(). */
struct record policy_scene(enum policy_scene which);

/* Its name, for messages. */
const char *policy_scene_name(enum policy_scene which);

/* Let ${kind} with these numbers for hash and proof (kit_hash) come to ${r} at ${now}.  Returns the
 * verdict, which ${e} has as well. */
enum verdict policy_try(struct record *r, enum change_kind kind, int64_t now, unsigned hash,
                        unsigned proof, struct effect *e);

#endif
