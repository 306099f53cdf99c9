/* SPDX-License-Identifier: MIT */
/* Credentials, endpoints and signed calls, against scripted responses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials_source.h"
#include "aws/endpoint.h"
#include "aws/service.h"
#include "base/err.h"
#include "scripted_aws.h"

#define KEYS(id, when)                                                                             \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"s3cret\","             \
    "\"Token\":\"tok\",\"Expiration\":\"" when "\"}"
#define NOON 1767355200 /* 2026-01-02T12:00:00Z */

static struct aws_credentials *
credentials_of(struct scripted_aws *w) {
    struct aws_credentials_config o = {scripted_env(w), scripted_transport(w), scripted_clock(w)};
    struct aws_credentials *c = aws_credentials_new(&o);
    assert_non_null(c);
    return c;
}

static void
expect_keys(struct scripted_aws *w, const char *id) {
    struct aws_credentials *c = credentials_of(w);
    struct aws_keys keys;
    int err = aws_credentials_get(c, &keys);
    if (id != NULL) {
        assert_int_equal(err, 0);
        assert_string_equal(keys.id, id);
    } else {
        assert_int_not_equal(err, 0);
        assert_string_equal(keys.secret, "");
    }
    aws_credentials_free(c);
}

static void
environment_comes_first(void **state) {
    (void)state;
    struct scripted_aws w = {.variables = {{"AWS_ACCESS_KEY_ID", "AKENV"},
                                           {"AWS_SECRET_ACCESS_KEY", "s"},
                                           {"AWS_SESSION_TOKEN", "t"},
                                           {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}}};
    expect_keys(&w, "AKENV");
    assert_int_equal(w.asked, 0);
}

static void
container_is_asked_with_its_token(void **state) {
    (void)state;
    char path[] = "/tmp/aws-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "from-file\n", 10) == 10);
    (void)close(fd);
    struct scripted_aws w = {.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"}},
                             .responses = {{.url = "http://169.254.170.2/v2/creds",
                                            .status = 200,
                                            .body = KEYS("AKCONT", "2026-01-02T18:00:00Z")}},
                             .response_count = 1,
                             .now = NOON};
    expect_keys(&w, "AKCONT");
    struct scripted_aws full = {
        .variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:99/c"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path}},
        .responses = {{.url = "http://127.0.0.1:99/c",
                       .status = 200,
                       .want_field = "Authorization",
                       .want_value = "from-file",
                       .body = KEYS("AKFULL", "2026-01-02T18:00:00Z")}},
        .response_count = 1,
        .now = NOON};
    expect_keys(&full, "AKFULL");
    (void)unlink(path);
}

/* Whether one of the paths for ${token} is ${path}, or, with NULL, none but its own. */
static bool
opens(const char *token, const char *path) {
    struct scripted_aws w = {.variables = {{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token}}};
    struct aws_env env = scripted_env(&w);
    struct buf paths[AWS_CREDENTIALS_PATHS];
    bool seen = false, others = false;
    assert_int_equal(aws_credentials_paths(&env, paths), 0);
    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++) {
        const char *text = buf_text(&paths[i]);
        seen |= strcmp(text, path != NULL ? path : token) == 0;
        others |= text[0] != '\0' && strcmp(text, token) != 0;
        buf_free(&paths[i]);
    }
    return seen && (path != NULL || !others);
}

