/* SPDX-License-Identifier: MIT */
#include "server/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "server/process/process.h"

enum {
    BACKLOG = 4096, /* the system lowers it to its own limit */
    PASSED_FD = 3,  /* the first socket that systemd passes */
    PASSED_MAX = 2,
    UNIX_MODE = 0660, /* for the group of the reverse proxy */
    PRIVATE_MODE = 0600,
    ADDRESS_TEXT_MAX = 64 /* characters of an address without its port */
};

/* What systemd calls the socket for clients that only open secrets. */
#define OPEN_NAME "open"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

static int
listen_fail(struct buf *reason, int err, const char *setting, const char *what, const char *where) {
    int saved_errno = errno;
    int ignored = buf_printf(reason, "%s: %s \"%.120s\"", setting, what, where);
    if (err == ERR_IO) ignored |= buf_printf(reason, ": %s", strerrordesc_np(saved_errno));
    (void)ignored;
    return err;
}

/* Write the address of ${host} and ${port} to ${out}.  Returns its length, or 0. */
static socklen_t
make_inet(bool v6, const char *host, uint16_t port, union address *out) {
    *out = (union address){0};
    if (v6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) != 1) return 0;
        return sizeof(out->v6);
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) != 1) return 0;
    return sizeof(out->v4);
}

/* Parse "192.0.2.1:80" or "[2001:db8::1]:80".  Returns the length of the address, or 0. */
static socklen_t
parse_inet(const char *where, union address *out) {
    const char *colon = strrchr(where, ':');
    char host[ADDRESS_TEXT_MAX];
    int64_t port;
    if (colon == NULL || parse_number(colon + 1, strlen(colon + 1), 0, 65535, &port) != 0) return 0;

    /* Brackets mean IPv6. */
    size_t len = (size_t)(colon - where);
    bool v6 = len > 2 && where[0] == '[' && where[len - 1] == ']';
    if (v6) {
        where++;
        len -= 2;
    }

    if (len == 0 || len >= sizeof(host)) return 0;
    memcpy(host, where, len);
    host[len] = '\0';
    return make_inet(v6, host, (uint16_t)port, out);
}

/* Whether a process listens on the unix socket ${a}. */
static bool
has_listener(const union address *a) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listening = fd >= 0 && connect(fd, &a->any, sizeof(a->local)) == 0;
    if (fd >= 0) (void)close(fd);
    return listening;
}

/* Write the address of the unix socket ${path} to ${out}, and remove a stale socket there.  Returns
 * its length, or 0. */
static socklen_t
prepare_unix(const char *path, union address *out) {
    struct stat st;
    *out = (union address){0};
    out->local.sun_family = AF_UNIX;
    if (path[0] == '\0' || strlen(path) >= sizeof(out->local.sun_path)) return 0;
    memcpy(out->local.sun_path, path, strlen(path) + 1);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !has_listener(out)) (void)unlink(path);
    return sizeof(out->local);
}

/* Set out->port, and write the address that a person can open to out->open: a wildcard is reached
 * by the loopback. */
static void
describe_listener(struct listener *out) {
    union address a = {0};
    socklen_t len = sizeof(a);
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(out->fd, &a.any, &len) != 0) return;

    /* The port may have been chosen by the kernel. */
    if (a.any.sa_family == AF_UNIX) {
        (void)snprintf(out->open, sizeof(out->open), "unix:%.*s", (int)sizeof(a.local.sun_path),
                       a.local.sun_path);
    } else if (a.any.sa_family == AF_INET6) {
        out->port = ntohs(a.v6.sin6_port);
        if (IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr)) a.v6.sin6_addr = in6addr_loopback;
        (void)inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
        (void)snprintf(out->open, sizeof(out->open), "http://[%s]:%d/", host, out->port);
    } else {
        out->port = ntohs(a.v4.sin_port);
        if (a.v4.sin_addr.s_addr == INADDR_ANY) a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        (void)inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
        (void)snprintf(out->open, sizeof(out->open), "http://%s:%d/", host, out->port);
    }
}

/* How many sockets systemd passed to this process, at most PASSED_MAX; or an error. */
static int
count_passed(char *const env[], struct buf *reason) {
    const char *pid = process_env(env, "LISTEN_PID"), *count = process_env(env, "LISTEN_FDS");
    int64_t n;

    /* The variables may be those of another process, which started this one. */
    if (pid == NULL || count == NULL) return 0;
    if (parse_number(pid, strlen(pid), 1, INT32_MAX, &n) != 0 || n != getpid()) return 0;

    if (parse_number(count, strlen(count), 1, PASSED_MAX, &n) != 0)
        return listen_fail(reason, ERR_CONFIG, "LISTEN_FDS",
                           "expected at most two sockets from systemd, not", count);
    return (int)n;
}

