/* SPDX-License-Identifier: MIT */
/*
 * libcurl links GnuTLS for protocols that this program never uses.  This function overrides
 * GnuTLS's own, so that GnuTLS is loaded but not initialised, which saves memory and time.
 */
#include "base/compiler.h"

__attribute__((visibility("default"))) int _gnutls_global_init_skip(void);

/* Called by GnuTLS when it is loaded; 1 skips its initialisation. */
int
_gnutls_global_init_skip(void) {
    return 1;
}
