/* SPDX-License-Identifier: MIT */
/* The contract of blob stores, on s3rver: plain, and with a front that honours conditions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "aws_standins.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "blobs_contract.h"
#include "store/s3/blobs.h"

static struct aws_standins *standins;
static char bucket[64];

/* What happens to the probes that find out whether conditions are honoured. */
static int probes;               /* that were sent */
static int lost_first, lost_end; /* the responses to these, counted from 1, are lost */
static bool conditional;         /* the last write of an object carried a condition */

/* Requests that erase, of many objects and of one; and what is answered to the first kind. */
static int posts, deletes;
static int digests;     /* of the first kind whose Content-MD5 is that of the body */
static int post_status; /* 0: they are sent on */
static const char *post_body;
static int erase_ms; /* of s3_blobs_config */

/* What the service answers to requests whose URL holds ${refused_url}; NULL: they are sent on. */
static const char *refused_url;
static int refused_status;
static const char *refused_body;
static bool refused_until_put; /* only until an object was put */

static bool
has_digest(const struct http_client_request *req) {
    uint8_t md5[16];
    char text[32];
    assert_int_equal(EVP_Digest(req->body, req->body_len, md5, NULL, EVP_md5(), NULL), 1);
    base64_encode_text(BASE64_STD, md5, sizeof(md5), text);
    const char *sent = aws_field(req, "Content-MD5");
    return sent != NULL && strcmp(sent, text) == 0;
}

static enum http_failure
send_or_lose(void *ctx, const struct http_client_request *req, struct http_client_response *resp) {
    if (refused_until_put && req->method == HTTP_PUT) refused_url = NULL;
    if (refused_url != NULL && strstr(req->url, refused_url) != NULL) {
        buf_reset(&resp->body);
        resp->status = refused_status;
        resp->sent = true;
        return buf_add_text(&resp->body, refused_body) == 0 ? HTTP_FAILURE_NONE
                                                            : HTTP_FAILURE_NOMEM;
    }
    posts += req->method == HTTP_POST;
    digests += req->method == HTTP_POST && has_digest(req);
    deletes += req->method == HTTP_DELETE;
    if (req->method == HTTP_POST && post_status != 0) {
        buf_reset(&resp->body);
        resp->status = post_status;
        resp->sent = true;
        return buf_add_text(&resp->body, post_body) == 0 ? HTTP_FAILURE_NONE : HTTP_FAILURE_NOMEM;
    }
    enum http_failure failure = aws_standins_send(ctx, req, resp);
    if (req->method != HTTP_PUT) return failure;
    conditional = aws_field(req, "If-None-Match") != NULL;
    if (strstr(req->url, "/probe/") == NULL) return failure;
    probes++;
    return probes < lost_first || probes >= lost_end ? failure : aws_lose_answer(resp);
}

static int
open_as(const char *sse, struct blobs **out, struct buf *reason) {
    struct s3_blobs_config o = {
        .aws = aws_standins_config(standins), .bucket = bucket, .sse = sse, .erase_ms = erase_ms};
    o.aws.transport = aws_standins_behind(standins, send_or_lose);
    return s3_blobs_open(&o, out, reason);
}

/* ${reason} begins with the setting ${name}.  Empties it. */
static void
assert_names(struct buf *reason, const char *name) {
    size_t len = strlen(name);
    assert_memory_equal(buf_text(reason), name, len);
    assert_int_equal(reason->data[len], ':');
    buf_free(reason);
}

static struct blobs *
open_bucket(void) {
    struct blobs *b = NULL;
    struct buf reason = BUF_INIT(256);
    int err = open_as(NULL, &b, &reason);
    buf_free(&reason);
    return err == 0 ? b : NULL;
}

static struct blobs *
open_new(void) {
    aws_standins_make(standins, "bucket", bucket);
    return open_bucket();
}

static struct blobs *
reopen(struct blobs *b) {
    b->ops->close(b);
    return open_bucket();
}

static void
finish(struct blobs *b) {
    b->ops->close(b);
}

