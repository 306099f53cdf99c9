/* SPDX-License-Identifier: MIT */
/*
 * What the test server (build/tests/server/secretsd) does differently from secretsd.  It is linked
 * with -Wl,--wrap for the functions below, so that the production sources know nothing of it.
 */
#include <stdatomic.h>
#include <sys/prctl.h>

#include "api/upload_limits.h"
#include "base/err.h"
#include "base/job_queue.h"
#include "crypto/kdf/lanes.h"
#include "crypto/kdf/turns.h"
#include "http/rate.h"
#include "http/storage_shares.h"
#include "racy.h"
#include "server/http/daemon.h"
#include "server/process/process.h"
#include "server/stores.h"
#include "store/sqlite/events.h"

int __real_process_harden(void);
int __wrap_process_harden(void);
int __real_stores_open(const struct settings *s, struct stores *out, struct buf *reason);
int __wrap_stores_open(const struct settings *s, struct stores *out, struct buf *reason);

int __real_sqlite_events_changed(struct sqlite_tx *tx, const struct store_ref *ref,
                                 const struct record *before, const struct record *after,
                                 const struct effect *effect, const struct actor *by, int64_t at);
int __wrap_sqlite_events_changed(struct sqlite_tx *tx, const struct store_ref *ref,
                                 const struct record *before, const struct record *after,
                                 const struct effect *effect, const struct actor *by, int64_t at);
void __real_sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes,
                                  const struct sqlite_chain *chain);
void __wrap_sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes,
                                  const struct sqlite_chain *chain);

struct daemon *__real_daemon_start(const struct daemon_config *config);
struct daemon *__wrap_daemon_start(const struct daemon_config *config);
const struct lanes_path *__real_lanes_path(unsigned index);
const struct lanes_path *__wrap_lanes_path(unsigned index);
int __real_job_queue_add(struct job_queue *q, struct job *job, const struct party *client);
int __wrap_job_queue_add(struct job_queue *q, struct job *job, const struct party *client);
int __real_turns_enter(struct turns *t, const struct party *client);
int __wrap_turns_enter(struct turns *t, const struct party *client);
int __real_storage_shares_take(struct storage_shares *s, const uint8_t key[static 16],
                               uint64_t bytes, int64_t ttl, struct storage_level level,
                               int64_t now);
int __wrap_storage_shares_take(struct storage_shares *s, const uint8_t key[static 16],
                               uint64_t bytes, int64_t ttl, struct storage_level level,
                               int64_t now);
int __real_storage_shares_check(struct storage_shares *s, const uint8_t key[static 16],
                                uint64_t bytes, struct storage_level level, int64_t now);
int __wrap_storage_shares_check(struct storage_shares *s, const uint8_t key[static 16],
                                uint64_t bytes, struct storage_level level, int64_t now);
uint64_t __real_upload_limits_begin(struct upload_limits *u, const uint8_t key[static 16],
                                    int64_t ttl, int64_t now_ms);
uint64_t __wrap_upload_limits_begin(struct upload_limits *u, const uint8_t key[static 16],
                                    int64_t ttl, int64_t now_ms);
uint32_t __real_rate_take(struct rate *r, const uint8_t key[static 16], int64_t now_ms);
uint32_t __wrap_rate_take(struct rate *r, const uint8_t key[static 16], int64_t now_ms);
uint32_t __real_rate_wait(struct rate *r, const uint8_t key[static 16], int64_t now_ms);
uint32_t __wrap_rate_wait(struct rate *r, const uint8_t key[static 16], int64_t now_ms);
void __real_http_address_group(const struct http_address *a, uint8_t key[static 16]);
void __wrap_http_address_group(const struct http_address *a, uint8_t key[static 16]);

/* Whether TEST_UNSHARED, a list of words between commas, names ${resource}: that resource has no
 * limit for one client, only the limit for all together. */
static bool
is_unshared(const char *resource) {
    const char *at = getenv("TEST_UNSHARED");
    size_t len = strlen(resource);
    for (; at != NULL && *at != '\0'; at += *at == ',') {
        size_t word = strcspn(at, ",");
        if (word == len && strncmp(at, resource, len) == 0) return true;
        at += word;
    }
    return false;
}

/* Write a key that no client had before to ${key}. */
static void
make_new_key(uint8_t key[static 16]) {
    static atomic_uint_fast64_t last;
    uint64_t number = atomic_fetch_add(&last, 1);
    memset(key, 0xA5, 16);
    memcpy(key, &number, sizeof(number));
}

static void
lift_shares(struct budget_limits *l) {
    l->client = l->network = (struct budget_share){.most = l->total, .scarce = l->total};
}