/* Whether the passed socket number ${i}, from 0, is the one that opens only. */
static bool
is_for_opening(char *const env[], int i) {
    const char *names = process_env(env, "LISTEN_FDNAMES");
    if (names == NULL) return false;
    for (; i > 0; i--) {
        names += strcspn(names, ":");
        if (*names == ':') names++;
    }
    size_t len = strcspn(names, ":");
    return len == strlen(OPEN_NAME) && memcmp(names, OPEN_NAME, len) == 0;
}

/* Use the passed socket ${fd}. */
static int
take_passed_socket(int fd, struct listener *out, struct buf *reason) {
    char text[16];
    int accepts = 0;
    socklen_t len = sizeof(accepts);
    (void)snprintf(text, sizeof(text), "fd %d", fd);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) != 0 || !accepts)
        return listen_fail(reason, ERR_CONFIG, "LISTEN_FDS", "not a listening socket:", text);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return listen_fail(reason, ERR_IO, "LISTEN_FDS", "cannot use", text);

    out->fd = fd;
    out->passed = true;
    describe_listener(out);
    return 1;
}

/* Listen on the address ${a} of ${len} bytes, which ${where} says; a unix socket gets ${mode}. */
static int
open_address(const char *setting, const char *where, const union address *a, socklen_t len,
             mode_t mode, struct listener *out, struct buf *reason) {
    const int one = 1;
    bool local = a->any.sa_family == AF_UNIX;

    out->fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->fd < 0) return listen_fail(reason, ERR_IO, setting, "no socket for", where);
    if (!local) (void)setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(out->fd, &a->any, len) != 0 || listen(out->fd, BACKLOG) != 0) {
        int err = listen_fail(reason, ERR_IO, setting, "cannot listen on", where);
        listen_close(out);
        return err;
    }

    /* The umask made the socket private; its group may connect if ${mode} says so. */
    if (local) {
        (void)snprintf(out->path, sizeof(out->path), "%s", a->local.sun_path);
        (void)chmod(out->path, mode);
    }
    describe_listener(out);
    return 0;
}

int
listen_passed(bool opening, char *const env[], struct listener *out, struct buf *reason) {
    *out = (struct listener){.fd = -1};
    int count = count_passed(env, reason), found = -1;
    for (int i = 0; i < count; i++) {
        if (is_for_opening(env, i) != opening) continue;
        if (found >= 0)
            return listen_fail(reason, ERR_CONFIG, "LISTEN_FDS",
                               "several sockets from systemd for one purpose, which the name "
                               "distinguishes:",
                               OPEN_NAME);
        found = PASSED_FD + i;
    }
    if (found < 0) return count < 0 ? count : 0;
    return take_passed_socket(found, out, reason);
}

int
listen_open(const char *setting, const char *where, struct listener *out, struct buf *reason) {
    union address a;
    *out = (struct listener){.fd = -1};
    bool local = strncmp(where, "unix:", 5) == 0;
    socklen_t len = local ? prepare_unix(where + 5, &a) : parse_inet(where, &a);
    if (len == 0)
        return listen_fail(reason, ERR_CONFIG, setting,
                           "expected ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH, not", where);
    return open_address(setting, where, &a, len, UNIX_MODE, out, reason);
}

int
listen_open_private(const char *setting, const char *where, struct listener *out,
                    struct buf *reason) {
    union address a;
    socklen_t len = 0;
    *out = (struct listener){.fd = -1};
    if (strncmp(where, "unix:", 5) == 0) len = prepare_unix(where + 5, &a);
    if (len == 0) return listen_fail(reason, ERR_CONFIG, setting, "expected unix:PATH, not", where);
    return open_address(setting, where, &a, len, PRIVATE_MODE, out, reason);
}

void
listen_stop(struct listener *l) {
    if (l->fd >= 0 && !l->passed) (void)shutdown(l->fd, SHUT_RDWR);
    if (l->path[0] != '\0') (void)unlink(l->path);
    l->path[0] = '\0';
}

void
listen_close(struct listener *l) {
    listen_stop(l);
    if (l->fd >= 0) (void)close(l->fd);
    *l = (struct listener){.fd = -1};
}
