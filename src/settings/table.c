/* SPDX-License-Identifier: MIT */
#include "settings/table.h"

#include "base/err.h"
#include "base/text/parse.h"
#include "base/text/utf8.h"
#include "settings/idn.h"

#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define TIB    (1024 * GIB)
#define PREFIX "SECRETS_"

enum { KDF_THREADS_MAX = 256, BOTH = SETTINGS_SERVER | SETTINGS_FUNCTION };

#define AT(member) offsetof(struct settings, member)

/* clang-format off */
static const struct setting table[] = {
    {"SECRETS_LISTEN", "ADDRESS", "127.0.0.1:8080", SETTINGS_TEXT, SETTINGS_SERVER, 1, 255, AT(listen),
     "Where to listen: ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH.  If systemd passes a socket, that "
     "one is used instead."},
    {"SECRETS_OPEN_LISTEN", "ADDRESS", "", SETTINGS_TEXT, SETTINGS_SERVER, 0, 255, AT(open_listen),
     "Where to listen, in the form of --listen, for clients that only open secrets.  What creates does "
     "not exist there.  If systemd passes a socket of the name \"open\", that one is used instead."},
    {"SECRETS_DATA", "DIRECTORY", "./data", SETTINGS_TEXT, SETTINGS_SERVER, 1, 1024, AT(data),
     "The data directory.  If it does not exist, it is made, accessible to its owner only."},
    {"TTL_DAYS", "DAYS", "5", SETTINGS_NUMBER, BOTH, 1, 3650, AT(ttl_days),
     "Lifetime of a secret if the sender sets none."},
    {"SECRETS_MAX_TTL_DAYS", "DAYS", "30", SETTINGS_NUMBER, BOTH, 1, 3650, AT(ttl_max_days),
     "Longest lifetime that a sender may set."},
    {"SECRETS_MAX_VIEWS", "COUNT", "100", SETTINGS_NUMBER, BOTH, 1, 100, AT(views_max),
     "Most views that a sender may give a secret."},
    {"SECRETS_PASSPHRASE", "optional|required", "optional", SETTINGS_WORD, BOTH, 0, 1, AT(passphrase),
     "Whether the page and the program secrets may share without a passphrase."},
    {"SECRETS_REQUESTS", "on|off", "on", SETTINGS_WORD, BOTH, 0, 1, AT(requests),
     "Whether somebody may ask for secrets here, and be answered."},
    {"SECRETS_MAX_TEXT", "SIZE", "1 MiB", SETTINGS_SIZE, BOTH, KIB, 10 * MIB, AT(text_max),
     "Largest classic text, and largest text that the page offers to share."},
    {"SECRETS_MAX_FILE", "SIZE", "1 GiB", SETTINGS_SIZE, BOTH, KIB, TIB, AT(file_max),
     "Largest end-to-end encrypted content.  Classic files are limited to 10 MiB."},
    {"SECRETS_PART_SIZE", "SIZE", "1 MiB", SETTINGS_SIZE, BOTH, 64 * KIB, 4 * MIB, AT(part_size),
     "Size of the parts in which large content is sent and stored."},
    {"SECRETS_QUOTA", "SIZE", "10 GiB", SETTINGS_SIZE, SETTINGS_SERVER, 0, 1024 * TIB, AT(quota),
     "Maximum total size of the secrets on this machine, or 0 for no limit.  At the limit, new "
     "secrets are refused, and opening continues."},
    {"SECRETS_DAILY_BYTES", "SIZE", "10 GiB", SETTINGS_SIZE, BOTH, 0, 1024 * TIB, AT(daily_bytes),
     "Maximum total size of the secrets that this instance accepts in 24 hours if a store is in AWS, "
     "where there is no quota, or 0 for no limit."},
    {"SECRETS_PAGE", "ORIGIN", "", SETTINGS_PAGE, BOTH, 0, 1024, AT(page),
     "Address of the page for links, if this server's own page is not used: https://HOST/."},
    {"SECRETS_ORIGINS", "LIST", "", SETTINGS_ORIGINS, BOTH, 0, 2047, AT(origins),
     "Origins, separated by commas, whose pages may use this server: https://HOST."},
    {"SECRETS_HOSTS", "LIST", "", SETTINGS_HOSTS, SETTINGS_SERVER, 0, HOSTS_TEXT_MAX, AT(hosts),
     "Host names of this server, separated by commas, in addition to localhost, IP addresses and the "
     "name of the page.  A request that names another host is refused, unless it comes through a "
     "trusted proxy."},
    {"SECRETS_TRUSTED_PROXIES", "LIST", "127.0.0.0/8, ::1", SETTINGS_NETWORKS, SETTINGS_SERVER, 0, 2047, AT(trusted),
     "Addresses and networks, separated by commas, whose X-Forwarded-For is trusted.  Peers on a "
     "unix socket are always trusted."},
    {"SECRETS_CREATE", "LIST", "anyone", SETTINGS_CREATORS, BOTH, 0, 2047, AT(creators),
     "Who may create secrets: anyone, nobody, or a list of \"token\", \"user\" and networks, separated "
     "by commas, any of which gives the right.  With nobody, everything that creates responds with "
     "404."},
    {"SECRETS_API_TOKENS", "FILE", "", SETTINGS_LINES, BOTH, 0, 4096, AT(api_tokens),
     "File of API tokens, each on a line: its name, and its SHA-256 in hexadecimal.  A change takes "
     "effect within 5 seconds."},
    {"SECRETS_USER_HEADER", "NAME", "", SETTINGS_USER_HEADER, SETTINGS_SERVER, 0, HTTP_USER_HEADER_MAX, AT(user_header),
     "Header in which a proxy names the user who has signed in."},
    {"SECRETS_USER_PROXIES", "LIST", "", SETTINGS_USER_PROXIES, SETTINGS_SERVER, 0, 2047, AT(user_proxies),
     "Addresses and networks, separated by commas, whose header is trusted to name the user.  The "
     "word \"unix\" stands for peers on a unix socket."},
    {"SECRETS_USER_CLAIM", "NAME", "", SETTINGS_TEXT, SETTINGS_FUNCTION, 0, 128, AT(user_claim),
     "Member of the authorizer's context, or claim of its token, that names the user."},
    {"SECRETS_RATE_CREATE", "COUNT", "30", SETTINGS_NUMBER, BOTH, 0, 1000000, AT(rate_create),
     "Secrets that one client may create per minute, or 0 for no limit."},
    {"SECRETS_RATE_OPEN", "COUNT", "60", SETTINGS_NUMBER, BOTH, 0, 1000000, AT(rate_open),
     "Requests for secrets that one client may make per minute, or 0 for no limit."},
    {"SECRETS_KDF_THREADS", "COUNT", "", SETTINGS_NUMBER, BOTH, 1, KDF_THREADS_MAX, AT(kdf_threads),
     "Number of threads that derive keys, with at least 16 MiB of locked memory each.  The default is "
     "the number of processors."},
    {"SECRETS_KDF_MEMORY", "SIZE", "256 MiB", SETTINGS_SIZE, SETTINGS_SERVER, 0, 1024 * GIB, AT(kdf_memory),
     "Memory with which these threads derive several keys at once, 16 MiB for each key."},
    {"SECRETS_METRICS_LISTEN", "ADDRESS", "", SETTINGS_TEXT, SETTINGS_SERVER, 0, 255, AT(metrics_listen),
     "Where to serve /metrics, in the form of --listen.  By default it is not served."},
    {"SECRETS_ADMIN_LISTEN", "ADDRESS", "", SETTINGS_TEXT, SETTINGS_SERVER, 0, 255, AT(admin_listen),
     "The operator's socket, for secretsctl: unix:PATH.  Only the server's own user and root can "
     "connect.  With it the server writes events of what happens to secrets.  By default there are "
     "neither."},
    {"SECRETS_EVENTS_DAYS", "DAYS", "7", SETTINGS_NUMBER, SETTINGS_SERVER, 1, 3650, AT(events_days),
     "How long events are kept."},
    {"SECRETS_EVENTS_MAX", "COUNT", "1000000", SETTINGS_NUMBER, SETTINGS_SERVER, 1000, 100000000, AT(events_max),
     "How many events are kept at most, about 150 bytes each."},
    {"SECRETS_EVENTS_OPENERS", "off|on", "off", SETTINGS_WORD, SETTINGS_SERVER, 0, 1, AT(events_openers),
     "Whether the event of an open names the user who opened, if a proxy names users."},
    {"S3_BUCKET", "NAME", "", SETTINGS_TEXT, BOTH, 0, 255, AT(s3_bucket),
     "Keep files in this S3 bucket instead of on this machine."},
    {"SECRETS_S3_SSE", "NAME", "", SETTINGS_TEXT, BOTH, 0, 64, AT(s3_sse),
     "Server-side encryption to request from S3.  The default is aws:kms on Amazon's endpoints, and "
     "none elsewhere."},
    {"DYNAMO_TABLE", "NAME", "", SETTINGS_TEXT, BOTH, 0, 255, AT(dynamo_table),
     "Keep records in this DynamoDB table instead of on this machine."},
    {"SECRETS_AWS_HTTP", "loopback|anywhere", "loopback", SETTINGS_WORD, BOTH, 0, 1, AT(aws_http),
     "Where an AWS_ENDPOINT_URL without TLS (http:) may be.  With \"anywhere\", anyone on the path can "
     "read and change the requests to the stores."},
    {"SECRETS_CLOUDFRONT_KEY", "KEY", "", SETTINGS_TEXT, SETTINGS_FUNCTION, 0, 256, AT(cloudfront_key),
     "The value of X-Secrets-CloudFront-Key that CloudFront sends.  With it, "
     "CloudFront-Viewer-Address is trusted, and the rates of each client are limited."},
    {"SECRETS_PATH_PREFIX", "PATH", "", SETTINGS_TEXT, SETTINGS_FUNCTION, 0, 255, AT(path_prefix),
     "Path below which the gateway or the load balancer has the service: /share."},
    {"SECRETS_BRAND", "DIRECTORY", "", SETTINGS_TEXT, BOTH, 0, 1024, AT(brand),
     "Directory with brand.json and the logo of the operator, which the page shows: name, colours, "
     "note, links, and addresses to sign in and to report a link."},
    {"SECRETS_SANDBOX", "off|on|required", "on", SETTINGS_WORD, SETTINGS_SERVER, 0, 2, AT(sandbox),
     "Give up all paths but the data directory, and all system calls that serving does not need.  "
     "If the kernel cannot, \"on\" reports that in the log, and \"required\" stops the start."},
    {"SECRETS_ALLOW_ROOT", "off|on", "off", SETTINGS_WORD, SETTINGS_SERVER, 0, 1, AT(allow_root),
     "Allow running as root.  By default secretsd refuses to start as root, and a server never "
     "needs it."},
    {"SECRETS_LOG", "logfmt|json", "logfmt", SETTINGS_WORD, SETTINGS_SERVER, 0, 1, AT(log_format),
     "Format of the log."},
    {"SECRETS_LOG_LEVEL", "debug|info|warn|error", "info", SETTINGS_WORD, SETTINGS_SERVER, 0, 3, AT(log_level),
     "Lowest level that is logged.  Requests have the level info."},
};
/* clang-format on */

