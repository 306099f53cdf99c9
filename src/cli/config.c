/* SPDX-License-Identifier: MIT */
#include "cli/config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "cli/options.h"
#include "cli/terminal/passphrase.h"
#include "cli/terminal/say.h"

enum { CONFIG_MAX = 16 * 1024 };

static bool
is_config_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Remove white space from both ends of ${s}. */
static void
trim_blanks(const char **s, size_t *len) {
    while (*len > 0 && is_config_blank((*s)[0]))
        (*s)++, (*len)--;
    while (*len > 0 && is_config_blank((*s)[*len - 1]))
        (*len)--;
}

static bool
is_config_name(const char *s, size_t len, const char *name) {
    return strlen(name) == len && memcmp(s, name, len) == 0;
}

/* Copy the method ${value} to ${out}.  Standard input is for what is shared. */
static int
take_method(const char *value, size_t len, char out[static CONFIG_METHOD_MAX]) {
    if (len >= CONFIG_METHOD_MAX || memchr(value, '\0', len) != NULL) return ERR_CONFIG;
    memcpy(out, value, len);
    out[len] = '\0';
    return passphrase_method_ok(out) && !passphrase_from_stdin(out) ? 0 : ERR_CONFIG;
}

static int
parse_config_line(const char *s, size_t len, struct config *out) {
    trim_blanks(&s, &len);
    if (len == 0 || s[0] == '#') return 0;

    const char *equals = memchr(s, '=', len);
    if (equals == NULL) return ERR_CONFIG;

    /* Blanks around the name and around the value do not count. */
    const char *name = s, *value = equals + 1;
    size_t name_len = (size_t)(equals - s), value_len = len - name_len - 1;
    trim_blanks(&name, &name_len);
    trim_blanks(&value, &value_len);

    int err = ERR_CONFIG;
    if (is_config_name(name, name_len, "server")) err = link_address(value, value_len, out->server);
    else if (is_config_name(name, name_len, "page"))
        err = link_address(value, value_len, out->page);
    else if (is_config_name(name, name_len, "api-token"))
        err = take_method(value, value_len, out->api_token);
    else if (is_config_name(name, name_len, "views"))
        err = parse_number(value, value_len, 1, 100, &out->views);
    else if (is_config_name(name, name_len, "ttl"))
        err = options_duration(value, value_len, &out->ttl);
    if (err != 0) return ERR_CONFIG;
    return 0;
}

int
config_parse(const char *text, size_t len, struct config *out, unsigned *line) {
    *out = (struct config){0};
    *line = 0;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - text);

        ++*line;
        if (parse_config_line(text, n, out) != 0) return ERR_CONFIG;

        n += end != NULL;
        text += n;
        len -= n;
    }
    return 0;
}

/* Read the file at ${path} into ${text}, which holds CONFIG_MAX bytes.  Returns the length, or -1
 * with errno; a missing file has length 0. */
static ssize_t
read_config(const char *path, char *text) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;

    ssize_t n = read(fd, text, CONFIG_MAX);
    int saved_errno = errno;
    (void)close(fd);
    errno = n == CONFIG_MAX ? EFBIG : saved_errno;
    if (n == CONFIG_MAX) return -1;
    return n;
}

int
config_load(const char *path, struct config *out) {
    char text[CONFIG_MAX];
    unsigned line = 0;
    *out = (struct config){0};

    ssize_t n = read_config(path, text);
    if (n < 0) {
        say_error("cannot read %s: %s", path, strerror(errno));
        say_hint("Make it a file that you can read, or move it away.");
        return ERR_CONFIG;
    }
    if (config_parse(text, (size_t)n, out, &line) == 0) return 0;

    say_error("%s, line %u is not valid", path, line);
    say_hint("Lines are: server = https://HOST/, page = https://HOST/, views = N, ttl = 1h, "
             "api-token = METHOD.");
    return ERR_CONFIG;
}
