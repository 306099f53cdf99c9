/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd brings GnuTLS along and starts it with the process, although this server never
 * speaks TLS by itself (a server in front does).  These two functions stand in front of GnuTLS's
 * own, so that it is loaded but not started: that saves memory, and time at the start.
 */
#include "base/compiler.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int _gnutls_global_init_skip(void);
EXPORT int gnutls_global_init(void);

/* GnuTLS asks this when it is loaded: do not start. */
int
_gnutls_global_init_skip(void) {
    return 1;
}

/* libmicrohttpd calls this when it is loaded: done. */
int
gnutls_global_init(void) {
    return 0;
}
