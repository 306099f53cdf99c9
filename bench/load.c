/* SPDX-License-Identifier: MIT */
/*
 * A load generator: one thread, many kept-alive connections to 127.0.0.1, one request at a time on
 * each.
 *
 *   load PORT CONNECTIONS SECONDS METHOD PATH [-b BODY_FILE] [-n COUNT] [-o IDS_OUT] [-i IDS_IN]
 * [-w MS]
 *
 * Sends until SECONDS are over or COUNT requests were sent.  -o writes the "id" of every 201, one a
 * line; -i replaces the %s in PATH by one id of such a file for each request and ends with them; -w
 * waits before each request, for latencies of a server that does something else (one connection).
 * Prints one line of JSON: requests answered, seconds, rate, latencies in microseconds, and how
 * often each status came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text/parse.h"

enum { ANSWER_MAX = 1 << 16, ID_MAX = 64, LATENCIES_MAX = 1 << 24, FILE_MAX_LEN = 1 << 28 };

struct connection {
    int fd;
    int64_t began_us;
    size_t len;
    char answer[ANSWER_MAX];
};

struct load {
    int port;
    int64_t connections, seconds, count, wait_ms;
    const char *method, *path;
    struct buf body, ids_in;
    const char *next_id;
    FILE *ids_out;
    int epoll;
    int64_t sent, answered, open, failed;
    int64_t status[600];
    uint32_t *latencies;
    int64_t end_us;
};

static void
die(const char *what) {
    perror(what);
    exit(1);
}

static void
read_file(const char *name, struct buf *out) {
    FILE *f = fopen(name, "rb");
    buf_init(out, FILE_MAX_LEN);
    if (f == NULL) die(name);
    for (;;) {
        uint8_t *at = buf_space(out, 1 << 16);
        if (at == NULL) die(name);
        size_t n = fread(at, 1, 1 << 16, f);
        if (n == 0) break;
        out->len += n;
    }
    (void)fclose(f);
}

/* The next id of the file, or "" if there is no such file; NULL when all were used. */
static const char *
next_id(struct load *l, int *len) {
    *len = 0;
    if (l->next_id == NULL) return "";
    const char *id = l->next_id;
    const char *end = strchr(id, '\n');
    if (end == NULL) return NULL;
    *len = (int)(end - id);
    l->next_id = end + 1;
    return id;
}

/* Send the next request on ${c}; false if there is none any more. */
static bool
send_next(struct load *l, struct connection *c) {
    struct buf out = BUF_INIT(FILE_MAX_LEN);
    char path[512];
    int id_len;
    if (clock_monotonic_us() >= l->end_us || (l->count > 0 && l->sent >= l->count)) return false;
    const char *id = next_id(l, &id_len);
    if (id == NULL) return false;
    const char *hole = strstr(l->path, "%s");
    if (hole == NULL) (void)snprintf(path, sizeof(path), "%s", l->path);
    else
        (void)snprintf(path, sizeof(path), "%.*s%.*s%s", (int)(hole - l->path), l->path, id_len, id,
                       hole + 2);
    int err = buf_printf(&out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", l->method, path);
    if (l->body.len > 0)
        err |= buf_printf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                          l->body.len);
    err |= buf_add_text(&out, "\r\n");
    err |= buf_add(&out, l->body.data, l->body.len);
    if (err != 0) die("request");
    if (l->wait_ms > 0) (void)usleep((useconds_t)l->wait_ms * 1000);
    c->len = 0;
    c->began_us = clock_monotonic_us();
    bool ok = write(c->fd, out.data, out.len) == (ssize_t)out.len;
    buf_free(&out);
    l->sent += ok;
    return ok;
}

static void
close_connection(struct load *l, struct connection *c) {
    (void)close(c->fd);
    c->fd = -1;
    l->open--;
}

static void
open_connection(struct load *l, struct connection *c) {
    const int one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)l->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0) die("connect");
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) die("epoll_ctl");
    l->open++;
    if (!send_next(l, c)) close_connection(l, c);
}

/* Bytes of the whole answer in ${c}, 0 while some are missing. */
static size_t
answer_len(struct connection *c) {
    c->answer[c->len] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    if (end == NULL) return 0;
    const char *length = strcasestr(c->answer, "\r\ncontent-length: ");
    int64_t n = 0;
    if (length != NULL && length < end) {
        length += strlen("\r\ncontent-length: ");
        if (parse_number(length, strcspn(length, "\r"), 0, ANSWER_MAX, &n) != 0) die("length");
    }
    size_t whole = (size_t)(end + 4 - c->answer) + (size_t)n;
    return c->len >= whole ? whole : 0;
}