/* What pysecrets would find and leave: one object named after the id, in base64. */
static void
classic_files_are_base64_under_their_id(void **state) {
    (void)state;
    struct blobs *b = open_new();
    struct buf got = BUF_INIT(100);
    char url[256];
    assert_non_null(b);
    assert_int_equal(b->ops->put(b, "KOofpBVFpcmjPJVG.enc", 0, "\x00\xff\x10 bytes", 9), 1);
    assert_int_equal(b->ops->get(b, "KOofpBVFpcmjPJVG.enc", 0, &got), 1);
    assert_true(buf_equals(&got, "\x00\xff\x10 bytes", 9));
    buf_free(&got);

    struct aws_transport t = aws_standins_transport(standins);
    struct aws_env env = aws_standins_env(standins);
    (void)snprintf(url, sizeof(url), "%s/%s/KOofpBVFpcmjPJVG.enc",
                   env.get(env.ctx, "AWS_ENDPOINT_URL_S3"), bucket);
    struct http_client_request req = {.method = HTTP_GET, .url = url};
    struct http_client_response resp = {.body = BUF_INIT(4096)};
    assert_int_equal(t.send(t.ctx, &req, &resp), HTTP_FAILURE_NONE);
    /* A service that asks for signatures does not show it like that. */
    if (resp.status != 403) assert_string_equal(buf_text(&resp.body), "AP8QIGJ5dGVz");
    buf_free(&resp.body);

    assert_int_equal(b->ops->erase(b, "KOofpBVFpcmjPJVG.enc", 0, 1), 0);
    assert_int_equal(b->ops->get(b, "KOofpBVFpcmjPJVG.enc", 0, &got), 0);
    buf_free(&got);
    b->ops->close(b);
}

static void
what_is_not_understood_is_refused(void **state) {
    (void)state;
    struct blobs *b = NULL;
    struct buf reason = BUF_INIT(256);
    aws_standins_make(standins, "bucket", bucket);
    assert_int_equal(open_as("aws:nothing", &b, &reason), ERR_CONFIG);
    assert_names(&reason, "SECRETS_S3_SSE");
    static const char *const bad[] = {"", "ab", "-abc", "ABC", "a/b", "a_b"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void)snprintf(bucket, sizeof(bucket), "%s", bad[i]);
        assert_int_equal(open_as(NULL, &b, &reason), ERR_CONFIG);
        assert_names(&reason, "S3_BUCKET");
    }
    (void)snprintf(bucket, sizeof(bucket), "no-such-bucket");
    assert_int_equal(open_as(NULL, &b, &reason), ERR_STORE);
    assert_names(&reason, "S3_BUCKET");
    assert_null(b);
}

static void
a_bucket_that_keeps_versions_is_refused(void **state) {
    (void)state;
    struct blobs *b = NULL;
    struct buf reason = BUF_INIT(256);
    aws_standins_make(standins, "bucket versioned", bucket);
    assert_int_equal(open_as(NULL, &b, &reason), ERR_CONFIG);
    assert_names(&reason, "S3_BUCKET");
    assert_null(b);
}

static void
refuse(const char *url, int status, const char *body) {
    refused_url = url;
    refused_status = status;
    refused_body = body;
}

#define DENIED    "<Error><Code>AccessDenied</Code></Error>"
#define NO_BUCKET "<Error><Code>NoSuchBucket</Code></Error>"

/* A store is ready if it can be read and written.  A 403 for an absent object is no refusal. */
static void
a_service_that_refuses_everything_is_not_ready(void **state) {
    (void)state;
    struct blobs *b = open_new();
    assert_non_null(b);
    assert_int_equal(b->ops->ping(b), 0);

    refuse("", 403, DENIED);
    assert_int_equal(b->ops->ping(b), ERR_STORE);
    refuse("", 404, NO_BUCKET);
    assert_int_equal(b->ops->ping(b), ERR_STORE);
    refuse("", 404, "<Error><Code>NoSuchKey</Code></Error>");
    assert_int_equal(b->ops->ping(b), 0);

    refused_until_put = true;
    refuse("", 403, DENIED);
    assert_int_equal(b->ops->ping(b), 0);
    refused_until_put = false;
    refused_url = NULL;
    b->ops->close(b);
}

