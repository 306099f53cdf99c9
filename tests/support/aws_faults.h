/* SPDX-License-Identifier: MIT */
/*
 * The stores in AWS behind proxies that refuse, lose, cut and delay requests by a schedule
 * (tests/system/support/aws/fault-proxy.mjs), for one test at a time.
 */
#ifndef AWS_FAULTS_H
#define AWS_FAULTS_H

#include <jansson.h>

#include "vault/blobs.h"
#include "vault/store.h"

struct aws_standins;

/* Set by aws_faults_start(). */
struct aws_faults {
    struct aws_standins *standins;
    struct store *store;
    struct blobs *blobs;
    char table[64], bucket[64];
    json_t *kinds; /* what was left behind, and how often */
};

/* Start the stand-ins, and open a table and a bucket through the proxies.  Returns 0 or -1. */
int aws_faults_start(struct aws_faults *f);

/* Print what was left behind and which faults there were, and close everything. */
void aws_faults_stop(struct aws_faults *f);

/* From now on the share ${rate} of the requests meets a fault; ${seed} says which. */
void aws_faults_begin(struct aws_faults *f, unsigned seed, double rate);

/* End the faults, and wait for what is still on its way. */
void aws_faults_clear(struct aws_faults *f);

/* Let ${requests} more requests through, then none, until aws_faults_clear(). */
void aws_faults_die_after(struct aws_faults *f, int requests);

/* Whether every condition of a write holds from now on, whatever the item is. */
void aws_faults_unconditional(struct aws_faults *f, bool on);

/* What is in the table and the bucket, sorted; a new reference.  Empties both. */
json_t *aws_faults_take_leftovers(struct aws_faults *f);

/* Sort what the schedule of ${seed} left, which must be of the permitted kinds
 * (tests/system/support/aws/leftovers.mjs).  Empties table and bucket. */
void aws_faults_check_leftovers(struct aws_faults *f, unsigned seed);

#endif
