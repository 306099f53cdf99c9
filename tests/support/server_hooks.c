/* SPDX-License-Identifier: MIT */
/*
 * What the test server (build/tests/server/secretsd) does differently from secretsd.  It is linked
 * with -Wl,--wrap for the functions below, so that the production sources know nothing of it.
 */
#include <sys/prctl.h>

#include "base/err.h"
#include "racy.h"
#include "server/http/budget.h"
#include "server/process/process.h"
#include "server/stores.h"

int __real_process_harden(void);
int __wrap_process_harden(void);
int __real_stores_open(const struct settings *s, struct stores *out, struct buf *reason);
int __wrap_stores_open(const struct settings *s, struct stores *out, struct buf *reason);

bool __real_budget_take(struct budget *b, const struct http_address *client, size_t amount,
                        bool forced);
bool __wrap_budget_take(struct budget *b, const struct http_address *client, size_t amount,
                        bool forced);

/* With TEST_UNBOUNDED=1 budgets count and refuse nothing. */
bool
__wrap_budget_take(struct budget *b, const struct http_address *client, size_t amount,
                   bool forced) {
    const char *unbounded = getenv("TEST_UNBOUNDED");
    if (unbounded != NULL && strcmp(unbounded, "1") == 0) forced = true;
    return __real_budget_take(b, client, amount, forced);
}

/* Tests that search memory for secrets need a process whose memory can be read. */
int
__wrap_process_harden(void) {
    int err = __real_process_harden();
    if (err == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) err = ERR_IO;
    return err;
}

/* With TEST_RACY=1 the store claims by reading first and writing later. */
int
__wrap_stores_open(const struct settings *s, struct stores *out, struct buf *reason) {
    int err = __real_stores_open(s, out, reason);
    const char *racy = getenv("TEST_RACY");
    if (err == 0 && racy != NULL && strcmp(racy, "1") == 0) racy_make(out->store);
    return err;
}
