/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server with a function that answers at once: crowds of clients, their limits, a stop
 * among them, and a client that reads nothing.
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "crowd.h"
#include "server/http/daemon.h"

enum {
    THREADS = 8,
    EACH = 60,        /* connections of a thread, one after another */
    PIPELINED = 10,   /* requests on one of them */
    MANY = 200,       /* the same, while others wait */
    LARGE = 16 << 20, /* bytes of a response */
    PER_CLIENT = 20,
    KEPT = 5,
    LATE_MS = 20 * 1000,
};

static const char plain[] = "GET /small HTTP/1.1\r\nHost: x\r\n\r\n";

struct setup {
    struct daemon *daemon;
    struct sockaddr_in at;
    int listening;
    atomic_int asked, answered;
    atomic_bool shut; /* "/gate" is not answered */
    atomic_int gated; /* requests for it */
    int before;       /* how many were asked before "/other" */
};

/* daemon_config.answer */
static void
answer(void *arg, const struct http_request *req, struct http_response *resp) {
    struct setup *s = arg;
    resp->status = 200;
    if (strcmp(req->path, "/gate") == 0) atomic_fetch_add(&s->gated, 1);
    while (strcmp(req->path, "/gate") == 0 && atomic_load(&s->shut))
        (void)usleep(1000);
    if (strcmp(req->path, "/other") == 0) s->before = atomic_load(&s->asked);

    if (strcmp(req->path, "/large") == 0) {
        uint8_t *space = buf_space(&resp->body, LARGE);
        memset(space, 'x', LARGE);
        resp->body.len = LARGE;
    } else {
        atomic_fetch_add(&s->asked, 1);
        int err = buf_add_text(&resp->body, "answer");
        resp->status = err == 0 ? 200 : 500;
    }
}

static void
start(struct setup *s, unsigned per_client, unsigned network, unsigned kept) {
    static const struct http_trusted nobody;
    socklen_t len = sizeof(s->at);
    *s = (struct setup){.at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    s->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listening, (struct sockaddr *)&s->at, sizeof(s->at)), 0);
    assert_int_equal(listen(s->listening, 1000), 0);
    assert_int_equal(getsockname(s->listening, (struct sockaddr *)&s->at, &len), 0);

    const struct daemon_config config = {
        .name = "http",
        .listeners = {{.fd = s->listening, .port = ntohs(s->at.sin_port)}},
        .listener_count = 1,
        .answer = answer,
        .answer_arg = s,
        .trusted = &nobody,
        .io_threads = 3,
        .connections = {.total = 1000,
                        .client = {per_client, per_client},
                        .network = {network, network}},
        .kept_max = kept,
        .response_max = LARGE,
        .bodies = {.small = API_RESPONSE_SMALL},
        .responses = {.small = API_RESPONSE_SMALL},
        .downloads = budget_unshared(4 * (size_t)LARGE),
    };
    s->daemon = daemon_start(&config);
    assert_non_null(s->daemon);
}

static void
stop(struct setup *s) {
    assert_true(daemon_drain(s->daemon, LATE_MS));
    daemon_stop(s->daemon);
    (void)close(s->listening);
}

static int
connect_from(const struct setup *s, uint32_t from) {
    const struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&s->at, sizeof(s->at)), 0);
    return fd;
}

static int
connect_to(const struct setup *s) {
    return connect_from(s, INADDR_LOOPBACK);
}

