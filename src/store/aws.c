/* SPDX-License-Identifier: MIT */
#include "store/aws.h"

#include <stdatomic.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "store/dynamodb/store.h"
#include "store/s3/blobs.h"

struct store_aws {
    struct aws_env env;
    struct http_client *client;
    struct aws_transport http;
    struct aws_transport transport; /* ${http} until the process stops */
    struct aws_credentials *credentials;
    atomic_bool stopping;
};

enum {
    PAUSE_STEP_MS = 50,
    ERASE_MS = 8 * 1000, /* with a sweep's own limit, shorter than the timeout of a function */
};

/* The HTTP client calls this about once a second. */
static int
continue_until_stop(void *ctx, uint64_t sent, uint64_t received) {
    const struct store_aws *aws = ctx;
    (void)sent, (void)received;
    return atomic_load(&aws->stopping) ? -1 : 0;
}

/* Send ${req}, whose body is in memory, and give up when the process stops. */
static enum http_failure
send_until_stop(void *ctx, const struct http_client_request *req,
                struct http_client_response *resp) {
    struct store_aws *aws = ctx;
    struct http_client_request until_stop = *req;
    until_stop.progress = continue_until_stop;
    until_stop.ctx = aws;
    return aws->http.send(aws->http.ctx, &until_stop, resp);
}

static void
pause_until_stop(void *ctx, int ms) {
    struct store_aws *aws = ctx;
    for (; ms > 0 && !atomic_load(&aws->stopping); ms -= PAUSE_STEP_MS) {
        int step = PAUSE_STEP_MS;
        if (step > ms) step = ms;
        aws->http.pause(aws->http.ctx, step);
    }
}

/* The file of the CA certificates: as the environment says, else Debian's or Amazon Linux's. */
static const char *
find_ca_bundle(const struct aws_env *env) {
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
    struct store_aws *aws = calloc(1, sizeof(*aws));
    if (aws == NULL) return NULL;

    aws->env = *env;
    struct http_client_options options = {.user_agent = "ephemeral-secrets/" VERSION,
                                          .ca_file = find_ca_bundle(env),
                                          .idle_max = connections};
    aws->client = http_client_new(&options);
    if (aws->client == NULL) goto fail;

    /* The credentials use the transport that gives up when the process stops. */
    aws->http = aws_transport_http(aws->client);
    aws->transport = (struct aws_transport){send_until_stop, pause_until_stop, aws};
    struct aws_credentials_config credentials = {aws->env, aws->transport, clock_system};
    aws->credentials = aws_credentials_new(&credentials);
    if (aws->credentials != NULL) return aws;

fail:
    store_aws_free(aws);
    return NULL;
}

void
store_aws_free(struct store_aws *aws) {
    if (aws == NULL) return;
    aws_credentials_free(aws->credentials);
    http_client_free(aws->client);
    free(aws);
}

void
store_aws_give_up(struct store_aws *aws) {
    atomic_store(&aws->stopping, true);
}

void
store_aws_warm(struct store_aws *aws) {
    struct aws_keys keys;
    (void)!aws_credentials_get(aws->credentials, &keys);
    explicit_bzero(&keys, sizeof(keys));
}

static struct aws_service_config
service_config(const struct store_config *config) {
    const struct store_aws *aws = config->aws;
    return (struct aws_service_config){.env = aws->env,
                                       .http_anywhere = config->aws_http_anywhere,
                                       .credentials = aws->credentials,
                                       .transport = aws->transport,
                                       .clock = clock_system,
                                       .random = random_system};
}

static bool
is_dynamodb_chosen(const struct store_config *config) {
    return config->dynamo_table[0] != '\0';
}

static int
open_dynamodb(const struct store_config *config, struct store **out, struct buf *reason) {
    const struct dynamodb_store_config dynamodb = {
        .aws = service_config(config), .table = config->dynamo_table, .bucket = config->s3_bucket};
    return dynamodb_store_open(&dynamodb, out, reason);
}

static bool
is_s3_chosen(const struct store_config *config) {
    return config->s3_bucket[0] != '\0';
}

static int
open_s3(const struct store_config *config, struct blobs **out, struct buf *reason) {
    struct s3_blobs_config s3 = {
        .aws = service_config(config), .bucket = config->s3_bucket, .erase_ms = ERASE_MS};
    if (config->s3_sse[0] != '\0') s3.sse = config->s3_sse;
    return s3_blobs_open(&s3, out, reason);
}

const struct store_backend store_aws_records = {
    .name = "DynamoDB",
    .place = STORE_IN_AWS,
    .is_chosen = is_dynamodb_chosen,
    .text_max = DYNAMODB_INLINE_MAX,
    .parts_max = DYNAMODB_PARTS_MAX,
    .open_records = open_dynamodb,
};

const struct store_backend store_aws_blobs = {
    .name = "S3",
    .place = STORE_IN_AWS,
    .is_chosen = is_s3_chosen,
    .open_blobs = open_s3,
};