/* What the operator reads when a bucket does not open. */
static void
a_refused_bucket_is_explained(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body, *reason;
    } cases[] = {
        {403, DENIED, "S3_BUCKET: the service refuses this bucket: AccessDenied"},
        {403, "<html>", "S3_BUCKET: the service refuses this bucket: no reason given"},
        {403, "<Error><Code>two words</Code></Error>",
         "S3_BUCKET: the service refuses this bucket: no reason given"},
        {404, NO_BUCKET, "S3_BUCKET: the service refuses this bucket: NoSuchBucket"},
        {400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
         "S3_BUCKET: the service refuses this bucket: AuthorizationHeaderMalformed; the request "
         "was signed for the region us-east-1 (AWS_REGION); it is in the region eu-west-1"},
        {301, "<Error><Code>PermanentRedirect</Code></Error>",
         "S3_BUCKET: the service refuses this bucket: PermanentRedirect"},
    };
    aws_standins_make(standins, "bucket", bucket);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct blobs *b = NULL;
        struct buf reason = BUF_INIT(256);
        refuse("versioning", cases[i].status, cases[i].body);
        assert_int_equal(open_as(NULL, &b, &reason), ERR_STORE);
        assert_string_equal(buf_text(&reason), cases[i].reason);
        assert_null(b);
        buf_free(&reason);
    }
    refused_url = NULL;
}

/* Cloudflare R2 has no versions, and answers 501 to the question. */
static void
a_service_without_versions_is_taken(void **state) {
    (void)state;
    static const int statuses[] = {501, 405};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        refuse("versioning", statuses[i], "<Error><Code>NotImplemented</Code></Error>");
        struct blobs *b = open_new();
        assert_non_null(b);
        assert_int_equal(b->ops->put(b, "Name000000000000000001", 0, "a", 1), 1);
        b->ops->close(b);
    }
    refused_url = NULL;
}

/* Open a new bucket while the responses to probes ${first} to ${end} - 1 are lost. */
static int
open_losing(int first, int end, struct blobs **out) {
    struct buf reason = BUF_INIT(256);
    aws_standins_make(standins, "bucket", bucket);
    probes = 0;
    lost_first = first;
    lost_end = end;
    int err = open_as("", out, &reason);
    lost_first = lost_end = 0;
    buf_free(&reason);
    return err;
}

/* A missing response does not mean no: otherwise a store would work without conditions although
 * the service honours them. */
static void
whether_conditions_hold_is_known_or_it_does_not_open(void **state) {
    (void)state;
    struct blobs *b = NULL;
    static const struct { int first, end; } mended[] = {{0, 0}, {1, 2}, {2, 3}, {1, 3}};
    for (size_t i = 0; i < ARRAY_LEN(mended); i++) {
        assert_int_equal(open_losing(mended[i].first, mended[i].end, &b), 0);
        assert_int_equal(b->ops->put(b, "Name000000000000000001", 0, "a", 1), 1);
        assert_true(conditional);
        b->ops->close(b);
    }
    assert_int_equal(open_losing(2, 1000, &b), ERR_STORE);
    assert_null(b);
    assert_int_equal(open_losing(1, 1000, &b), ERR_STORE);
    assert_null(b);
}

#define LARGE "Name000000000000000002"

/* A new bucket with parts at both ends of what one request can name, and after it. */
static struct blobs *
open_large(void) {
    static const uint32_t there[] = {0, 999, 1000, 1999, 2000, 2499, 2500};
    struct blobs *b = open_new();
    assert_non_null(b);
    for (size_t i = 0; i < ARRAY_LEN(there); i++)
        assert_int_equal(b->ops->put(b, LARGE, there[i], "x", 1), 1);
    posts = deletes = digests = 0;
    return b;
}

static bool
is_there(struct blobs *b, uint32_t k) {
    struct buf got = BUF_INIT(10);
    int found = b->ops->get(b, LARGE, k, &got);
    assert_in_range(found, 0, 1);
    buf_free(&got);
    return found == 1;
}

static void
a_thousand_parts_go_with_one_request(void **state) {
    (void)state;
    struct blobs *b = open_large();
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), 0);
    assert_int_equal(posts, 3);
    assert_int_equal(digests, 3); /* Amazon refuses a request without one, s3rver does not */
    assert_int_equal(deletes, 0);
    static const uint32_t gone[] = {0, 999, 1000, 1999, 2000, 2499};
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        assert_false(is_there(b, gone[i]));
    assert_true(is_there(b, 2500));
    assert_int_equal(b->ops->erase(b, LARGE, 2500, 1), 0);
    assert_int_equal(posts, 3);
    assert_int_equal(deletes, 1);
    assert_false(is_there(b, 2500));
    b->ops->close(b);
}