struct daemon *
__wrap_daemon_start(const struct daemon_config *config) {
    struct daemon_config c = *config;
    if (is_unshared("connections")) lift_shares(&c.connections);
    if (is_unshared("bodies")) lift_shares(&c.bodies);
    if (is_unshared("responses")) lift_shares(&c.responses);
    if (is_unshared("parts")) lift_shares(&c.downloads);
    if (is_unshared("refusals")) lift_shares(&c.lingering);
    if (is_unshared("metrics")) c.oldest_gives_way = false;
    return __real_daemon_start(&c);
}

/* With TEST_KDF_PATH keys are derived by that path only, or by libscrypt-kdf if no path has that
 * name. */
const struct lanes_path *
__wrap_lanes_path(unsigned index) {
    const char *name = getenv("TEST_KDF_PATH");
    const struct lanes_path *path = NULL;
    if (name == NULL) return __real_lanes_path(index);

    for (unsigned i = 0; index == 0 && (path = __real_lanes_path(i)) != NULL; i++)
        if (strcmp(lanes_name(path), name) == 0) return path;
    return NULL;
}

int
__wrap_turns_enter(struct turns *t, const struct party *client) {
    struct party other = *client;
    if (is_unshared("derivations")) make_new_key(other.network);
    return __real_turns_enter(t, &other);
}

int
__wrap_job_queue_add(struct job_queue *q, struct job *job, const struct party *client) {
    return __real_job_queue_add(q, job, is_unshared("workers") ? NULL : client);
}

int
__wrap_storage_shares_take(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                           int64_t ttl, struct storage_level level, int64_t now) {
    if (is_unshared("storage")) return 0;
    return __real_storage_shares_take(s, key, bytes, ttl, level, now);
}

int
__wrap_storage_shares_check(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                            struct storage_level level, int64_t now) {
    if (is_unshared("storage")) return 0;
    return __real_storage_shares_check(s, key, bytes, level, now);
}

uint64_t
__wrap_upload_limits_begin(struct upload_limits *u, const uint8_t key[static 16], int64_t ttl,
                           int64_t now_ms) {
    uint8_t other[16];
    memcpy(other, key, sizeof(other));
    if (is_unshared("uploads")) make_new_key(other);
    return __real_upload_limits_begin(u, other, ttl, now_ms);
}

uint32_t
__wrap_rate_take(struct rate *r, const uint8_t key[static 16], int64_t now_ms) {
    return is_unshared("rates") ? 0 : __real_rate_take(r, key, now_ms);
}

uint32_t
__wrap_rate_wait(struct rate *r, const uint8_t key[static 16], int64_t now_ms) {
    return is_unshared("rates") ? 0 : __real_rate_wait(r, key, now_ms);
}

/* Each address is a client of its own. */
void
__wrap_http_address_group(const struct http_address *a, uint8_t key[static 16]) {
    if (is_unshared("addresses")) memcpy(key, a->bytes, 16);
    else __real_http_address_group(a, key);
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

/* With TEST_LATE_EVENTS=1 the events of changes are written in a commit after that of the changes.
 * The writer's thread calls both functions. */
static struct late_event {
    struct store_ref ref;
    struct record before, after; /* without leases */
    struct effect effect;
    struct actor by;
    int64_t at;
} late_events[512];
static int late_count;

int
__wrap_sqlite_events_changed(struct sqlite_tx *tx, const struct store_ref *ref,
                             const struct record *before, const struct record *after,
                             const struct effect *effect, const struct actor *by, int64_t at) {
    const char *late = getenv("TEST_LATE_EVENTS");
    if (late == NULL || late_count == (int)ARRAY_LEN(late_events))
        return __real_sqlite_events_changed(tx, ref, before, after, effect, by, at);
    late_events[late_count++] = (struct late_event){*ref, *before, *after, *effect, *by, at};
    return 0;
}

void
__wrap_sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes,
                             const struct sqlite_chain *chain) {
    struct sqlite_tx tx = {.writer = (struct sqlite_writer *)c, .db = &c->db, .chain = *chain};
    int rc = 0;
    __real_sqlite_conn_committed(c, high, bytes, chain);
    if (late_count == 0) return;

    rc |= sqlite_db_run(&c->db, SQL_BEGIN);
    for (int i = 0; i < late_count; i++) {
        struct late_event *e = &late_events[i];
        rc |= __real_sqlite_events_changed(&tx, &e->ref, &e->before, &e->after, &e->effect, &e->by,
                                           e->at);
    }
    late_count = 0;
    rc |= sqlite_db_run(&c->db, SQL_COMMIT);
    if (rc == 0) __real_sqlite_conn_committed(c, high, bytes, &tx.chain);
}
