/* SPDX-License-Identifier: MIT */
/*
 * Writes one sealed envelope in constant memory.  A sealer draws its own salt and never goes back,
 * so no chunk number is used twice under one key.  A caller that may have to send a chunk again
 * keeps the sealed bytes until they are acknowledged, because they cannot be made again.  One
 * thread at a time.
 */
#ifndef CRYPTO_ENVELOPE_SEALER_H
#define CRYPTO_ENVELOPE_SEALER_H

#include "base/random.h"
#include "crypto/envelope/envelope.h"

struct envelope_sealer;

/* As size in the metadata for envelope_sealer_new(): the size is known only at the end. */
#define ENVELOPE_SIZE_UNKNOWN UINT64_MAX

/*
 * Begin an envelope: draw a salt from ${random} and derive the keys at ${cost} in ${arena} from the
 * secret input ${secret}.  ${meta} is copied, and only ${sink} and ${ctx} are used after the call.
 * The caller frees ${*out} with envelope_sealer_free().  Returns 0; ERR_INVALID for a cost that
 * readers refuse; ERR_TOO_LARGE if the arena is too small or the content too long; ERR_NOMEM or
 * ERR_CRYPTO.  On error ${*out} is NULL.
 *
 * With a size of ENVELOPE_SIZE_UNKNOWN the content ends when envelope_sealer_end() is called.  The
 * first chunk contains the size, so it is kept until then and is the last one that the sink
 * receives.
 */
MUST_CHECK
int envelope_sealer_new(struct envelope_sealer **out, const struct random *random,
                        struct kdf_arena *arena, struct kdf_params cost, const void *secret,
                        size_t secret_len, const struct envelope_meta *meta, envelope_sink sink,
                        void *ctx);

/* Return the keys of the envelope, valid as long as ${s}. */
const struct envelope_keys *envelope_sealer_keys(const struct envelope_sealer *s);

/* Return the length of the envelope, or 0 while it is unknown. */
uint64_t envelope_sealer_size(const struct envelope_sealer *s);

/*
 * Add the next ${len} bytes (any number) of content.  The sink receives the header and then full
 * chunks in order, with offsets in the envelope.  Returns 0; ERR_TOO_LARGE for more content than
 * the metadata announced, or than an envelope can have; ERR_CRYPTO; or the error of the sink.
 * After an error every call fails.
 */
MUST_CHECK
int envelope_sealer_add(struct envelope_sealer *s, const void *content, size_t len);

/*
 * Pad the content and give the rest to the sink.  The chunk that completes the envelope is sealed
 * only here, so a caller that finds its source changed can still leave the envelope unfinished.
 * Returns 0; ERR_INVALID if the content is shorter than announced; or as envelope_sealer_add().
 */
MUST_CHECK
int envelope_sealer_end(struct envelope_sealer *s);

/* Wipe and free ${s}.  NULL is allowed. */
void envelope_sealer_free(struct envelope_sealer *s);

#endif