static void
ask(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Read ${count} answers from ${fd}, or up to its end.  Returns how many came. */
static int
read_answers(int fd, int count) {
    char text[65536];
    size_t len = 0;
    for (int seen = 0; seen < count;) {
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        if (n <= 0) return seen;
        len += (size_t)n;
        text[len] = '\0';
        seen = 0;
        for (const char *at = text; (at = strstr(at, "\r\n\r\nanswer")) != NULL; at++)
            seen++;
    }
    return count;
}

static void *
be_client(void *arg) {
    struct setup *s = arg;
    for (int i = 0; i < EACH; i++) {
        int fd = connect_to(s);
        for (int k = 0; k < PIPELINED; k++)
            ask(fd, plain);
        atomic_fetch_add(&s->answered, read_answers(fd, PIPELINED));
        (void)close(fd);
    }
    return NULL;
}

static void
test_a_crowd(void **state) {
    struct setup s;
    (void)state;
    start(&s, 1000, 1000, 1000);
    crowd_run(THREADS, be_client, &s, NULL);
    assert_int_equal(s.answered, THREADS * EACH * PIPELINED);
    assert_int_equal(s.asked, s.answered);
    assert_true(daemon_threads_alive(s.daemon, LATE_MS, LATE_MS));
    stop(&s);
}

/* Sends, and reads what comes, until the server has stopped. */
static void *
ask_until_the_end(void *arg) {
    struct setup *s = arg;
    for (bool served = true; served;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        served = connect(fd, (const struct sockaddr *)&s->at, sizeof(s->at)) == 0 &&
                 send(fd, plain, sizeof(plain) - 1, MSG_NOSIGNAL) > 0 && read_answers(fd, 1) == 1;
        if (served) atomic_fetch_add(&s->answered, 1);
        (void)close(fd);
    }
    return NULL;
}

static void *
stop_in_the_middle(void *arg) {
    struct setup *s = arg;
    while (atomic_load(&s->answered) < 100)
        (void)usleep(1000);
    (void)shutdown(s->listening, SHUT_RDWR);
    stop(s);
    return NULL;
}

static void *
ask_or_stop(void *arg) {
    static atomic_int next;
    return atomic_fetch_add(&next, 1) == 0 ? stop_in_the_middle(arg) : ask_until_the_end(arg);
}

/* What was carried out was answered. */
static void
test_a_stop_in_a_crowd(void **state) {
    struct setup s;
    (void)state;
    start(&s, 1000, 1000, 1000);
    crowd_run(THREADS, ask_or_stop, &s, NULL);
    assert_int_equal(s.asked, s.answered);
}

static void
test_limits_of_a_client(void **state) {
    struct setup s;
    int all[2 * PER_CLIENT], served = 0, closed = 0;
    (void)state;
    start(&s, PER_CLIENT, 1000, KEPT);
    for (int i = 0; i < 2 * PER_CLIENT; i++)
        all[i] = connect_to(&s);
    for (int i = 0; i < 2 * PER_CLIENT; i++) {
        (void)send(all[i], plain, sizeof(plain) - 1, MSG_NOSIGNAL);
        served += read_answers(all[i], 1);
    }
    assert_int_equal(served, PER_CLIENT);

    /* Of these, as many are kept as may be. */
    for (int i = 0; i < PER_CLIENT; i++) {
        struct pollfd p = {.fd = all[i], .events = POLLIN};
        closed += poll(&p, 1, 300) == 1;
    }
    assert_int_equal(closed, PER_CLIENT - KEPT);

    /* Their places are free again. */
    for (int i = 0; i < 2 * PER_CLIENT; i++)
        (void)close(all[i]);
    int64_t until = clock_monotonic_ms() + LATE_MS;
    for (served = 0; served == 0 && clock_monotonic_ms() < until;) {
        int fd = connect_to(&s);
        (void)send(fd, plain, sizeof(plain) - 1, MSG_NOSIGNAL);
        served = read_answers(fd, 1);
        (void)close(fd);
    }
    assert_int_equal(served, 1);
    stop(&s);
}

/* How many of the connections of three clients, two of them of one network, are served if a
 * network may have ${network}. */
static int
serve_networks(unsigned network) {
    static const uint32_t clients[] = {0x7F000002, 0x7F000003, 0x7F000102};
    int all[ARRAY_LEN(clients) * PER_CLIENT], n = 0, served = 0;
    struct setup s;

    start(&s, PER_CLIENT, network, 1000);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++)
        for (int j = 0; j < PER_CLIENT; j++)
            all[n++] = connect_from(&s, clients[i]);
    for (int i = 0; i < n; i++) {
        (void)send(all[i], plain, sizeof(plain) - 1, MSG_NOSIGNAL);
        served += read_answers(all[i], 1);
    }
    for (int i = 0; i < n; i++)
        (void)close(all[i]);
    stop(&s);
    return served;
}

static void
test_limits_of_a_network(void **state) {
    (void)state;
    assert_int_equal(serve_networks(1000), 3 * PER_CLIENT); /* the control */
    assert_int_equal(serve_networks(PER_CLIENT + 1), 2 * PER_CLIENT + 1);
}

/* The bytes in the kernel that the other end of ${fd} has sent and ${fd} has not received. */
static int
bytes_for(int fd) {
    struct sockaddr_in own, peer;
    socklen_t len = sizeof(own);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    for (int other = 3; other < 100; other++) {
        int bytes;
        len = sizeof(peer);
        if (getpeername(other, (struct sockaddr *)&peer, &len) == 0 &&
            peer.sin_port == own.sin_port && ioctl(other, SIOCOUTQ, &bytes) == 0)
            return bytes;
    }
    return -1;
}

/* A client that reads nothing keeps little memory of the kernel, and gets all when it reads. */
static void
test_a_client_that_reads_nothing(void **state) {
    struct setup s;
    static char bytes[1 << 20];
    size_t got = 0;
    (void)state;
    start(&s, 1000, 1000, 1000);
    int fd = connect_to(&s), held = -1;
    ask(fd, "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        (void)usleep(50 * 1000);
        if (bytes_for(fd) > held) held = bytes_for(fd);
    }
    assert_in_range(held, 1, 1 << 20);

    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
        got += (size_t)n;
    assert_true(got > LARGE && got < LARGE + 1000);
    (void)close(fd);
    stop(&s);
}

/* However many requests a connection has sent at once, that of another one comes between. */
static void
test_connections_take_turns(void **state) {
    struct setup s;
    char many[MANY * sizeof(plain)] = "";
    int fds[4];
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        memcpy(many + i * strlen(plain), plain, sizeof(plain));

    start(&s, 1000, 1000, 1000);
    for (int i = 0; i < 4; i++) {
        fds[i] = connect_to(&s); /* the first and the last have the same I/O thread */
        ask(fds[i], plain);
        assert_int_equal(read_answers(fds[i], 1), 1);
    }

    int on = 1;
    assert_int_equal(setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    atomic_store(&s.shut, true);
    ask(fds[0], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    while (atomic_load(&s.gated) == 0)
        (void)usleep(1000);
    atomic_store(&s.asked, 0);
    ask(fds[0], many);
    ask(fds[3], "GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
    atomic_store(&s.shut, false);

    assert_int_equal(read_answers(fds[3], 1), 1);
    assert_in_range(s.before, 0, 3);
    assert_int_equal(read_answers(fds[0], MANY + 1), MANY + 1); /* and none waits for an event */
    for (int i = 0; i < 4; i++)
        (void)close(fds[i]);
    stop(&s);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crowd),
        cmocka_unit_test(test_a_stop_in_a_crowd),
        cmocka_unit_test(test_limits_of_a_client),
        cmocka_unit_test(test_limits_of_a_network),
        cmocka_unit_test(test_a_client_that_reads_nothing),
        cmocka_unit_test(test_connections_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
