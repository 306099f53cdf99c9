/* SPDX-License-Identifier: MIT */
#include "server/settings.h"

#include <ctype.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "base/text/utf8.h"

#define KIB        INT64_C(1024)
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define TIB        (1024 * GIB)
#define PREFIX     "SECRETS_"
#define OPTION_MAX 40

enum kind {
    KIND_TEXT,
    KIND_NUMBER,
    KIND_SIZE,
    KIND_ORIGINS,
    KIND_NETWORKS,
    KIND_PAGE,
    KIND_WORD /* one of those in the argument */
};

struct setting {
    const char *variable;
    const char *argument;
    const char *fallback; /* "" for none */
    enum kind kind;
    int64_t min, max;
    size_t offset; /* in struct settings */
    const char *help;
};

#define AT(member) offsetof(struct settings, member)

/* clang-format off */
static const struct setting table[] = {
    {"SECRETS_LISTEN", "ADDRESS", "127.0.0.1:8080", KIND_TEXT, 1, 255, AT(listen),
     "Where to listen: ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH.  A socket passed by systemd is "
     "used instead."},
    {"SECRETS_DATA", "DIRECTORY", "./data", KIND_TEXT, 1, 1024, AT(data),
     "Where secrets are kept.  Made, readable by its owner alone, if it is not there."},
    {"TTL_DAYS", "DAYS", "5", KIND_NUMBER, 1, 3650, AT(ttl_days),
     "Lifetime of a secret whose sender names none."},
    {"SECRETS_MAX_TTL_DAYS", "DAYS", "30", KIND_NUMBER, 1, 3650, AT(ttl_max_days),
     "Longest lifetime a sender may name."},
    {"SECRETS_MAX_TEXT", "SIZE", "1 MiB", KIND_SIZE, KIB, 10 * MIB, AT(text_max),
     "Largest classic text, and what the page offers as a text."},
    {"SECRETS_MAX_FILE", "SIZE", "1 GiB", KIND_SIZE, KIB, TIB, AT(file_max),
     "Largest end-to-end encrypted content.  Classic files end at 10 MiB."},
    {"SECRETS_PART_SIZE", "SIZE", "1 MiB", KIND_SIZE, 64 * KIB, 4 * MIB, AT(part_size),
     "Size of the parts in which large content is sent and kept."},
    {"SECRETS_QUOTA", "SIZE", "10 GiB", KIND_SIZE, 0, 1024 * TIB, AT(quota),
     "Content kept on this machine at most; 0 for no bound.  Above it nothing new is taken, opening "
     "goes on."},
    {"SECRETS_PAGE", "ORIGIN", "", KIND_PAGE, 0, 1024, AT(page),
     "Where the page is, for links, if it is not this server's own: https://HOST/."},
    {"SECRETS_ORIGINS", "LIST", "", KIND_ORIGINS, 0, 2047, AT(origins),
     "Origins, separated by commas, whose pages may use this server: https://HOST."},
    {"SECRETS_TRUSTED_PROXIES", "LIST", "127.0.0.0/8, ::1", KIND_NETWORKS, 0, 2047, AT(trusted),
     "Addresses and networks, separated by commas, that may name the client's address.  A unix "
     "socket always may."},
    {"SECRETS_RATE_CREATE", "COUNT", "30", KIND_NUMBER, 0, 1000000, AT(rate_create),
     "Secrets that one client may make in a minute; 0 for no bound."},
    {"SECRETS_RATE_OPEN", "COUNT", "60", KIND_NUMBER, 0, 1000000, AT(rate_open),
     "Times that one client may ask for secrets in a minute; 0 for no bound."},
    {"SECRETS_KDF_THREADS", "COUNT", "", KIND_NUMBER, 1, 256, AT(kdf_threads),
     "Key derivations at once, 16 MiB each.  The default is one a processor."},
    {"SECRETS_METRICS_LISTEN", "ADDRESS", "", KIND_TEXT, 0, 255, AT(metrics_listen),
     "Where to serve /metrics, written as for the listener.  Without it there are none."},
    {"S3_BUCKET", "NAME", "", KIND_TEXT, 0, 255, AT(s3_bucket),
     "Keep files in this S3 bucket and not on this machine."},
    {"SECRETS_S3_SSE", "NAME", "", KIND_TEXT, 0, 64, AT(s3_sse),
     "Encryption to ask S3 for.  The default is aws:kms on Amazon's endpoints, none elsewhere."},
    {"DYNAMO_TABLE", "NAME", "", KIND_TEXT, 0, 255, AT(dynamo_table),
     "Keep records in this DynamoDB table and not on this machine."},
    {"SECRETS_SANDBOX", "off|on|required", "on", KIND_WORD, 0, 2, AT(sandbox),
     "Give up all paths but the data directory and all system calls that serving does not take. "
     "With \"on\" a kernel that cannot is told of in the log; with \"required\" it stops the start."},
    {"SECRETS_ALLOW_ROOT", "off|on", "off", KIND_WORD, 0, 1, AT(allow_root),
     "Run as root.  Off, which is right for every server, the start is refused."},
    {"SECRETS_LOG", "logfmt|json", "logfmt", KIND_WORD, 0, 1, AT(log_format),
     "How the lines of the log are written."},
    {"SECRETS_LOG_LEVEL", "debug|info|warn|error", "info", KIND_WORD, 0, 3, AT(log_level),
     "The least that is logged.  Requests are info."},
};
/* clang-format on */

