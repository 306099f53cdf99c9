/* SPDX-License-Identifier: MIT */
#include "cli/config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "cli/options.h"
#include "cli/terminal/say.h"

enum { CONFIG_MAX = 16 * 1024 };

static bool
is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Take white space off both ends. */
static void
trim(const char **s, size_t *len) {
    while (*len > 0 && is_blank((*s)[0]))
        (*s)++, (*len)--;
    while (*len > 0 && is_blank((*s)[*len - 1]))
        (*len)--;
}

static bool
is_name(const char *s, size_t len, const char *name) {
    return strlen(name) == len && memcmp(s, name, len) == 0;
}

static int
parse_line(const char *s, size_t len, struct config *out) {
    trim(&s, &len);
    if (len == 0 || s[0] == '#') return 0;
    const char *equals = memchr(s, '=', len);
    if (equals == NULL) return ERR_CONFIG;
    const char *name = s, *value = equals + 1;
    size_t name_len = (size_t)(equals - s), value_len = len - name_len - 1;
    trim(&name, &name_len);
    trim(&value, &value_len);
    int err = ERR_CONFIG;
    if (is_name(name, name_len, "server")) err = link_address(value, value_len, out->server);
    else if (is_name(name, name_len, "views"))
        err = parse_number(value, value_len, 1, 100, &out->views);
    else if (is_name(name, name_len, "ttl")) err = options_duration(value, value_len, &out->ttl);
    return err == 0 ? 0 : ERR_CONFIG;
}

int
config_parse(const char *text, size_t len, struct config *out, unsigned *line) {
    *out = (struct config){0};
    *line = 0;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - text);
        ++*line;
        if (parse_line(text, n, out) != 0) return ERR_CONFIG;
        n += end != NULL;
        text += n;
        len -= n;
    }
    return 0;
}

int
config_load(const char *path, struct config *out) {
    char text[CONFIG_MAX];
    unsigned line = 0;
    *out = (struct config){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return 0;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
    int saved_errno = n < 0 ? errno : EFBIG;
    if (fd >= 0) (void)close(fd);
    if (n < 0 || n == CONFIG_MAX) {
        say_error("cannot read %s: %s", path, strerror(saved_errno));
        say_hint("Make it a file that you can read, or move it away.");
        return ERR_CONFIG;
    }
    if (config_parse(text, (size_t)n, out, &line) == 0) return 0;
    say_error("%s, line %u is not understood", path, line);
    say_hint("Lines are: server = https://HOST/, views = N, ttl = 1h.");
    return ERR_CONFIG;
}
