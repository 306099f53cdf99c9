/* SPDX-License-Identifier: MIT */
#ifndef CLI_LOCAL_NFC_H
#define CLI_LOCAL_NFC_H

#include "base/buf.h"

/*
 * Normalise the UTF-8 text ${text} to Unicode normalisation form C, so that a passphrase is the
 * same bytes on every keyboard and system.  Returns 0; ERR_INVALID if it is not UTF-8;
 * ERR_TOO_LARGE or ERR_NOMEM.
 */
MUST_CHECK
int nfc_normalise(struct buf *text);

#endif
