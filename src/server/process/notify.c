/* SPDX-License-Identifier: MIT */
#include "server/process/notify.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text/parse.h"

/* Fill ${out} with the address ${where}.  Returns its length, or 0. */
static socklen_t
parse_notify_address(const char *where, struct sockaddr_un *out) {
    size_t len = strlen(where);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((where[0] != '/' && where[0] != '@') || len < 2 || len >= sizeof(out->sun_path)) return 0;
    memcpy(out->sun_path, where, len);
    if (where[0] == '@') out->sun_path[0] = '\0';

    /* The NUL after a path belongs to it; to an abstract name it would add a character. */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (where[0] == '/'));
}

int
notify_open(const char *where) {
    struct sockaddr_un address;
    if (where == NULL || where[0] == '\0') return -1;
    socklen_t len = parse_notify_address(where, &address);
    const char *reason = "neither a path nor an abstract name";
    int fd = -1;
    if (len > 0) {
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, len) == 0) return fd;
        reason = strerrordesc_np(errno);
    }

    log_warn("notify", LOG_TEXT("variable", "NOTIFY_SOCKET"), LOG_TEXT("reason", reason));
    if (fd >= 0) (void)close(fd);
    return -1;
}

void
notify_send(int fd, const char *state) {
    if (fd < 0) return;
    ssize_t ignored = send(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)ignored;
}

int64_t
notify_watchdog_ms(const char *usec, const char *pid) {
    int64_t us, watched;
    if (usec == NULL || parse_number(usec, strlen(usec), 1, INT64_MAX, &us) != 0) return 0;

    /* The variables may be those of another process, which started this one. */
    if (pid == NULL) return us / 1000;
    if (parse_number(pid, strlen(pid), 1, INT32_MAX, &watched) != 0) return 0;
    return watched == getpid() ? us / 1000 : 0;
}