/* If the directory has subdirectories, as the root has, the sandbox opens only the file. */
static void
the_folder_of_a_token_is_opened_if_it_is_flat(void **state) {
    (void)state;
    char folder[] = "/tmp/aws-folder-XXXXXX", token[64], inner[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(token, sizeof(token), "%s/token", folder);
    (void)snprintf(inner, sizeof(inner), "%s/..data", folder); /* as Kubernetes has it */
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_true(opens(token, token) && opens(token, folder));
    assert_int_equal(rmdir(inner), 0);
    (void)snprintf(inner, sizeof(inner), "%s/other", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_true(opens(token, NULL));
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(folder), 0);
    static const char *const wide[] = {"/token",        "//token",    "/./token",
                                       "/tmp/../token", "/etc/token", "token"};
    for (size_t i = 0; i < ARRAY_LEN(wide); i++)
        assert_true(opens(wide[i], NULL));
}

/* A key stands in a header of each request: a line end in it would add another header. */
static void
keys_hold_nothing_that_ends_a_header(void **state) {
    (void)state;
    static const char *const bad[] = {"A\\r\\nX: y", "A B", "A\\u0000", "A\\u007f", "\\u00e4", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf json = BUF_INIT(1024);
        struct aws_keys keys;
        assert_int_equal(buf_printf(&json,
                                    "{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"s\", "
                                    "\"Token\": \"%s\", \"Expiration\": \"2026-01-02T18:00:00Z\"}",
                                    bad[i]),
                         0);
        assert_int_equal(aws_credentials_parse_json(&json, &keys), ERR_STORE);
        buf_free(&json);
    }
}

static void
keys_are_not_asked_for_at_strange_hosts(void **state) {
    (void)state;
    static const char *const bad[] = {"http://example.com/c",
                                      "http://127.0.0.1.example.com/",
                                      "http://127.0.0.1@example.com/",
                                      "ftp://127.0.0.1/",
                                      "http://[::2]/",
                                      "http://[::1].example/"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct scripted_aws w = {.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", bad[i]}},
                                 .now = NOON};
        expect_keys(&w, NULL);
        assert_int_equal(w.asked, 0);
    }
}

static void
instance_is_asked_by_version_two(void **state) {
    (void)state;
    struct scripted_aws w = {.responses = {{.url = "http://169.254.169.254/latest/api/token",
                                            .status = 200,
                                            .want_field = "X-aws-ec2-metadata-token-ttl-seconds",
                                            .want_value = "21600",
                                            .body = "session"},
                                           {.status = 200,
                                            .want_field = "X-aws-ec2-metadata-token",
                                            .want_value = "session",
                                            .body = "my-role\n"},
                                           {.url = "http://169.254.169.254/latest/meta-data/iam/"
                                                   "security-credentials/my-role",
                                            .status = 200,
                                            .want_field = "X-aws-ec2-metadata-token",
                                            .want_value = "session",
                                            .body = KEYS("AKINST", "2026-01-02T18:00:00Z")}},
                             .response_count = 3,
                             .strict = true,
                             .now = NOON};
    expect_keys(&w, "AKINST");
}

static void
profile_is_the_last_resort(void **state) {
    (void)state;
    char path[] = "/tmp/aws-profile-XXXXXX";
    static const char text[] = "# comment\n[other]\naws_access_key_id = NO\n\n[ work ]\r\n"
                               "aws_access_key_id=AKPROF\r\n aws_secret_access_key = a=b/c \n"
                               "region = x\n[more]\naws_access_key_id = NO\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
    (void)close(fd);
    struct scripted_aws w = {
        .variables = {{"AWS_SHARED_CREDENTIALS_FILE", path}, {"AWS_PROFILE", "work"}},
        .responses = {{.failure = HTTP_FAILURE_CONNECT}},
        .response_count = 1};
    expect_keys(&w, "AKPROF");
    assert_int_equal(w.asked, 1);
    struct scripted_aws off = {.variables = {{"AWS_SHARED_CREDENTIALS_FILE", path},
                                             {"AWS_EC2_METADATA_DISABLED", "true"}}};
    expect_keys(&off, NULL); /* no such profile */
    (void)unlink(path);
    struct aws_keys keys = {0};
    assert_int_equal(aws_credentials_parse_profile(text, "work", &keys), 1);
    assert_string_equal(keys.secret, "a=b/c");
    keys = (struct aws_keys){0};
    assert_int_equal(aws_credentials_parse_profile(text, "other", &keys), ERR_STORE);
    assert_int_equal(aws_credentials_parse_profile(text, "none", &keys), 0);
}

static void
keys_are_cached_and_renewed_before_they_lapse(void **state) {
    (void)state;
    struct scripted_aws w = {
        .variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}},
        .responses = {{.status = 200, .body = KEYS("AK1", "2026-01-02T13:00:00Z")},
                      {.status = 500, .body = "oops"},
                      {.status = 200, .body = KEYS("AK2", "2026-01-02T14:00:00Z")},
                      {.status = 500, .body = "oops"}},
        .response_count = 4,
        .now = NOON};
    struct aws_credentials *c = credentials_of(&w);
    struct aws_keys keys;
    static const struct {
        int64_t after;
        const char *id; /* NULL: an error */
        int asked;
    } steps[] = {{0, "AK1", 1},    {3299, "AK1", 1}, {3300, "AK1", 2}, /* renewal fails: goes on */
                 {3310, "AK1", 2}, {3331, "AK2", 3}, {6899, "AK2", 3},
                 {6900, "AK2", 4}, {7199, "AK2", 5}, {7200, NULL, 6}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        w.now = NOON + steps[i].after;
        int err = aws_credentials_get(c, &keys);
        assert_int_equal(err == 0, steps[i].id != NULL);
        if (err == 0) assert_string_equal(keys.id, steps[i].id);
        assert_int_equal(w.asked, steps[i].asked);
    }
    aws_credentials_free(c);
}

