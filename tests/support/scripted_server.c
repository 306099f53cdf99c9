/* SPDX-License-Identifier: MIT */
#include "scripted_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct scripted_server {
    const struct script_line *lines;
    size_t count;
    int listener;
    int stop[2]; /* a pipe: written to at the end */
    pthread_t thread;
    atomic_int connections;
    char requests[SCRIPT_REQUESTS][SCRIPT_REQUEST_MAX];
};

/* Wait until ${fd} can be read; 0 if the server is to stop. */
static int
wait_for(struct scripted_server *s, int fd) {
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};
    if (poll(fds, 2, -1) <= 0) return 0;
    return fds[1].revents == 0;
}

static size_t
body_len(const char *head) {
    const char *at = strcasestr(head, "\r\nContent-Length:");
    return at == NULL ? 0 : strtoul(at + 17, NULL, 10);
}

/* Read one request into ${out}; 0 if none comes. */
static int
read_request(struct scripted_server *s, int fd, char *out) {
    size_t len = 0, want = 0;
    for (;;) {
        char spill[4096], *to = spill;
        size_t room = sizeof(spill);
        if (len < SCRIPT_REQUEST_MAX - 1) {
            to = out + len;
            room = SCRIPT_REQUEST_MAX - 1 - len;
        }
        if (!wait_for(s, fd)) return 0;
        ssize_t n = read(fd, to, room);
        if (n <= 0) return 0;
        len += (size_t)n;
        out[len < SCRIPT_REQUEST_MAX ? len : SCRIPT_REQUEST_MAX - 1] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        if (end == NULL) continue;
        if (want == 0) want = (size_t)(end - out) + 4 + body_len(out);
        if (len >= want) return 1;
    }
}

static void
serve(struct scripted_server *s, int fd, size_t *next) {
    while (*next < s->count) {
        static char unkept[SCRIPT_REQUEST_MAX];
        char *request = *next < SCRIPT_REQUESTS ? s->requests[*next] : unkept;
        if (!read_request(s, fd, request)) return;
        const struct script_line *line = &s->lines[(*next)++];
        if (line->reply != NULL && send(fd, line->reply, strlen(line->reply), MSG_NOSIGNAL) < 0)
            return;
        if (line->end == SCRIPT_HANG) (void)wait_for(s, s->stop[0]);
        if (line->end != SCRIPT_KEEP) return;
    }
}

static void *
run(void *arg) {
    struct scripted_server *s = arg;
    size_t next = 0;
    while (next < s->count && wait_for(s, s->listener)) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0) break;
        atomic_fetch_add(&s->connections, 1);
        serve(s, fd, &next);
        (void)close(fd);
    }
    return NULL;
}

struct scripted_server *
scripted_server_start(const struct script_line *lines, size_t count) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct scripted_server *s = calloc(1, sizeof(*s));
    if (s == NULL) abort();
    s->lines = lines;
    s->count = count;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(s->listener, 8) != 0 || pipe(s->stop) != 0 ||
        pthread_create(&s->thread, NULL, run, s) != 0)
        abort();
    return s;
}

void
scripted_server_stop(struct scripted_server *s) {
    if (write(s->stop[1], "", 1) != 1) abort();
    (void)pthread_join(s->thread, NULL);
    (void)close(s->listener);
    (void)close(s->stop[0]);
    (void)close(s->stop[1]);
    free(s);
}

int
scripted_server_port(const struct scripted_server *s) {
    struct sockaddr_in at;
    socklen_t len = sizeof(at);
    if (getsockname(s->listener, (struct sockaddr *)&at, &len) != 0) abort();
    return ntohs(at.sin_port);
}

int
scripted_server_connections(struct scripted_server *s) {
    return atomic_load(&s->connections);
}

const char *
scripted_server_request(struct scripted_server *s, size_t i) {
    return i < SCRIPT_REQUESTS ? s->requests[i] : "";
}