/* "SECRETS_MAX_TEXT" is also "--max-text": ${out} gets "max-text". */
static void
option_name(const struct setting *t, char out[static OPTION_MAX]) {
    const char *name = t->variable;
    if (strncmp(name, PREFIX, strlen(PREFIX)) == 0) name += strlen(PREFIX);
    size_t n = 0;
    for (; n < OPTION_MAX - 1 && name[n] != '\0'; n++)
        out[n] = (char)(name[n] == '_' ? '-' : tolower((unsigned char)name[n]));
    out[n] = '\0';
}

static const struct setting *
find_variable(const char *name, size_t len) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strlen(table[i].variable) == len && memcmp(table[i].variable, name, len) == 0)
            return &table[i];
    return NULL;
}

static const struct setting *
find_option(const char *name, size_t len) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char option[OPTION_MAX];
        option_name(&table[i], option);
        if (strlen(option) == len && memcmp(option, name, len) == 0) return &table[i];
    }
    return NULL;
}

/* One of the words of ${argument}, which are separated by '|': ${out} gets its place among them. */
static int
parse_word(const char *argument, const char *value, int64_t *out) {
    size_t len = strlen(value);
    for (int64_t i = 0;; i++) {
        size_t n = strcspn(argument, "|");
        if (n == len && memcmp(argument, value, n) == 0) {
            *out = i;
            return 0;
        }
        if (argument[n] == '\0') return ERR_INVALID;
        argument += n + 1;
    }
}

static int
parse_value(const struct setting *t, const char *value, struct settings *s) {
    void *at = (char *)s + t->offset;
    size_t len = strlen(value);
    switch (t->kind) {
    case KIND_NUMBER: return parse_number(value, len, t->min, t->max, at);
    case KIND_SIZE: return parse_size(value, t->min, t->max, at);
    case KIND_ORIGINS: return origins_parse(value, at);
    case KIND_NETWORKS: return http_trusted_parse(value, at);
    case KIND_WORD: return parse_word(t->argument, value, at);
    case KIND_PAGE:
        if (len > 0 && !origins_is_page(value)) return ERR_INVALID;
        break;
    case KIND_TEXT: break;
    }
    if (len < (size_t)t->min || len > (size_t)t->max || utf8_has_control(value, len))
        return ERR_INVALID;
    *(const char **)at = value;
    return 0;
}

static int
print_size(struct buf *text, int64_t v) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t u = 0;
    while (u + 1 < ARRAY_LEN(units) && v >= 1024 && v % 1024 == 0) {
        v /= 1024;
        u++;
    }
    return buf_printf(text, "%lld %s", (long long)v, units[u]);
}

/* Add to ${text} what a value of ${t} has to look like. */
static int
print_wanted(const struct setting *t, struct buf *text) {
    int err = 0;
    switch (t->kind) {
    case KIND_NUMBER:
        return buf_printf(text, "want a number from %lld to %lld\n", (long long)t->min,
                          (long long)t->max);
    case KIND_SIZE:
        err |= buf_add_text(text, "want a size (bytes, or with KiB, MiB, GiB, TiB) from ");
        err |= print_size(text, t->min);
        err |= buf_add_text(text, " to ");
        err |= print_size(text, t->max);
        return err | buf_add_text(text, "\n");
    case KIND_ORIGINS:
        return buf_printf(text, "want at most %d origins such as https://example.org\n",
                          ORIGINS_MAX);
    case KIND_NETWORKS:
        return buf_printf(text, "want at most %d addresses or networks such as 192.0.2.0/24\n",
                          HTTP_TRUSTED_MAX);
    case KIND_PAGE: return buf_add_text(text, "want an address such as https://example.org/\n");
    case KIND_WORD: return buf_printf(text, "want one of %s\n", t->argument);
    case KIND_TEXT: break;
    }
    return buf_printf(text, "want a text of %lld to %lld characters\n", (long long)t->min,
                      (long long)t->max);
}

/* Set ${t} to ${value}; where that fails say so, calling the setting ${dashes}${name}. */
static int
set(const struct setting *t, const char *value, const char *dashes, const char *name,
    struct settings *s, struct buf *text) {
    if (parse_value(t, value, s) == 0) return 0;
    int err =
        buf_printf(text, "secretsd: %s%s: \"%.80s\" is not understood: ", dashes, name, value);
    err |= print_wanted(t, text);
    (void)err;
    return ERR_CONFIG;
}

static int
refuse(struct buf *text, const char *what, const char *name, size_t len) {
    int err = buf_printf(text, "secretsd: %s: %.*s (see secretsd --help)\n", what,
                         len > 80 ? 80 : (int)len, name);
    (void)err;
    return ERR_CONFIG;
}

