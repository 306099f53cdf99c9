/* SPDX-License-Identifier: MIT */
/*
 * Reads one sealed envelope, in constant memory.  Content is released chunk by chunk, each only
 * after its tag verified; the whole is genuine only once envelope_opener_end() said so.
 */
#ifndef CRYPTO_ENVELOPE_OPENER_H
#define CRYPTO_ENVELOPE_OPENER_H

#include "crypto/envelope/envelope.h"

struct envelope_opener;

/*
 * An opener under ${keys}, which are copied (see envelope_derive()).  Content goes to ${sink} with
 * its offset in the content, in order.  Returns NULL if memory is short.
 */
struct envelope_opener *envelope_opener_new(const struct envelope_keys *keys, envelope_sink sink,
                                            void *ctx);

/*
 * Take the next ${len} bytes of the envelope, any number; the first 32 must be the header that the
 * keys were derived for.  A chunk is opened once the byte behind it, or the end, tells whether it
 * is the last.  Returns an envelope_verdict; ERR_CRYPTO; or what the sink returned (which should be
 * negative).  After a failure every further call gives the same.
 */
MUST_CHECK
int envelope_opener_add(struct envelope_opener *o, const void *sealed, size_t len);

/*
 * No more bytes come: open the last chunk and check that everything was there.  Returns as
 * envelope_opener_add(); only ENVELOPE_OK means that what was released is the whole content.
 */
MUST_CHECK
int envelope_opener_end(struct envelope_opener *o);

/* The metadata, known before the first content is released; NULL until then. */
const struct envelope_meta *envelope_opener_meta(const struct envelope_opener *o);

/* Chunks that verified: the envelope's bytes up to envelope_chunk_offset() of it are done with. */
uint64_t envelope_opener_chunks(const struct envelope_opener *o);

/*
 * For a download that an earlier run began: the largest chunk number at which this one may go on if
 * the first ${have} bytes of content were verified and written, and in ${*content} how many of them
 * lie before that chunk.  0 means from the start.  Needs the metadata.
 */
uint64_t envelope_opener_resume_point(const struct envelope_opener *o, uint64_t have,
                                      uint64_t *content);

/*
 * Go on at chunk ${number}: the next byte that comes is that at envelope_chunk_offset(number).  The
 * chunks in between count as verified; the caller vouches for them.  Possible once the metadata is
 * known, so feed the envelope's beginning first (its content is released again).  Returns 0, or
 * ERR_INVALID without metadata or if that chunk was opened already or lies behind the content.
 */
MUST_CHECK
int envelope_opener_resume(struct envelope_opener *o, uint64_t number);

/* Wipe and release ${o}; NULL is allowed. */
void envelope_opener_free(struct envelope_opener *o);

#endif
