/* SPDX-License-Identifier: MIT */
#include "store/cloud.h"

#include <unistd.h>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/envelope_header.h"
#include "store/blobs_s3.h"
#include "store/dynamodb.h"

struct cloud {
    struct aws_env env;
    struct http_client *client;
    struct aws_transport transport;
    struct aws_credentials *credentials;
};

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

struct cloud *
cloud_new(const struct aws_env *env, int connections) {
    struct cloud *c = calloc(1, sizeof(*c));
    if (c == NULL) return NULL;
    struct http_client_options options = {.user_agent = "ephemeral-secrets/" VERSION,
                                          .ca_file = find_bundle(env),
                                          .idle_max = connections};
    c->env = *env;
    c->client = http_client_new(&options);
    if (c->client != NULL) {
        c->transport = aws_transport_http(c->client);
        struct aws_credentials_options credentials = {c->env, c->transport, clock_system};
        c->credentials = aws_credentials_new(&credentials);
    }
    if (c->credentials != NULL) return c;
    cloud_free(c);
    return NULL;
}

void
cloud_free(struct cloud *c) {
    if (c == NULL) return;
    aws_credentials_free(c->credentials);
    http_client_free(c->client);
    free(c);
}

void
cloud_warm(struct cloud *c) {
    struct aws_keys keys;
    (void)!aws_credentials_get(c->credentials, &keys);
    explicit_bzero(&keys, sizeof(keys));
}

bool
cloud_parts_fit(uint64_t file_max, uint64_t part_size) {
    uint64_t plain = 4 + ENVELOPE_METADATA_MAX + file_max;
    uint64_t size = envelope_sealed_len(envelope_padded_len(plain));
    return (size + part_size - 1) / part_size <= DYNAMODB_PARTS_MAX;
}

int
cloud_open_store(struct cloud *c, const char *table, const char *bucket, struct store **out,
                 const char **wrong) {
    struct dynamodb_options o = {.env = c->env,
                                 .credentials = c->credentials,
                                 .transport = c->transport,
                                 .clock = clock_system,
                                 .random = random_system,
                                 .table = table,
                                 .bucket = bucket};
    return dynamodb_open(&o, out, wrong);
}

int
cloud_open_blobs(struct cloud *c, const char *bucket, const char *sse, struct blobs **out,
                 const char **wrong) {
    struct blobs_s3_options o = {.env = c->env,
                                 .credentials = c->credentials,
                                 .transport = c->transport,
                                 .clock = clock_system,
                                 .random = random_system,
                                 .bucket = bucket,
                                 .sse = sse};
    return blobs_s3_open(&o, out, wrong);
}