static int
read_defaults(struct settings *s, int64_t cores, struct buf *text) {
    *s = (struct settings){.kdf_threads = cores < 1 ? 1 : cores > 256 ? 256 : cores};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct setting *t = &table[i];
        if (t->kind == KIND_NUMBER && t->fallback[0] == '\0') continue;
        int err = set(t, t->fallback, "", t->variable, s, text);
        if (err != 0) return err;
    }
    return 0;
}

static int
read_environment(struct settings *s, char *const env[], struct buf *text) {
    for (; *env != NULL; env++) {
        size_t len = strcspn(*env, "=");
        const struct setting *t = find_variable(*env, len);
        if (t == NULL && strncmp(*env, PREFIX, strlen(PREFIX)) == 0)
            return refuse(text, "there is no setting of this name", *env, len);
        if (t == NULL || (*env)[len] == '\0') continue;
        int err = set(t, *env + len + 1, "", t->variable, s, text);
        if (err != 0) return err;
    }
    return 0;
}

/* Read option ${argv}[*i], "--name=value" or "--name value"; *i is then its last word. */
static int
read_option(struct settings *s, int argc, char *const argv[], int *i, struct buf *text) {
    const char *word = argv[*i];
    if (strncmp(word, "--", 2) != 0)
        return refuse(text, "this argument is not understood", word, strlen(word));
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const struct setting *t = find_option(name, len);
    if (t == NULL) return refuse(text, "there is no option of this name", word, strlen(word));
    const char *value = name + len + 1;
    if (name[len] == '\0') {
        if (*i + 1 == argc) return refuse(text, "this option wants a value", word, strlen(word));
        value = argv[++*i];
    }
    char option[OPTION_MAX];
    option_name(t, option);
    return set(t, value, "--", option, s, text);
}

/* Rules between settings, and what this build cannot do. */
static int
check_together(const struct settings *s, bool root, struct buf *text) {
    int err = 0;
    if (s->ttl_days > s->ttl_max_days)
        err = buf_printf(text, "secretsd: TTL_DAYS: %lld is above SECRETS_MAX_TTL_DAYS, %lld\n",
                         (long long)s->ttl_days, (long long)s->ttl_max_days);
    else if (s->s3_sse[0] != '\0' && s->s3_bucket[0] == '\0')
        err = buf_add_text(text, "secretsd: SECRETS_S3_SSE: means nothing without S3_BUCKET\n");
    else if (root && !s->allow_root)
        err = buf_add_text(text, "secretsd: this is root: start it as a user of its own, or say "
                                 "SECRETS_ALLOW_ROOT=on\n");
    else return 0;
    return err != 0 ? err : ERR_CONFIG;
}

/* Add ${help} to ${text}, broken into lines behind ten spaces. */
static int
print_wrapped(struct buf *text, const char *help) {
    int err = 0;
    size_t column = 0;
    while (*help != '\0') {
        size_t n = strcspn(help, " ");
        if (column == 0 || column + 1 + n > 78) {
            err |= buf_printf(text, "%s          ", column == 0 ? "" : "\n");
            column = 10;
        } else {
            err |= buf_add_text(text, " ");
            column++;
        }
        err |= buf_add(text, help, n);
        column += n;
        help += n + strspn(help + n, " ");
    }
    return err | buf_add_text(text, "\n");
}

static int
print_help(struct buf *text) {
    int err = buf_add_text(text, "Usage: secretsd [--OPTION VALUE]...\n"
                                 "\n"
                                 "Serve secrets by links that stop working.  Each option is also "
                                 "an environment\nvariable; the option wins.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct setting *t = &table[i];
        char option[OPTION_MAX];
        option_name(t, option);
        err |= buf_printf(text, "  --%s %s    (%s", option, t->argument, t->variable);
        if (t->fallback[0] != '\0') err |= buf_printf(text, ", default %s", t->fallback);
        err |= buf_add_text(text, ")\n");
        err |= print_wrapped(text, t->help);
    }
    err |= buf_add_text(text, "  --help\n          Print this.\n"
                              "  --version\n          Print the version.\n"
                              "\nsecretsd(8) says more.\n");
    return err;
}

enum settings_result
settings_read(struct settings *s, int argc, char *const argv[], char *const env[], int64_t cores,
              bool root, struct buf *text) {
    int err = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return print_help(text) == 0 ? SETTINGS_PRINT : SETTINGS_REFUSE;
        if (strcmp(argv[i], "--version") == 0)
            return buf_add_text(text, "secretsd " VERSION "\n") == 0 ? SETTINGS_PRINT
                                                                     : SETTINGS_REFUSE;
    }
    err = read_defaults(s, cores, text);
    if (err == 0) err = read_environment(s, env, text);
    for (int i = 1; err == 0 && i < argc; i++)
        err = read_option(s, argc, argv, &i, text);
    if (err == 0) err = check_together(s, root, text);
    return err == 0 ? SETTINGS_RUN : SETTINGS_REFUSE;
}
