/* SPDX-License-Identifier: MIT */
#include "ctl/server.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text/json.h"
#include "ctl/line.h"

/* Connect to the unix socket ${path}.  Returns its descriptor, or -1 with errno set. */
static int
connect_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path) + 1);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0) return fd;
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

static void
complain_connect(const struct ctl *ctl) {
    const char *path = ctl->socket;
    int err = errno;
    ctl_error("no server at %s: %s", path, strerrordesc_np(err));
    if (err == EACCES || err == EPERM) ctl_hint("Only root and the user of secretsd can connect.");
    else if (!ctl->reached)
        ctl_hint("Set SECRETS_ADMIN_LISTEN=unix:%s for secretsd, or name its socket with --socket.",
                 path);
}

FILE *
ctl_ask(struct ctl *ctl, const char *request) {
    int fd = connect_to(ctl->socket);
    if (fd < 0) {
        complain_connect(ctl);
        return NULL;
    }
    ctl->reached = true;

    /* A request is much shorter than a socket's buffer. */
    size_t len = strlen(request);
    bool sent = send(fd, request, len, MSG_NOSIGNAL | MSG_MORE) == (ssize_t)len &&
                send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
    FILE *answer = sent ? fdopen(fd, "r") : NULL;
    if (answer != NULL) return answer;
    ctl_error("the server does not take the request: %s", strerrordesc_np(errno));
    (void)close(fd);
    return NULL;
}

/* If ${line} says why there is no answer, print that.  Returns whether it does. */
static bool
complain_refusal(const char *line, size_t len) {
    json_t *o = json_parse_object(line, len);
    const char *why = json_string_value(json_object_get(o, "error"));
    if (why != NULL) ctl_error("the server refuses: %s", why);
    json_decref(o);
    return why != NULL;
}

ssize_t
ctl_read_line(FILE *answer, char line[static CTL_LINE_MAX]) {
    bool ended;
    ssize_t len = line_read(answer, line, CTL_LINE_MAX, &ended);
    if (len == 0 && !ended) {
        if (ferror(answer) == 0) return 0;
        ctl_error("the server does not answer: %s", strerrordesc_np(errno));
        return -1;
    }

    /* A line that is not whole has no end. */
    if (!ended) {
        ctl_error("the answer of the server is cut off");
        return -1;
    }
    return complain_refusal(line, (size_t)len) ? -1 : len;
}

bool
ctl_is_end(const char *line) {
    return strcmp(line, "{\"end\":true}") == 0;
}
