/* SPDX-License-Identifier: MIT */
/*
 * Any bytes on a connection to the server of server/http, over an API with stores in memory.  Each
 * strict request gets exactly one well-formed answer, in its order.  What comes after the strict
 * ones gets one refusal, and the connection ends.
 *
 * In the input, 0xFF and a byte N repeat the byte before them 64 * N times, and 0xFE waits until
 * the server has read what came before.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "fuzzed_api.h"
#include "http_reader.h"
#include "server/http/daemon.h"

enum {
    ASKED_MAX = 64 * 1024,
    ANSWERED_MAX = 1 << 20,
    REPEAT = 64,
    ANSWER_MS = 8 * 1000, /* for an answer; a connection that stalls is ended after 10 s */
    MORE_MS = 50,         /* for more than that, once the client has ended its side */
    LIFE = 20000,         /* connections of one server */
};

static char asked_bytes[ASKED_MAX], answered[ANSWERED_MAX];
static struct sockaddr_un server_name = {.sun_family = AF_UNIX};
static socklen_t server_name_len;

static void
start_server(void) {
    static struct daemon *server;
    static struct http_trusted nobody;
    static struct hosts hosts;
    struct daemon_config config = {.name = "http",
                                   .listener_count = 1,
                                   .random = &random_system,
                                   .response_max = FUZZED_RESPONSE_MAX,
                                   .api = &fuzzed_api,
                                   .trusted = &nobody,
                                   .hosts = &hosts,
                                   .user_header = "",
                                   .io_threads = 1,
                                   .workers_max = 1,
                                   .queue_max = 8,
                                   .connections = budget_unshared(64),
                                   .lingering = budget_unshared(8),
                                   .kept_max = 64};
    static int listening = -1;
    if (server != NULL) {
        fuzzed_require(shutdown(listening, SHUT_RDWR) == 0 && daemon_drain(server, ANSWER_MS));
        daemon_stop(server);
        (void)close(listening);
        fuzzed_close();
    } else {
        (void)signal(SIGPIPE, SIG_IGN);
        log_set_level(LOG_LEVEL_ERROR);
    }

    /* A name that the kernel chooses. */
    listening = config.listeners[0].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server_name_len = sizeof(server_name);
    fuzzed_require(bind(listening, (struct sockaddr *)&server_name, sizeof(sa_family_t)) == 0 &&
                   listen(listening, 8) == 0 &&
                   getsockname(listening, (struct sockaddr *)&server_name, &server_name_len) == 0);
    config.bodies = config.responses = config.downloads = budget_unshared(1 << 24);
    fuzzed_open();
    server = daemon_start(&config);
    fuzzed_require(server != NULL);
}

static void
send_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0) return; /* refused meanwhile */
        bytes += n;
        len -= (size_t)n;
    }
}

/* Let the server read what was sent, unless it has stopped reading. */
static void
await_reader(int fd) {
    int unread = 1;
    for (int tries = 0; tries < 1000 && unread > 0 && ioctl(fd, SIOCOUTQ, &unread) == 0; tries++)
        (void)sched_yield();
}

/* Send what ${data} stands for, and keep it in asked_bytes.  Returns its length. */
static size_t
send_input(int fd, const uint8_t *data, size_t len) {
    size_t n = 0, sent = 0;
    for (size_t i = 0; i < len && n < ASKED_MAX; i++) {
        if (data[i] < 0xFE) {
            asked_bytes[n++] = (char)data[i];
        } else if (data[i] == 0xFE) {
            send_all(fd, asked_bytes + sent, n - sent);
            sent = n;
            await_reader(fd);
        } else if (++i < len && n > 0) {
            size_t times = REPEAT * data[i];
            if (times > ASKED_MAX - n) times = ASKED_MAX - n;
            memset(asked_bytes + n, asked_bytes[n - 1], times);
            n += times;
        }
    }
    send_all(fd, asked_bytes + sent, n - sent);
    return n;
}

/* Check ${got} bytes that were answered to ${n} bytes that were asked.  Returns whether everything
 * is answered that has to be. */
static bool
check_answers(size_t n, size_t got, bool ended) {
    const char *asking = asked_bytes, *answer = answered, *const end = answered + got;
    for (;;) {
        struct asked a = reader_ask(asking, n - (size_t)(asking - asked_bytes));
        struct answer r = {0};
        do {
            r = reader_answer(answer, (size_t)(end - answer), &a);
            answer += r.len;
            fuzzed_require(r.status != 100 || a.expects);
        } while (r.status == 100 && r.len > 0);

        if (r.len == 0) {
            /* No answer yet.  A request that is not all there need not get one. */
            bool has_to = a.strict || a.refused;
            if (ended) fuzzed_require(answer == end && !has_to);
            return !has_to;
        }
        if (r.closes || !a.strict || a.coded) {
            fuzzed_require(r.closes && answer == end);
            fuzzed_require(r.status >= 400 || a.strict || (a.is_options && a.len > 0));
            return true;
        }
        asking += a.len;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static int rounds;
    if (rounds++ % LIFE == 0) start_server();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fuzzed_require(connect(fd, (struct sockaddr *)&server_name, server_name_len) == 0);
    size_t n = send_input(fd, data, len), got = 0;

    int wait = ANSWER_MS;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (wait == ANSWER_MS && check_answers(n, got, false)) {
            await_reader(fd);
            (void)shutdown(fd, SHUT_WR);
            wait = MORE_MS;
        }
        int came = poll(&p, 1, wait);
        if (came < 0 && errno == EINTR) continue; /* the fuzzer's own alarm */
        fuzzed_require(came == 1 || wait == MORE_MS);
        ssize_t more = came == 1 ? recv(fd, answered + got, ANSWERED_MAX - got, 0) : 0;
        if (more <= 0) break;
        got += (size_t)more;
        fuzzed_require(got < ANSWERED_MAX);
    }
    (void)close(fd);
    fuzzed_require(check_answers(n, got, true));
    return 0;
}