const struct setting *
settings_table(size_t *count) {
    *count = ARRAY_LEN(table);
    return table;
}

/* Find ${value} among the words of ${argument}: ${out} gets its place. */
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

static bool
has_addresses(const struct setting *t) {
    return t->kind == SETTINGS_PAGE || t->kind == SETTINGS_HOSTS || t->kind == SETTINGS_ORIGINS;
}

static int parse_setting(const struct setting *t, const char *value, struct settings *s);

/* Set ${t}, which has addresses, from ${value} with letters that are not ASCII. */
static int
parse_encoded(const struct setting *t, const char *value, struct settings *s) {
    struct buf text = BUF_INIT(sizeof(s->origins.text) - 1);
    int err = idn_encode_list(value, &text);
    const char *ascii = buf_text(&text);

    if (err == 0 && t->kind == SETTINGS_PAGE) {
        int n = snprintf(s->page_text, sizeof(s->page_text), "%s", ascii);
        if (n < 0 || (size_t)n >= sizeof(s->page_text)) err = ERR_INVALID;
        ascii = s->page_text;
    }
    if (err == 0) err = parse_setting(t, ascii, s);
    buf_free(&text);
    return err;
}

static int
parse_setting(const struct setting *t, const char *value, struct settings *s) {
    void *at = (char *)s + t->offset;
    size_t len = strlen(value);
    if (has_addresses(t) && !idn_is_ascii(value)) return parse_encoded(t, value, s);

    /* Kinds with a parser of their own. */
    switch (t->kind) {
    case SETTINGS_NUMBER: return parse_number(value, len, t->min, t->max, at);
    case SETTINGS_SIZE: return parse_size(value, t->min, t->max, at);
    case SETTINGS_ORIGINS: return origins_parse(value, at);
    case SETTINGS_HOSTS: return hosts_parse(value, at);
    case SETTINGS_NETWORKS: return http_trusted_parse(value, at);
    case SETTINGS_CREATORS: return creators_parse(value, at);
    case SETTINGS_USER_PROXIES: return http_user_proxies_parse(value, at);
    case SETTINGS_USER_HEADER:
        if (len > 0 && !http_user_is_header(value)) return ERR_INVALID;
        break;
    case SETTINGS_WORD: return parse_word(t->argument, value, at);
    case SETTINGS_PAGE:
        if (len > 0 && !origins_is_page(value)) return ERR_INVALID;
        break;
    case SETTINGS_TEXT:
    case SETTINGS_LINES: break;
    }

    /* Texts are kept as they are. */
    if (len < (size_t)t->min || len > (size_t)t->max) return ERR_INVALID;
    if (t->kind != SETTINGS_LINES && utf8_has_control(value, len)) return ERR_INVALID;
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

/* Add to ${text} what a value of ${t} looks like. */
static int
print_form(const struct setting *t, struct buf *text) {
    int err = 0;
    switch (t->kind) {
    /* Both limits in units of their own. */
    case SETTINGS_SIZE:
        err |= buf_add_text(text, "a size (bytes, or with KiB, MiB, GiB, TiB) from ");
        err |= print_size(text, t->min);
        err |= buf_add_text(text, " to ");
        return err | print_size(text, t->max);

    case SETTINGS_NUMBER:
        return buf_printf(text, "a number from %lld to %lld", (long long)t->min, (long long)t->max);
    case SETTINGS_ORIGINS:
        return buf_printf(text, "at most %d origins such as https://example.org", ORIGINS_MAX);
    case SETTINGS_HOSTS:
        return buf_printf(text, "at most %d names such as share.example.org", HOSTS_MAX);
    case SETTINGS_NETWORKS:
        return buf_printf(text, "at most %d addresses or networks such as 192.0.2.0/24",
                          HTTP_TRUSTED_MAX);
    case SETTINGS_CREATORS:
        return buf_printf(text, "anyone, nobody, or a list of token, user and at most %d networks",
                          HTTP_TRUSTED_MAX);
    case SETTINGS_USER_PROXIES:
        return buf_printf(text, "the word unix, and at most %d addresses or networks",
                          HTTP_TRUSTED_MAX);
    case SETTINGS_USER_HEADER:
        return buf_add_text(text, "the name of a header that has no other use, such as "
                                  "X-Forwarded-User");
    case SETTINGS_PAGE: return buf_add_text(text, "an address such as https://example.org/");
    case SETTINGS_WORD: return buf_printf(text, "one of %s", t->argument);
    case SETTINGS_TEXT:
    case SETTINGS_LINES: break;
    }
    return buf_printf(text, "a text of %lld to %lld characters", (long long)t->min,
                      (long long)t->max);
}

int
settings_set(struct settings *s, const struct setting *t, const char *value, const char *name,
             struct buf *reason) {
    if (parse_setting(t, value, s) == 0) return 0;
    int err = buf_printf(reason, "%s: \"%.80s\" is not understood: expected ", name, value);
    err |= print_form(t, reason);
    (void)err; /* a reason that is cut is better than none */
    return ERR_CONFIG;
}

void
settings_defaults(struct settings *s, int64_t cores) {
    *s = (struct settings){.kdf_threads = cores};
    if (cores < 1) s->kdf_threads = 1;
    if (cores > KDF_THREADS_MAX) s->kdf_threads = KDF_THREADS_MAX;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct setting *t = &table[i];
        if (t->kind == SETTINGS_NUMBER && t->fallback[0] == '\0') continue;
        (void)parse_setting(t, t->fallback, s); /* a unit test parses each default */
    }
}

