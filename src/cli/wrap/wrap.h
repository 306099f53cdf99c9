/* SPDX-License-Identifier: MIT */
/*
 * Wraps: the passphrase of a secret, encrypted to the keys of its recipients (docs/FORMAT.md,
 * "Wraps").  X25519 keys are handled here, and other kinds by the program age.  Main thread.
 */
#ifndef CLI_WRAP_WRAP_H
#define CLI_WRAP_WRAP_H

#include "cli/wrap/recipients.h"

enum { WRAP_PASSPHRASE_LEN = TOKEN_LINK_KEY_LEN }; /* of [A-Za-z0-9] */

/* Encrypt ${passphrase} to ${r} and append the wrap to ${out}, whose limit is AGE_FILE_MAX.
 * Returns CLI_DONE, or another status after printing an error. */
MUST_CHECK
enum cli_exit wrap_seal(struct cli *cli, const struct recipients *r, const struct buf *passphrase,
                        struct buf *out);

/* Decrypt ${wrap} with the identities in the file ${path} into ${out}, whatever it holds.  Returns
 * as wrap_open(). */
MUST_CHECK
enum cli_exit wrap_decrypt(const char *path, const struct buf *wrap, struct buf *out);

/*
 * Decrypt ${wrap} with the identities in the file ${path} and put the passphrase into ${out}.
 * Returns CLI_DONE; or, with ${out} empty and after printing an error, CLI_WRONG if it is for none
 * of them, CLI_DAMAGED if it is not what a wrap has to be, or another status.
 */
MUST_CHECK
enum cli_exit wrap_open(const char *path, const struct buf *wrap, struct buf *out);

/*
 * Fetch the wrap of the secret ${link}, whose envelope has ${header}, and decrypt it with the
 * identities of --identity into ${out}.  ${wrapped} says whether the server has a wrap.  Returns as
 * wrap_open().
 */
MUST_CHECK
enum cli_exit wrap_unlock(struct cli *cli, const struct link *link,
                          const uint8_t header[static ENVELOPE_HEADER_LEN], bool wrapped,
                          struct buf *out);

#endif