/* A request for many objects gets 200 even if some of them remain. */
static void
what_s3_keeps_is_not_erased(void **state) {
    (void)state;
    struct blobs *b = open_large();
    post_status = 200;
    post_body = "<?xml version=\"1.0\"?>\n<DeleteResult><Error><Key>v1/x/0</Key><Code>InternalError"
                "</Code><Message>again</Message></Error></DeleteResult>";
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_STORE);
    assert_int_equal(posts, 3); /* the others are erased anyway */
    post_body = "<Error><Code>InternalError</Code></Error>";
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_STORE);
    post_status = 500;
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_STORE);
    post_status = 0;
    assert_int_equal(deletes, 0);
    assert_true(is_there(b, 0) && is_there(b, 2499));
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), 0);
    assert_false(is_there(b, 0) || is_there(b, 2499));
    b->ops->close(b);
}

/* It refuses the request, or takes it for another one: its response does not mean that anything
 * was erased. */
static void
a_service_without_it_is_asked_for_each_part(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
    } answers[] = {
        {405, "<Error><Code>MethodNotAllowed</Code></Error>"},
        {501, "<Error><Code>NotImplemented</Code></Error>"},
        {400, ""},
        {404, ""},
        {200, ""},
        {204, ""},
    };
    struct blobs *b = open_new();
    assert_non_null(b);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_int_equal(b->ops->put(b, LARGE, 0, "x", 1), 1);
        assert_int_equal(b->ops->put(b, LARGE, 2, "x", 1), 1);
        posts = deletes = 0;
        post_status = answers[i].status;
        post_body = answers[i].body;
        assert_int_equal(b->ops->erase(b, LARGE, 0, 3), 0);
        post_status = 0;
        assert_int_equal(posts, 1);
        assert_int_equal(deletes, 3);
        assert_false(is_there(b, 0) || is_there(b, 2));
    }
    b->ops->close(b);
}

/* A function has half a minute: the next erase continues, unless there is something new. */
static void
an_erase_that_takes_long_goes_on_where_it_was(void **state) {
    (void)state;
    erase_ms = 1; /* less than any request takes */
    struct blobs *b = open_large();
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_BUSY);
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_BUSY);
    assert_true(is_there(b, 2000));
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), 0);
    assert_int_equal(posts, 3);
    assert_false(is_there(b, 0) || is_there(b, 1000) || is_there(b, 2000));

    posts = 0;
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_BUSY);
    assert_int_equal(b->ops->put(b, LARGE, 7, "late", 4), 1);
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_BUSY);
    assert_false(is_there(b, 7));
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), ERR_BUSY);
    assert_int_equal(b->ops->erase(b, LARGE, 0, 2500), 0);
    assert_int_equal(posts, 4);
    b->ops->close(b);
    erase_ms = 0;
}

int
main(void) {
    const struct CMUnitTest own[] = {
        cmocka_unit_test(whether_conditions_hold_is_known_or_it_does_not_open),
        cmocka_unit_test(a_thousand_parts_go_with_one_request),
        cmocka_unit_test(what_s3_keeps_is_not_erased),
        cmocka_unit_test(a_service_without_it_is_asked_for_each_part),
        cmocka_unit_test(an_erase_that_takes_long_goes_on_where_it_was),
        cmocka_unit_test(classic_files_are_base64_under_their_id),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(a_bucket_that_keeps_versions_is_refused),
        cmocka_unit_test(a_service_that_refuses_everything_is_not_ready),
        cmocka_unit_test(a_refused_bucket_is_explained),
        cmocka_unit_test(a_service_without_versions_is_taken),
    };
    struct blobs_factory factory = {
        .name = "blobs in s3 on s3rver with conditions",
        .open = open_new,
        .reopen = reopen,
        .finish = finish,
        .race_rounds = 2,
    };
    standins = aws_standins_start();
    char answer[64];
    aws_standins_make(standins, "conditions on", answer);
    int failed = blobs_contract_run(&factory);
    failed += cmocka_run_group_tests(own, NULL, NULL);
    /* Without conditions a race has no winner, but everything else holds. */
    aws_standins_make(standins, "conditions off", answer);
    factory.name = "blobs in s3 on s3rver without conditions";
    factory.race_rounds = 0;
    failed += blobs_contract_run(&factory);
    aws_standins_make(standins, "conditions refused", answer);
    factory.name = "blobs in s3 on s3rver that knows no conditions";
    failed += blobs_contract_run(&factory);
    aws_standins_stop(standins);
    return failed;
}
