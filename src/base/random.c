/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

static void
random_system_fill(void *ctx, void *out, size_t len) {
    (void)ctx;
    uint8_t *to = out;
    while (len > 0) {
        ssize_t n = getrandom(to, len, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) abort();
        to += n;
        len -= (size_t)n;
    }
}

const struct random random_system = {.fill = random_system_fill, .ctx = NULL};

void
random_fill(const struct random *r, void *out, size_t len) {
    r->fill(r->ctx, out, len);
}

uint32_t
random_below(const struct random *r, uint32_t bound) {
    uint32_t v, limit = UINT32_MAX - UINT32_MAX % bound;
    do
        random_fill(r, &v, sizeof(v));
    while (v >= limit);
    return v % bound;
}
