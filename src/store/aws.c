/* SPDX-License-Identifier: MIT */
#include "store/aws.h"

#include <stdatomic.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/envelope/header.h"
#include "store/dynamodb/store.h"
#include "store/s3/blobs.h"

struct store_aws {
    struct aws_env env;
    struct http_client *client;
    struct aws_transport http;
    struct aws_transport transport; /* the same, until the end comes */
    struct aws_credentials *credentials;
    atomic_bool ending;
};

enum {
    PAUSE_STEP_MS = 50,
    ERASE_MS = 8 * 1000, /* after the time for a sweep, and within what a function has */
};

/* For the HTTP client, about once a second. */
static int
go_on(void *ctx, uint64_t sent, uint64_t received) {
    (void)sent, (void)received;
    return atomic_load(&((struct store_aws *)ctx)->ending) ? -1 : 0;
}

/* Send ${req}, whose body is in memory, until the end comes. */
static enum http_failure
send_until_end(void *ctx, const struct http_client_request *req,
               struct http_client_response *resp) {
    struct store_aws *c = ctx;
    struct http_client_request until_end = *req;
    until_end.progress = go_on;
    until_end.ctx = c;
    return c->http.send(c->http.ctx, &until_end, resp);
}

static void
pause_until_end(void *ctx, int ms) {
    struct store_aws *c = ctx;
    for (; ms > 0 && !atomic_load(&c->ending); ms -= PAUSE_STEP_MS) {
        int step = ms < PAUSE_STEP_MS ? ms : PAUSE_STEP_MS;
        c->http.pause(c->http.ctx, step);
    }
}

/* Where bundles of authorities are: Debian's, then Amazon Linux's. */
static const char *
find_bundle(const struct aws_env *env) {
    static const char *const usual[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/certs/ca-bundle.crt"};
    const char *named = aws_env_get(env, "AWS_CA_BUNDLE");
    if (named == NULL) named = aws_env_get(env, "SSL_CERT_FILE");
    if (named != NULL) return named;
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (access(usual[i], R_OK) == 0) return usual[i];
    return NULL;
}

struct store_aws *
store_aws_new(const struct aws_env *env, int connections) {
    struct store_aws *c = calloc(1, sizeof(*c));
    if (c == NULL) return NULL;
    struct http_client_options options = {.user_agent = "ephemeral-secrets/" VERSION,
                                          .ca_file = find_bundle(env),
                                          .idle_max = connections};
    c->env = *env;
    c->client = http_client_new(&options);
    if (c->client != NULL) {
        c->http = aws_transport_http(c->client);
        c->transport = (struct aws_transport){send_until_end, pause_until_end, c};
        struct aws_credentials_options credentials = {c->env, c->transport, clock_system};
        c->credentials = aws_credentials_new(&credentials);
    }
    if (c->credentials != NULL) return c;
    store_aws_free(c);
    return NULL;
}

void
store_aws_free(struct store_aws *c) {
    if (c == NULL) return;
    aws_credentials_free(c->credentials);
    http_client_free(c->client);
    free(c);
}

void
store_aws_give_up(struct store_aws *c) {
    atomic_store(&c->ending, true);
}

void
store_aws_warm(struct store_aws *c) {
    struct aws_keys keys;
    (void)!aws_credentials_get(c->credentials, &keys);
    explicit_bzero(&keys, sizeof(keys));
}

bool
store_aws_parts_fit(uint64_t file_max, uint64_t part_size) {
    uint64_t plain = 4 + ENVELOPE_METADATA_MAX + file_max;
    uint64_t size = envelope_sealed_len(envelope_padded_len(plain));
    return (size + part_size - 1) / part_size <= DYNAMODB_PARTS_MAX;
}

int
store_aws_open_records(struct store_aws *c, const char *table, const char *bucket,
                       struct store **out, const char **wrong) {
    struct dynamodb_store_config o = {.env = c->env,
                                      .credentials = c->credentials,
                                      .transport = c->transport,
                                      .clock = clock_system,
                                      .random = random_system,
                                      .table = table,
                                      .bucket = bucket};
    return dynamodb_store_open(&o, out, wrong);
}

int
store_aws_open_blobs(struct store_aws *c, const char *bucket, const char *sse, struct blobs **out,
                     const char **wrong) {
    struct s3_blobs_config o = {.env = c->env,
                                .credentials = c->credentials,
                                .transport = c->transport,
                                .clock = clock_system,
                                .random = random_system,
                                .bucket = bucket,
                                .sse = sse,
                                .erase_ms = ERASE_MS};
    return s3_blobs_open(&o, out, wrong);
}
