/* SPDX-License-Identifier: MIT */
/*
 * Writes one sealed envelope, in constant memory.  A sealer draws its own salt and goes forward
 * only, so no chunk number is ever used twice under one key.  Whoever may have to send a chunk
 * again keeps the sealed bytes until they are acknowledged; there is no other way to get them.
 */
#ifndef CRYPTO_ENVELOPE_SEALER_H
#define CRYPTO_ENVELOPE_SEALER_H

#include "base/random.h"
#include "crypto/envelope/envelope.h"

struct envelope_sealer;

/* As the size in the metadata of envelope_sealer_new(): known only at the end. */
#define ENVELOPE_SIZE_UNKNOWN UINT64_MAX

/*
 * Begin an envelope: draw a salt from ${random}, derive at ${cost} in ${arena} from the secret
 * input.  ${meta} is copied; nothing else is needed after the call but ${sink} and ${ctx}.  On 0
 * the caller frees ${*out} with envelope_sealer_free(); it is NULL otherwise: ERR_INVALID for a
 * cost that readers refuse, ERR_TOO_LARGE if the arena is too small or the content too long,
 * ERR_NOMEM or ERR_CRYPTO.
 *
 * With a size of ENVELOPE_SIZE_UNKNOWN the content ends where envelope_sealer_end() is called.  The
 * first chunk tells the size, so it is kept until then and goes to the sink behind all others.
 */
MUST_CHECK
int envelope_sealer_new(struct envelope_sealer **out, const struct random *random,
                        struct kdf_arena *arena, struct kdf_params cost, const void *secret,
                        size_t secret_len, const struct envelope_meta *meta, envelope_sink sink,
                        void *ctx);

/* Header, access and verifier of the envelope, as long as ${s} lives. */
const struct envelope_keys *envelope_sealer_keys(const struct envelope_sealer *s);

/* The length of the whole envelope; 0 as long as that is unknown. */
uint64_t envelope_sealer_size(const struct envelope_sealer *s);

/*
 * Take the next ${len} bytes of content, any number.  Full chunks go to the sink with their offset
 * in the envelope, in order, the header before the first.  Returns 0; ERR_TOO_LARGE for more
 * content than the metadata announced, or than any envelope holds; ERR_CRYPTO; or what the sink
 * returned.  After an error every further call fails.
 */
MUST_CHECK
int envelope_sealer_add(struct envelope_sealer *s, const void *content, size_t len);

/*
 * Pad, and give the rest to the sink.  The chunk that makes the envelope whole is sealed here and
 * not before, so that a caller who finds its source changed can still leave it unfinished.  Returns
 * 0; ERR_INVALID if less content came than was announced; or as envelope_sealer_add().
 */
MUST_CHECK
int envelope_sealer_end(struct envelope_sealer *s);

/* Wipe and release ${s}; NULL is allowed. */
void envelope_sealer_free(struct envelope_sealer *s);

#endif
