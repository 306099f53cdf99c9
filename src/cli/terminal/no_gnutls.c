/* SPDX-License-Identifier: MIT */
/*
 * libcurl brings GnuTLS along for protocols that this program never speaks.  This function stands
 * in front of GnuTLS's own, so that it is loaded but not started: that saves memory and time.
 */
#include "base/compiler.h"

__attribute__((visibility("default"))) int _gnutls_global_init_skip(void);

/* GnuTLS asks this when it is loaded: do not start. */
int
_gnutls_global_init_skip(void) {
    return 1;
}
