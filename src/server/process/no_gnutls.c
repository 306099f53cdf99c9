/* SPDX-License-Identifier: MIT */
/*
 * Keeps GnuTLS from starting.  libmicrohttpd loads it, although this server never speaks TLS itself
 * (a reverse proxy does).  These two functions replace those of GnuTLS, which saves memory and time
 * at the start.
 */
#include "base/compiler.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int _gnutls_global_init_skip(void);
EXPORT int gnutls_global_init(void);

/* GnuTLS calls this when it is loaded; 1 means: do not start. */
int
_gnutls_global_init_skip(void) {
    return 1;
}

/* libmicrohttpd calls this when it is loaded; 0 means: done. */
int
gnutls_global_init(void) {
    return 0;
}
