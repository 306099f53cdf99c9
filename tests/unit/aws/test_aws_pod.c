/* SPDX-License-Identifier: MIT */
/* Credentials in a pod of Kubernetes: those of its service account, and never those of the node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/text/json.h"
#include "scripted_aws.h"

#define NOON 1767355200 /* 2026-01-02T12:00:00Z */

#define NODE_KEYS                                                                                  \
    "{\"AccessKeyId\":\"AKNODE\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","                       \
    "\"Expiration\":\"2026-01-02T18:00:00Z\"}"

/* The keys that ${w} gives have ${id}.  NULL: it gives none. */
static void
expect_keys(struct scripted_aws *w, const char *id) {
    const struct aws_credentials_config config = {scripted_env(w), scripted_transport(w),
                                                  scripted_clock(w)};
    struct aws_credentials *c = aws_credentials_new(&config);
    struct aws_keys keys;
    assert_non_null(c);

    int err = aws_credentials_get(c, &keys);
    aws_credentials_free(c);
    if (id == NULL) {
        assert_int_not_equal(err, 0);
        return;
    }
    assert_int_equal(err, 0);
    assert_string_equal(keys.id, id);
    assert_int_equal(keys.expires, NOON + 6 * 3600);
}

#define STS_KEYS                                                                                   \
    "<AssumeRoleWithWebIdentityResponse "                                                          \
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<AssumeRoleWithWebIdentityResult>\n"    \
    "<Credentials><SessionToken>tok</SessionToken><SecretAccessKey>s/3+c</SecretAccessKey>\n"      \
    "<Expiration>2026-01-02T18:00:00Z</Expiration><AccessKeyId>AKWEB</AccessKeyId></Credentials>"  \
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

/* A pod of EKS with a service account: the node has keys as well, which are never asked for. */
static void
a_web_identity_is_exchanged_at_sts(void **state) {
    (void)state;
    char path[] = "/tmp/aws-identity-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "jwt.a+b\n", 8) == 8);
    (void)close(fd);

    struct scripted_aws w = {
        .variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", path},
                      {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                      {"AWS_REGION", "eu-central-1"},
                      {"KUBERNETES_SERVICE_HOST", "10.0.0.1"}},
        .responses = {{.url = "https://sts.eu-central-1.amazonaws.com/",
                       .status = 200,
                       .want_field = "Content-Type",
                       .want_value = "application/x-www-form-urlencoded",
                       .want_body = "Action=AssumeRoleWithWebIdentity"
                                    "&Version=2011-06-15"
                                    "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
                                    "&RoleSessionName=secretsd"
                                    "&WebIdentityToken=jwt.a%2Bb",
                       .body = STS_KEYS}},
        .response_count = 1,
        .strict = true,
        .now = NOON};
    expect_keys(&w, "AKWEB");

    /* What is wrong ends the search. */
    static const struct scripted_response bad[] = {
        {.status = 400, .body = "<Error><Code>InvalidIdentityToken</Code></Error>"},
        {.status = 403, .body = "<html>"},
        {.status = 200, .body = "<AccessKeyId>AK</AccessKeyId>"},
        {.failure = HTTP_FAILURE_CONNECT},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        w.responses[0] = bad[i];
        w.asked = 0;
        expect_keys(&w, NULL);
        assert_int_equal(w.asked, 1);
    }

    w.asked = 0;
    w.variables[1][0] = "OTHER";
    expect_keys(&w, NULL); /* no role */
    assert_int_equal(unlink(path), 0);
    w.variables[1][0] = "AWS_ROLE_ARN";
    expect_keys(&w, NULL); /* no token */
    assert_int_equal(w.asked, 0);
}

/* Every pod of a node gets the node's keys, so they are taken only if somebody asks for them. */
static void
in_a_pod_the_keys_of_the_node_are_not_taken(void **state) {
    (void)state;
    struct scripted_aws w = {
        .variables = {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}, .strict = true, .now = NOON};
    expect_keys(&w, NULL);
    assert_int_equal(w.asked, 0);

    struct scripted_aws asked = {.variables = {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
                                               {"AWS_EC2_METADATA_DISABLED", "false"}},
                                 .responses = {{.status = 200, .body = "session"},
                                               {.status = 200, .body = "role"},
                                               {.status = 200, .body = NODE_KEYS}},
                                 .response_count = 3,
                                 .strict = true,
                                 .now = NOON};
    expect_keys(&asked, "AKNODE");
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_web_identity_is_exchanged_at_sts),
        cmocka_unit_test(in_a_pod_the_keys_of_the_node_are_not_taken),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