static void
count_answer(struct load *l, struct connection *c) {
    int64_t status = 0, us = clock_monotonic_us() - c->began_us;
    if (parse_number(c->answer + 9, 3, 100, 599, &status) != 0) die("status");
    l->status[status]++;
    if (l->answered < LATENCIES_MAX) l->latencies[l->answered] = (uint32_t)us;
    l->answered++;
    const char *id = l->ids_out == NULL || status != 201 ? NULL : strstr(c->answer, "\"id\":\"");
    if (id != NULL) {
        id += strlen("\"id\":\"");
        (void)fprintf(l->ids_out, "%.*s\n", (int)strcspn(id, "\""), id);
    }
}

static void
readable(struct load *l, struct connection *c) {
    ssize_t n = read(c->fd, c->answer + c->len, ANSWER_MAX - 1 - c->len);
    if (n <= 0) {
        l->failed++;
        close_connection(l, c);
        open_connection(l, c);
        return;
    }
    c->len += (size_t)n;
    if (answer_len(c) == 0) return;
    count_answer(l, c);
    bool closing = strcasestr(c->answer, "\r\nconnection: close") != NULL;
    if (closing || !send_next(l, c)) {
        close_connection(l, c);
        if (closing) open_connection(l, c);
    }
}

static int
by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void
report(struct load *l, int64_t us) {
    int64_t n = l->answered < LATENCIES_MAX ? l->answered : LATENCIES_MAX;
    qsort(l->latencies, (size_t)n, sizeof(l->latencies[0]), by_value);
    const uint32_t none = 0, *all = n > 0 ? l->latencies : &none;
    (void)printf("{\"requests\":%lld,\"seconds\":%.3f,\"rate\":%.0f,\"failed\":%lld,"
                 "\"p50\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u,\"status\":{",
                 (long long)l->answered, (double)us / 1e6, (double)l->answered * 1e6 / (double)us,
                 (long long)l->failed, all[n / 2], all[n * 99 / 100], all[n * 999 / 1000],
                 all[n > 0 ? n - 1 : 0]);
    const char *comma = "";
    for (int s = 0; s < 600; s++)
        if (l->status[s] > 0) {
            (void)printf("%s\"%d\":%lld", comma, s, (long long)l->status[s]);
            comma = ",";
        }
    (void)printf("}}\n");
}

static void
run(struct load *l) {
    struct connection *all = calloc((size_t)l->connections, sizeof(*all));
    struct epoll_event events[256];
    if (all == NULL) die("memory");
    int64_t began = clock_monotonic_us();
    l->end_us = began + l->seconds * 1000000;
    for (int64_t i = 0; i < l->connections; i++)
        open_connection(l, &all[i]);
    while (l->open > 0) {
        int n = epoll_wait(l->epoll, events, 256, 10000);
        if (n == 0) break;
        for (int i = 0; i < n; i++)
            readable(l, events[i].data.ptr);
    }
    report(l, clock_monotonic_us() - began);
    free(all);
}

static int64_t
number(const char *text) {
    int64_t v;
    if (parse_number(text, strlen(text), 1, INT32_MAX, &v) != 0) die(text);
    return v;
}

int
main(int argc, char *argv[]) {
    static struct load l;
    if (argc < 6) {
        (void)fprintf(stderr, "see the head of bench/load.c\n");
        return 2;
    }
    l.port = (int)number(argv[1]);
    l.connections = number(argv[2]);
    l.seconds = number(argv[3]);
    l.method = argv[4];
    l.path = argv[5];
    for (int i = 6; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "-b") == 0) read_file(argv[i + 1], &l.body);
        if (strcmp(argv[i], "-n") == 0) l.count = number(argv[i + 1]);
        if (strcmp(argv[i], "-w") == 0) l.wait_ms = number(argv[i + 1]);
        if (strcmp(argv[i], "-o") == 0) l.ids_out = fopen(argv[i + 1], "w");
        if (strcmp(argv[i], "-i") == 0) {
            read_file(argv[i + 1], &l.ids_in);
            l.next_id = buf_text(&l.ids_in);
        }
    }
    l.latencies = calloc(LATENCIES_MAX, sizeof(l.latencies[0]));
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l.latencies == NULL || l.epoll < 0) die("start");
    (void)signal(SIGPIPE, SIG_IGN);
    run(&l);
    if (l.ids_out != NULL) (void)fclose(l.ids_out);
    return 0;
}
