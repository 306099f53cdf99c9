/* SPDX-License-Identifier: MIT */
/*
 * Error codes.  A function that can fail returns 0, or a documented positive result, on success and
 * one of these negative codes on failure.  That something is absent is a result and no error: a
 * function that looks something up returns 1 if it found it, 0 if it is absent, and a negative code
 * if it failed.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/compiler.h"

/* X(name, text) */
#define ERR_LIST(X)                                                                                \
    X(NOMEM, "out of memory")                                                                      \
    X(INVALID, "malformed input")                                                                  \
    X(TOO_LARGE, "larger than its limit")                                                          \
    X(CRYPTO, "the cryptographic library failed")                                                  \
    X(TAG, "the tag does not verify: wrong key or damaged data")                                   \
    X(BUSY, "too much work is waiting")                                                            \
    X(FULL, "no space is left for more content")                                                   \
    X(STORE, "the store failed; nothing was changed")                                              \
    X(STUCK, "the store does not respond in time")                                                 \
    X(UNKNOWN_OUTCOME, "the store may or may not have made the change")                            \
    X(CONFLICT, "something else is stored there already")                                          \
    X(IO, "input or output failed")                                                                \
    X(CONFIG, "a setting is not understood")                                                       \
    X(NO_LOCK, "files cannot be locked there")

enum err_index {
    ERR_INDEX_NONE,
#define X(name, text) ERR_INDEX_##name,
    ERR_LIST(X)
#undef X
};

enum err {
#define X(name, text) ERR_##name = -ERR_INDEX_##name,
    ERR_LIST(X)
#undef X
};

/*
 * Return the text of error code ${err}, a constant string without a full stop.  It is "no error"
 * for a value that is not negative, and "unknown error" for a negative value that is not in
 * ERR_LIST.
 */
const char *err_text(int err);

#endif