/* The setting of ${program} whose variable is the ${len} characters at ${name}, or NULL. */
static const struct setting *
find_setting(enum settings_program program, const char *name, size_t len) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct setting *t = &table[i];
        if ((t->programs & program) == 0) continue;
        if (strlen(t->variable) == len && memcmp(t->variable, name, len) == 0) return t;
    }
    return NULL;
}

/* Return whether the variable ${name} of ${len} characters is read by secrets(1).  The same shell
 * may start the server. */
static bool
is_of_client(const char *name, size_t len) {
    return len == strlen("SECRETS_SERVER") && strncmp(name, "SECRETS_SERVER", len) == 0;
}

int
settings_environment(struct settings *s, enum settings_program program, char *const env[],
                     struct buf *reason) {
    for (; *env != NULL; env++) {
        size_t len = strcspn(*env, "=");
        const struct setting *t = find_setting(program, *env, len);
        bool ours = strncmp(*env, PREFIX, strlen(PREFIX)) == 0 && !is_of_client(*env, len);
        if (t == NULL && ours) {
            if (len > 80) len = 80;
            (void)!buf_printf(reason, "there is no setting of this name: %.*s", (int)len, *env);
            return ERR_CONFIG;
        }

        if (t == NULL || (*env)[len] == '\0') continue;
        const char *value = *env + len + 1;
        if (value[0] == '\0' && program == SETTINGS_FUNCTION) continue;
        int err = settings_set(s, t, value, t->variable, reason);
        if (err != 0) return err;
    }
    return 0;
}
