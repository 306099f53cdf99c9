/* SPDX-License-Identifier: MIT */
/*
 * Opens one sealed envelope in constant memory.  Each chunk of the content is released after its
 * tag verified.  The content is complete only after envelope_opener_end() returned ENVELOPE_OK.
 * One thread at a time.
 */
#ifndef CRYPTO_ENVELOPE_OPENER_H
#define CRYPTO_ENVELOPE_OPENER_H

#include "crypto/envelope/envelope.h"

struct envelope_opener;

/*
 * Return a new opener for ${keys} of envelope_derive(), which are copied.  ${sink} receives the
 * content in order, with offsets in the content.  The caller frees the opener with
 * envelope_opener_free().  Returns NULL if memory is short.
 */
struct envelope_opener *envelope_opener_new(const struct envelope_keys *keys, envelope_sink sink,
                                            void *ctx);

/*
 * Read the next ${len} bytes (any number) of the envelope.  The first 32 must be the header that
 * the keys were derived for.  A chunk is opened when the byte after it, or the end, shows whether
 * it is the last one.  Returns an envelope_verdict; ERR_CRYPTO; or the error of the sink, which
 * should be negative.  After a failure every call returns the same.
 */
MUST_CHECK
int envelope_opener_add(struct envelope_opener *o, const void *sealed, size_t len);

/* The same, and what is opened may overwrite ${sealed}, which the caller then wipes. */
MUST_CHECK
int envelope_opener_add_in_place(struct envelope_opener *o, void *sealed, size_t len);

/*
 * End the envelope: open the last chunk and check that nothing is missing.  Returns as
 * envelope_opener_add().  Only ENVELOPE_OK means that the whole content was released.
 */
MUST_CHECK
int envelope_opener_end(struct envelope_opener *o);

/* Return the metadata, which is known before the first content is released, or NULL before that. */
const struct envelope_meta *envelope_opener_meta(const struct envelope_opener *o);

/* Return the number of chunks that verified.  The bytes before envelope_chunk_offset() of it are
 * not needed again. */
uint64_t envelope_opener_chunks(const struct envelope_opener *o);

/*
 * Return the largest chunk number at which a download can resume if the first ${have} bytes of
 * content were verified and written before, and set ${*content} to how many of them precede that
 * chunk.  0 means from the start.  Requires the metadata.
 */
uint64_t envelope_opener_resume_point(const struct envelope_opener *o, uint64_t have,
                                      uint64_t *content);

/*
 * Resume at chunk ${number}: the next byte is the one at envelope_chunk_offset(number).  The caller
 * guarantees that the chunks in between verified before.  Requires the metadata, so the first chunk
 * has to be read again, which releases its content again.  Returns 0; ERR_INVALID without metadata,
 * for a chunk that was opened already, or for a chunk after the content.
 */
MUST_CHECK
int envelope_opener_resume(struct envelope_opener *o, uint64_t number);

/* Wipe and free ${o}.  NULL is allowed. */
void envelope_opener_free(struct envelope_opener *o);

#endif
