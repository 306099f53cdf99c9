/* SPDX-License-Identifier: MIT */
/* Requests and answers to store, for tests of stores and of the policy (store_samples.h). */
#ifndef REQUEST_SAMPLES_H
#define REQUEST_SAMPLES_H

#include "store_samples.h"

enum { SAMPLE_REQUEST_TTL = 1000, SAMPLE_ANSWER_TTL = 5000 };

/* A request for ${answers}, made at SAMPLE_T0, whose owner is SAMPLE_OWNER. */
struct record sample_request(int answers);

/* An answer to ${request}: inline, or in ${parts} parts of which none is there. */
struct record sample_answer(const struct store_ref *request, uint32_t parts);

/* Count ${answer} in ${request} at ${now}.  The test fails if it is not decided. */
enum verdict sample_count(struct store *s, const struct store_ref *request,
                          const struct store_ref *answer, int64_t now);

/* Complete ${answer} with a wrap of ${len} bytes of ${fill}, or none if ${len} is 0, without its
 * request.  The test fails if it is not decided. */
enum verdict sample_complete(struct store *s, const struct store_ref *answer, int64_t now,
                             size_t len, uint8_t fill);

/* Do both, in one step if the store has one for it.  Otherwise each step is repeated up to
 * ${retries} times while it fails.  Returns the first verdict that is not OK. */
enum verdict sample_answer_whole(struct store *s, const struct store_ref *request,
                                 const struct store_ref *answer, int64_t now, int retries);

/* Whether ${answer} has a wrap of ${len} bytes of ${fill}. */
bool sample_wrap_is(struct store *s, const struct store_ref *answer, size_t len, uint8_t fill);

#endif
