/* SPDX-License-Identifier: MIT */
/* The groups that store_contract_run() is made of. */
#ifndef STORE_CONTRACT_CASES_H
#define STORE_CONTRACT_CASES_H

#include "store_contract.h"

/* The factory of this run. */
extern const struct store_factory *store_contract_factory;

/* Check that ${s} counts ${want} bytes, or none if it is not on this machine. */
void store_contract_usage(struct store *s, uint64_t want);

/* Uploads, sweeping, time and restarts; wraps; opens; races.  Each returns the number of cases that
 * failed. */
int store_contract_run_life(int (*setup)(void **state), int (*teardown)(void **state));
int store_contract_run_wraps(int (*setup)(void **state), int (*teardown)(void **state));
int store_contract_run_opens(int (*setup)(void **state), int (*teardown)(void **state));
int store_contract_run_requests(int (*setup)(void **state), int (*teardown)(void **state));
int store_contract_run_races(int (*setup)(void **state), int (*teardown)(void **state));

#endif
