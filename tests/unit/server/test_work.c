/* SPDX-License-Identifier: MIT */
/*
 * Creates whose response follows the commit of SQLite, while the disk hangs: the response waits
 * for the commit, a late store is given up, clients leave, and the server stops.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "api_fixture.h"
#include "base/clock.h"
#include "hook_vfs.h"
#include "scratch.h"
#include "server/http/daemon.h"
#include "store/sqlite/store.h"

enum {
    LONG_MS = 60 * 1000,
    MOMENT_MS = 200, /* for what must not happen */
    LATE_MS = 300,   /* for the store */
    QUEUE = 4,
    MEMORY = 1 << 20,
};

struct setup {
    struct api_fixture api;
    struct hooks hooks;
    char dir[SCRATCH_PATH_MAX];
    atomic_bool hangs;
    atomic_int waiting; /* syncs that hang */
    struct daemon *daemon;
    struct sockaddr_in at;
    int listening;
    char *body;
};

static int
hang_on_sync(void *ctx, enum hook_call call, enum hook_file file) {
    struct setup *s = ctx;
    (void)file;
    if (call != HOOK_SYNC) return SQLITE_OK;
    atomic_fetch_add(&s->waiting, 1);
    while (atomic_load(&s->hangs))
        (void)usleep(1000);
    atomic_fetch_sub(&s->waiting, 1);
    return SQLITE_OK;
}

static void
open_store(struct setup *s) {
    const struct sqlite_store_config config = {.dir = s->dir, .vfs = HOOK_VFS};
    struct vault *v = &s->api.vault;
    api_fixture_open(&s->api);
    v->store->ops->close(v->store);
    scratch_make_fast(s->dir);
    s->hooks = (struct hooks){.before = hang_on_sync, .ctx = s};
    hook_vfs_set(&s->hooks);
    assert_int_equal(sqlite_store_open(&config, &v->store), 0);
    s->body = api_fixture_create_body(
        (struct api_fixture_secret){.views = 1, .ttl = 3600, .size = 304, .inside = true});
}

static void
listen_somewhere(struct setup *s) {
    socklen_t len = sizeof(s->at);
    s->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listening, (struct sockaddr *)&s->at, sizeof(s->at)), 0);
    assert_int_equal(listen(s->listening, 100), 0);
    assert_int_equal(getsockname(s->listening, (struct sockaddr *)&s->at, &len), 0);
}

static void
start(struct setup *s, int store_ms) {
    static const struct http_trusted nobody;
    *s = (struct setup){0};
    open_store(s);
    listen_somewhere(s);
    const struct daemon_config config = {
        .name = "http",
        .listeners = {{.fd = s->listening, .port = ntohs(s->at.sin_port)}},
        .listener_count = 1,
        .api = &s->api.api,
        .trusted = &nobody,
        .io_threads = 2,
        .workers_max = 2,
        .queue_max = QUEUE,
        .store_ms = store_ms,
        .connections = budget_unshared(100),
        .kept_max = 100,
        .response_max = MEMORY,
        .bodies = budget_unshared(MEMORY),
        .responses = budget_unshared(MEMORY),
        .downloads = budget_unshared(MEMORY),
    };
    s->daemon = daemon_start(&config);
    assert_non_null(s->daemon);
}

/* Stop what was drained. */
static void
finish(struct setup *s) {
    daemon_stop(s->daemon);
    (void)close(s->listening);
    free(s->body);
    api_fixture_close(&s->api);
    hook_vfs_set(NULL);
    scratch_remove(s->dir);
}

static void
stop(struct setup *s) {
    assert_true(daemon_drain(s->daemon, LONG_MS));
    finish(s);
}