static void *
get_in_thread(void *arg) {
    struct aws_keys keys;
    return (void *)(intptr_t)aws_credentials_get(arg, &keys);
}

static void
many_threads_make_one_fetch(void **state) {
    (void)state;
    struct scripted_aws w = {
        .variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}},
        .responses = {{.status = 200, .body = KEYS("AK1", "2026-01-02T13:00:00Z")}},
        .response_count = 1,
        .now = NOON};
    struct aws_credentials *c = credentials_of(&w);
    pthread_t threads[16];
    (void)pthread_mutex_lock(&w.lock); /* holds the first fetch until all threads are there */
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_in_thread, c), 0);
    (void)pthread_mutex_unlock(&w.lock);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *err = NULL;
        assert_int_equal(pthread_join(threads[i], &err), 0);
        assert_null(err);
    }
    assert_int_equal(w.asked, 1);
    aws_credentials_free(c);
}

static void
endpoints_are_found(void **state) {
    (void)state;
    static const struct {
        const char *variables[SCRIPTED_VARIABLES][2];
        const char *service, *url, *host, *region, *wrong; /* url NULL: ERR_CONFIG */
    } cases[] = {
        {{{"AWS_REGION", "eu-central-1"}},
         "dynamodb",
         "https://dynamodb.eu-central-1.amazonaws.com",
         "dynamodb.eu-central-1.amazonaws.com",
         "eu-central-1",
         NULL},
        {{{"AWS_DEFAULT_REGION", "cn-north-1"}},
         "s3",
         "https://s3.cn-north-1.amazonaws.com.cn",
         "s3.cn-north-1.amazonaws.com.cn",
         "cn-north-1",
         NULL},
        {{{"AWS_ENDPOINT_URL", "http://127.0.0.1:4567/"}},
         "s3",
         "http://127.0.0.1:4567",
         "127.0.0.1:4567",
         "us-east-1",
         NULL},
        {{{"AWS_ENDPOINT_URL", "https://a"}, {"AWS_ENDPOINT_URL_S3", "https://b:443"}},
         "s3",
         "https://b",
         "b",
         "us-east-1",
         NULL},
        {{{"AWS_ENDPOINT_URL_S3", "https://b"}, {"AWS_ENDPOINT_URL", "http://[::1]:80"}},
         "dynamodb",
         "http://[::1]",
         "[::1]",
         "us-east-1",
         NULL},
        {{{NULL, NULL}}, "dynamodb", NULL, NULL, NULL, "AWS_REGION"},
        {{{"AWS_REGION", "eu central"}}, "s3", NULL, NULL, NULL, "AWS_REGION"},
        {{{"AWS_ENDPOINT_URL", "ftp://a"}}, "s3", NULL, NULL, NULL, "AWS_ENDPOINT_URL"},
        {{{"AWS_ENDPOINT_URL", "https://a/path"}},
         "dynamodb",
         NULL,
         NULL,
         NULL,
         "AWS_ENDPOINT_URL"},
        {{{"AWS_ENDPOINT_URL", "https://a/b"}}, "s3", "https://a", "a", "us-east-1", NULL},
        {{{"AWS_ENDPOINT_URL", "https://a/b//c"}}, "s3", NULL, NULL, NULL, "AWS_ENDPOINT_URL"},
        {{{"AWS_ENDPOINT_URL", "https://a/b/../c"}}, "s3", NULL, NULL, NULL, "AWS_ENDPOINT_URL"},
        {{{"AWS_ENDPOINT_URL", "https://a/b?c"}}, "s3", NULL, NULL, NULL, "AWS_ENDPOINT_URL"},
        {{{"AWS_ENDPOINT_URL", "http://a:0"}}, "s3", NULL, NULL, NULL, "AWS_ENDPOINT_URL"},
        {{{"AWS_ENDPOINT_URL_S3", "http://"}}, "s3", NULL, NULL, NULL, "AWS_ENDPOINT_URL_S3"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scripted_aws w = {0};
        struct aws_endpoint e;
        struct buf reason = BUF_INIT(256);
        memcpy(w.variables, cases[i].variables, sizeof(w.variables));
        struct aws_env env = scripted_env(&w);
        int err = aws_endpoint_find(&env, cases[i].service, false, &e, &reason);
        assert_int_equal(err, cases[i].url != NULL ? 0 : ERR_CONFIG);
        if (err != 0) {
            size_t len = strlen(cases[i].wrong);
            assert_memory_equal(buf_text(&reason), cases[i].wrong, len);
            assert_int_equal(reason.data[len], ':');
            buf_free(&reason);
            continue;
        }
        assert_string_equal(e.url, cases[i].url);
        assert_string_equal(e.host, cases[i].host);
        assert_string_equal(e.region, cases[i].region);
    }
}

/* Without TLS only on this machine, unless that is allowed explicitly. */
static void
plain_http_stays_on_this_machine(void **state) {
    static const struct {
        const char *url;
        bool here;
    } cases[] = {
        {"http://127.0.0.1:9000", true},      {"http://127.255.1.2", true},
        {"http://localhost:9000/", true},     {"http://LOCALHOST", true},
        {"http://[::1]:9000", true},          {"https://minio.example", true},
        {"http://minio:9000", false},         {"http://10.0.0.1", false},
        {"http://127.0.0.1.example", false},  {"http://localhost.example", false},
        {"http://[fe80::1]:9000", false},     {"http://128.0.0.1", false},
        {"http://127.evil.example:1", false}, {"http://[::1].example", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scripted_aws w = {.variables = {{"AWS_ENDPOINT_URL", cases[i].url}}};
        struct aws_env env = scripted_env(&w);
        struct aws_endpoint e;
        struct buf reason = BUF_INIT(256);
        print_message("  %s\n", cases[i].url);
        int want = cases[i].here ? 0 : ERR_CONFIG;
        assert_int_equal(aws_endpoint_find(&env, "s3", false, &e, &reason), want);
        assert_int_equal(strstr(buf_text(&reason), "SECRETS_AWS_HTTP") == NULL, cases[i].here);
        assert_int_equal(aws_endpoint_find(&env, "s3", true, &e, &reason), 0);
        buf_free(&reason);
    }
}

/* Send a request in ${w}.  ${behind}, if not NULL, gets how far the clock is behind by then. */
static int
call_and_look(struct scripted_aws *w, struct http_client_response *resp, int64_t *behind) {
    struct aws_credentials *c = credentials_of(w);
    struct aws_service s = {.name = "dynamodb",
                            .endpoint = {.url = "http://h", .host = "h", .region = "eu-central-1"},
                            .credentials = c,
                            .transport = scripted_transport(w),
                            .clock = scripted_clock(w),
                            .random = random_system};
    struct aws_call get = {
        .method = HTTP_POST, .path = "/", .query = "", .body = "{}", .body_len = 2};
    int err = aws_service_call(&s, &get, resp);
    if (behind != NULL) *behind = aws_service_time(&s, 0);
    aws_credentials_free(c);
    return err;
}

static int
call(struct scripted_aws *w, struct http_client_response *resp) {
    return call_and_look(w, resp, NULL);
}

/* A proxy that answers in place of the service has a clock of its own. */
static void
only_what_the_service_did_tells_its_time(void **state) {
    static const struct {
        int status, behind;
    } cases[] = {{200, 3600}, {400, 0}, {404, 0}, {403, 0}, {302, 0}, {502, 0}, {503, 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_client_response resp = {.body = BUF_INIT(4096)};
        struct scripted_aws w = {
            .variables = {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
            .responses = {{.status = cases[i].status,
                           .date = "Fri, 02 Jan 2026 13:00:00 GMT",
                           .body = "{}"}},
            .response_count = 1,
            .now = NOON};
        int64_t behind = -1;
        assert_int_equal(call_and_look(&w, &resp, &behind), 0);
        assert_int_equal(resp.status, cases[i].status);
        assert_int_equal(behind, cases[i].behind);
        buf_free(&resp.body);
    }
}

static void
calls_mend_lapsed_keys_and_a_wrong_clock(void **state) {
    (void)state;
    struct http_client_response resp = {.body = BUF_INIT(4096)};
    struct scripted_aws lapsed = {
        .variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}},
        .responses = {{.status = 200, .body = KEYS("AK1", "2026-01-02T13:00:00Z")},
                      {.url = "http://h/",
                       .status = 400,
                       .body = "{\"__type\":\"x#ExpiredTokenException\"}"},
                      {.status = 200, .body = KEYS("AK2", "2026-01-02T13:00:00Z")},
                      {.url = "http://h/", .status = 200, .body = "{}"}},
        .response_count = 4,
        .strict = true,
        .now = NOON};
    assert_int_equal(call(&lapsed, &resp), 0);
    assert_int_equal(resp.status, 200);
    assert_non_null(strstr(lapsed.last_authorization, "AK2/20260102/eu-central-1/dynamodb"));
    struct scripted_aws skewed = {
        .variables = {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
        .responses =
            {{.status = 400,
              .date = "Sat, 03 Jan 2026 12:00:00 GMT",
              .body =
                  "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"Signature expired\"}"},
             {.status = 200, .body = "{}"}},
        .response_count = 2,
        .strict = true,
        .now = NOON};
    assert_int_equal(call(&skewed, &resp), 0);
    assert_int_equal(resp.status, 200);
    assert_non_null(strstr(skewed.last_authorization, "AK/20260103/"));
    buf_free(&resp.body);
}

static void
calls_tell_what_may_have_happened(void **state) {
    (void)state;
    static const struct {
        enum http_failure failure;
        bool sent;
        int err;
    } cases[] = {{HTTP_FAILURE_CONNECT, false, ERR_STORE},
                 {HTTP_FAILURE_TLS, false, ERR_STORE},
                 {HTTP_FAILURE_TIMEOUT, true, ERR_UNKNOWN_OUTCOME},
                 {HTTP_FAILURE_TIMEOUT, false, ERR_STORE},
                 {HTTP_FAILURE_RESET, true, ERR_UNKNOWN_OUTCOME},
                 {HTTP_FAILURE_TOO_LARGE, true, ERR_TOO_LARGE}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_client_response resp = {.body = BUF_INIT(4096)};
        struct scripted_aws w = {
            .variables = {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s"}},
            .responses = {{.failure = cases[i].failure, .sent = cases[i].sent}},
            .response_count = 1,
            .now = NOON};
        assert_int_equal(call(&w, &resp), cases[i].err);
        buf_free(&resp.body);
    }
    struct http_client_response resp = {.body = BUF_INIT(4096)};
    struct scripted_aws none = {.variables = {{"AWS_EC2_METADATA_DISABLED", "true"}}};
    assert_int_equal(call(&none, &resp), ERR_STORE);
}

static void
retries_end(void **state) {
    (void)state;
    struct scripted_aws w = {.now = NOON};
    struct aws_service s = {.transport = scripted_transport(&w), .random = random_system};
    struct aws_retry r;
    int tries = 1;
    aws_retry_start(&r, &s);
    while (aws_retry_again(&r))
        tries++;
    assert_int_equal(tries, AWS_TRIES_MAX);
    assert_true(w.paused_ms <= AWS_RETRY_MS);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment_comes_first),
        cmocka_unit_test(container_is_asked_with_its_token),
        cmocka_unit_test(the_folder_of_a_token_is_opened_if_it_is_flat),
        cmocka_unit_test(keys_are_not_asked_for_at_strange_hosts),
        cmocka_unit_test(instance_is_asked_by_version_two),
        cmocka_unit_test(keys_hold_nothing_that_ends_a_header),
        cmocka_unit_test(profile_is_the_last_resort),
        cmocka_unit_test(keys_are_cached_and_renewed_before_they_lapse),
        cmocka_unit_test(many_threads_make_one_fetch),
        cmocka_unit_test(endpoints_are_found),
        cmocka_unit_test(plain_http_stays_on_this_machine),
        cmocka_unit_test(only_what_the_service_did_tells_its_time),
        cmocka_unit_test(calls_mend_lapsed_keys_and_a_wrong_clock),
        cmocka_unit_test(calls_tell_what_may_have_happened),
        cmocka_unit_test(retries_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
