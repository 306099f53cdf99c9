/* SPDX-License-Identifier: MIT */
/*
 * Requests that a service which verifies signatures accepts: tools/check-aws runs this on moto,
 * with right keys and with wrong ones.  STANDIN_S3 says where; without it there is nothing to ask.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws/service.h"
#include "base/text/json.h"

static const char *
get_variable(void *ctx, const char *name) {
    (void)ctx;
    char own[64];
    if (strncmp(name, "AWS_ENDPOINT_URL", 16) == 0) return getenv("STANDIN_S3");
    (void)snprintf(own, sizeof(own), "STANDIN_%s", name);
    return getenv(own);
}

/* Send one request; 2xx, and 404 of what is not there, are what a right signature gets. */
static void
expect_accepted(const char *name, const struct aws_call *call) {
    const struct aws_env env = {get_variable, NULL};
    struct buf reason = BUF_INIT(256);
    struct http_client_options options = {.idle_max = 1};
    struct http_client *client = http_client_new(&options);
    struct aws_credentials_config credentials = {env, aws_transport_http(client), clock_system};
    struct aws_service_config config = {.env = env,
                                        .credentials = aws_credentials_new(&credentials),
                                        .transport = aws_transport_http(client),
                                        .clock = clock_system,
                                        .random = random_system};
    struct aws_service s;
    struct http_client_response resp = {.body = BUF_INIT(1 << 20)};
    assert_int_equal(aws_service_init(&s, name, &config, &reason), 0);
    assert_int_equal(aws_service_call(&s, call, &resp), 0);
    if (resp.status / 100 != 2 && resp.status != 404)
        fail_msg("status %d: %.300s", resp.status, buf_text(&resp.body));
    buf_free(&resp.body);
    aws_credentials_free(s.credentials);
    http_client_free(client);
}

static void
signatures_are_accepted(void **state) {
    static const char list[] = "{}";
    static const struct http_field json[] = {{"Content-Type", "application/x-amz-json-1.0"},
                                             {"X-Amz-Target", "DynamoDB_20120810.ListTables"}};
    static const struct http_field put[] = {{"Content-Type", "application/octet-stream"},
                                            {"If-None-Match", "*"}};
    (void)state;
    if (getenv("STANDIN_S3") == NULL) {
        print_message("SKIP: STANDIN_S3 is not set (make check-aws)\n");
        skip();
    }
    const struct aws_call calls[] = {
        {.method = HTTP_POST,
         .path = "/",
         .query = "",
         .fields = json,
         .field_count = 2,
         .body = list,
         .body_len = 2},
        {.method = HTTP_PUT, .path = "/signed-bucket", .query = ""},
        {.method = HTTP_GET, .path = "/signed-bucket/", .query = "versioning="},
        {.method = HTTP_PUT,
         .path = "/signed-bucket/v1/Name/0",
         .query = "",
         .fields = put,
         .field_count = 2,
         .body = "\0\1\2",
         .body_len = 3},
        {.method = HTTP_GET, .path = "/signed-bucket/v1/Name/0", .query = ""},
        {.method = HTTP_GET, .path = "/signed-bucket/v1/None/0", .query = ""},
        {.method = HTTP_DELETE, .path = "/signed-bucket/v1/Name/0", .query = ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        expect_accepted(i == 0 ? "dynamodb" : "s3", &calls[i]);
}

int
main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(signatures_are_accepted)};
    json_setup();
    http_client_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