/* Connect and send a create, or ${path} if that is not NULL. */
static int
ask(const struct setup *s, const char *path) {
    char text[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&s->at, sizeof(s->at)), 0);
    if (path != NULL)
        (void)snprintf(text, sizeof(text),
                       "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    else
        (void)snprintf(text, sizeof(text),
                       "POST /api/v1/secrets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(s->body), s->body);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

/* Whether something comes on ${fd} within ${ms}. */
static bool
comes(int fd, int ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

/* Read the response from ${fd} and close it.  Returns whether it has ${status} and ${code}. */
static bool
responds(int fd, int status, const char *code) {
    char text[4096], line[32];
    size_t len = 0;
    (void)snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    while (len < sizeof(text) - 1 && comes(fd, LONG_MS)) {
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        if (n <= 0) break;
        len += (size_t)n;
    }
    text[len] = '\0';
    (void)close(fd);
    bool ok = strncmp(text, line, strlen(line)) == 0 && strstr(text, code) != NULL;
    if (!ok) print_error("not %d %s:\n%s\n", status, code, text);
    return ok;
}

/* Let the disk hang, and send a create that reaches it. */
static int
hang_with_create(struct setup *s) {
    atomic_store(&s->hangs, true);
    int fd = ask(s, NULL);
    while (atomic_load(&s->waiting) == 0)
        (void)usleep(1000);
    return fd;
}

static void
let_go(struct setup *s) {
    atomic_store(&s->hangs, false);
}

/* How many secrets are stored. */
static uint64_t
count_secrets(struct setup *s) {
    const struct record r = {.views = 1, .content = CONTENT_INLINE, .size = 304};
    return vault_usage(&s->api.vault) / record_cost(&r);
}

static void
test_the_response_follows_the_commit(void **state) {
    struct setup s;
    (void)state;
    start(&s, LONG_MS);
    assert_true(responds(ask(&s, NULL), 201, "owner_token"));

    int fd = hang_with_create(&s), others[QUEUE - 1];
    for (int i = 0; i < QUEUE - 1; i++)
        others[i] = ask(&s, NULL);
    assert_false(comes(fd, MOMENT_MS));
    for (int i = 0; i < QUEUE - 1; i++)
        assert_false(comes(others[i], 0));

    /* No thread waits with them. */
    assert_true(responds(ask(&s, "/api/v1/config"), 200, "views_max"));
    assert_true(responds(ask(&s, "/api/v1/secrets/AAAAAAAAAAAAAAAAAAAAAA"), 404, "not_found"));
    let_go(&s);
    assert_true(responds(fd, 201, "owner_token"));
    for (int i = 0; i < QUEUE - 1; i++)
        assert_true(responds(others[i], 201, "owner_token"));
    assert_int_equal(count_secrets(&s), 1 + QUEUE);
    stop(&s);
}

static void
test_too_many_that_wait_are_refused(void **state) {
    struct setup s;
    int waiting[QUEUE];
    (void)state;
    start(&s, LONG_MS);
    waiting[0] = hang_with_create(&s);
    for (int i = 1; i < QUEUE; i++) {
        waiting[i] = ask(&s, NULL);
        assert_false(comes(waiting[i], MOMENT_MS));
    }
    assert_true(responds(ask(&s, NULL), 503, "busy"));
    assert_true(responds(ask(&s, "/healthz"), 200, ""));

    let_go(&s);
    for (int i = 0; i < QUEUE; i++)
        assert_true(responds(waiting[i], 201, "owner_token"));
    assert_true(responds(ask(&s, NULL), 201, "owner_token"));
    stop(&s);
}

/* What is being written may happen; what only waits never happens. */
static void
test_a_late_store_is_given_up(void **state) {
    struct setup s;
    (void)state;
    start(&s, LATE_MS);
    int written = hang_with_create(&s), queued = ask(&s, NULL);
    assert_true(responds(written, 503, "unknown_outcome"));
    assert_true(responds(queued, 503, "unavailable"));
    assert_int_equal(s.api.vault.quota_held, 0);

    /* A later create is written after both. */
    let_go(&s);
    assert_true(responds(ask(&s, NULL), 201, "owner_token"));
    assert_int_equal(count_secrets(&s), 2);
    stop(&s);
}

static void
test_clients_leave_while_they_wait(void **state) {
    struct setup s;
    (void)state;
    start(&s, LONG_MS);
    int fd = hang_with_create(&s), other = ask(&s, NULL);
    assert_false(comes(other, MOMENT_MS));
    (void)close(fd);
    (void)shutdown(other, SHUT_WR); /* but reads on */

    /* Neither is waited for any more once the store is done. */
    assert_false(daemon_drain(s.daemon, MOMENT_MS));
    let_go(&s);
    assert_true(responds(other, 201, "owner_token"));
    assert_true(daemon_drain(s.daemon, LONG_MS));
    assert_int_equal(count_secrets(&s), 2);
    finish(&s);
}

struct stopping {
    struct setup *setup;
    atomic_bool over;
    bool drained;
};

static void *
drain(void *arg) {
    struct stopping *t = arg;
    t->drained = daemon_drain(t->setup->daemon, LONG_MS);
    atomic_store(&t->over, true);
    return NULL;
}

static void
test_a_stop_waits_for_what_is_written(void **state) {
    struct setup s;
    struct stopping t = {.setup = &s};
    pthread_t thread;
    (void)state;
    start(&s, LONG_MS);
    int fd = hang_with_create(&s), queued = ask(&s, NULL);
    assert_false(comes(queued, MOMENT_MS));
    assert_int_equal(pthread_create(&thread, NULL, drain, &t), 0);
    assert_false(comes(fd, MOMENT_MS));
    assert_false(atomic_load(&t.over));

    let_go(&s);
    assert_true(responds(fd, 201, "owner_token"));
    assert_true(responds(queued, 201, "owner_token"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(t.drained);
    finish(&s);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_response_follows_the_commit),
        cmocka_unit_test(test_too_many_that_wait_are_refused),
        cmocka_unit_test(test_a_late_store_is_given_up),
        cmocka_unit_test(test_clients_leave_while_they_wait),
        cmocka_unit_test(test_a_stop_waits_for_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
