/* SPDX-License-Identifier: MIT */
/* The HTTP client against a server with scripted responses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "http/client.h"
#include "scripted_server.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"e1\"\r\n\r\nhi"

struct fixture {
    struct scripted_server *server;
    struct http_client *client;
    char url[64];
    struct http_client_response resp;
};

static void
begin(struct fixture *f, const struct script_line *lines, size_t count) {
    static const struct http_client_options options = {.user_agent = "test", .idle_max = 2};
    f->server = scripted_server_start(lines, count);
    f->client = http_client_new(&options);
    assert_non_null(f->client);
    (void)snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/a/../b?q",
                   scripted_server_port(f->server));
    f->resp = (struct http_client_response){.body = BUF_INIT(1000)};
}

static void
end(struct fixture *f) {
    scripted_server_stop(f->server);
    http_client_free(f->client);
    buf_free(&f->resp.body);
}

static enum http_failure
get(struct fixture *f) {
    struct http_client_request req = {.method = HTTP_GET, .url = f->url};
    return http_client_send(f->client, &req, &f->resp);
}

static void
test_connection_is_kept(void **state) {
    static const struct script_line lines[] = {{OK_REPLY, SCRIPT_KEEP}, {OK_REPLY, SCRIPT_KEEP}};
    struct fixture f;
    struct http_client_header wanted[] = {{.name = "etag"}, {.name = "X-None", .value = "old"}};
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    f.resp.headers = wanted;
    f.resp.header_count = ARRAY_LEN(wanted);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(&f), HTTP_FAILURE_NONE);
        assert_int_equal(f.resp.status, 200);
        assert_string_equal(buf_text(&f.resp.body), "hi");
        assert_string_equal(wanted[0].value, "\"e1\"");
        assert_string_equal(wanted[1].value, "");
        assert_int_equal(f.resp.retry_after, -1);
    }
    assert_int_equal(scripted_server_connections(f.server), 1);
    assert_non_null(strstr(scripted_server_request(f.server, 0), "GET /a/../b?q HTTP/1.1\r\n"));
    end(&f);
}

static void
test_body_and_fields_are_sent(void **state) {
    static const struct script_line lines[] = {{OK_REPLY, SCRIPT_KEEP}, {OK_REPLY, SCRIPT_KEEP}};
    static const struct http_field fields[] = {{"X-Name", "value"}, {"X-Empty", ""}};
    struct fixture f;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    struct http_client_request req = {.method = HTTP_POST,
                                      .url = f.url,
                                      .fields = fields,
                                      .field_count = ARRAY_LEN(fields),
                                      .body = "body",
                                      .body_len = 4};
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_NONE);
    const char *sent = scripted_server_request(f.server, 0);
    assert_non_null(strstr(sent, "POST "));
    assert_non_null(strstr(sent, "\r\nX-Name: value\r\n"));
    assert_non_null(strstr(sent, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Length: 4\r\n"));
    assert_non_null(strstr(sent, "\r\n\r\nbody"));
    assert_null(strcasestr(sent, "Expect"));
    assert_null(strcasestr(sent, "chunked"));
    req.body_len = 0;
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_NONE);
    assert_non_null(strstr(scripted_server_request(f.server, 1), "\r\nContent-Length: 0\r\n"));
    end(&f);
}

static void
test_header_injection_is_refused(void **state) {
    static const struct script_line lines[] = {{OK_REPLY, SCRIPT_KEEP}};
    static const struct http_field bad[] = {{"X-A", "b\r\nX-C: d"}, {"X-A\r\nX-C", "d"}};
    struct fixture f;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct http_client_request req = {
            .method = HTTP_GET, .url = f.url, .fields = &bad[i], .field_count = 1};
        assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_REQUEST);
        assert_false(f.resp.sent);
    }
    assert_int_equal(scripted_server_connections(f.server), 0);
    end(&f);
}

static ssize_t
read_letters(void *ctx, uint64_t offset, void *out, size_t len) {
    (void)ctx;
    size_t n = len < 1000 ? len : 1000;
    for (size_t i = 0; i < n; i++)
        ((char *)out)[i] = (char)('a' + (offset + i) % 26);
    return (ssize_t)n;
}

static int
count_bytes(void *ctx, const void *data, size_t len) {
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

/* A kept connection that the server closed meanwhile: the body is read again from its start. */
static void
test_body_is_read_again_after_a_stale_connection(void **state) {
    static const struct script_line lines[] = {
        {OK_REPLY, SCRIPT_KEEP}, {NULL, SCRIPT_CLOSE}, {OK_REPLY, SCRIPT_KEEP}};
    struct fixture f;
    size_t got = 0;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    assert_int_equal(get(&f), HTTP_FAILURE_NONE);
    struct http_client_request req = {.method = HTTP_PUT,
                                      .url = f.url,
                                      .read = read_letters,
                                      .body_len = 3000,
                                      .write = count_bytes,
                                      .ctx = &got};
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_NONE);
    assert_int_equal(got, 2);
    assert_int_equal(f.resp.body.len, 0);
    assert_int_equal(scripted_server_connections(f.server), 2);
    const char *body = strstr(scripted_server_request(f.server, 2), "\r\n\r\n") + 4;
    assert_int_equal(strlen(body), 3000);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(body[i], 'a' + (int)(i % 26));
    end(&f);
}

static void
test_fresh_connection_is_not_repeated(void **state) {
    static const struct script_line lines[] = {
        {OK_REPLY, SCRIPT_CLOSE}, {NULL, SCRIPT_CLOSE}, {OK_REPLY, SCRIPT_KEEP}};
    struct fixture f;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    struct http_client_request req = {
        .method = HTTP_POST, .url = f.url, .body = "x", .body_len = 1, .fresh_connection = true};
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_NONE);
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_RESET);
    assert_true(f.resp.sent);
    assert_int_equal(scripted_server_connections(f.server), 2);
    end(&f);
}

static void
test_failures_are_told_apart(void **state) {
    static const struct script_line lines[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal", SCRIPT_CLOSE},
        {NULL, SCRIPT_HANG},
    };
    struct fixture f;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    assert_int_equal(get(&f), HTTP_FAILURE_RESET);
    assert_int_equal(f.resp.status, 200);
    assert_true(f.resp.sent);
    struct http_client_request req = {.method = HTTP_GET, .url = f.url, .deadline_ms = 100};
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_TIMEOUT);
    assert_true(f.resp.sent);
    assert_string_not_equal(f.resp.detail, "");
    req.url = "http://no-such-host.invalid/";
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_RESOLVE);
    assert_false(f.resp.sent);
    req.url = "http://127.0.0.1:1/";
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_CONNECT);
    assert_false(f.resp.sent);
    req.url = "file:///etc/hostname";
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_REQUEST);
    req.url = "http://user@127.0.0.1:1/";
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_REQUEST);
    end(&f);
}

static void
test_plain_text_on_a_tls_port(void **state) {
    static const struct script_line lines[] = {{"no tls here\r\n\r\n", SCRIPT_CLOSE}};
    struct fixture f;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    char url[80];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", scripted_server_port(f.server));
    struct http_client_request req = {.method = HTTP_GET, .url = url, .deadline_ms = 300};
    enum http_failure failure = http_client_send(f.client, &req, &f.resp);
    /* The greeting has no line that ends a request, so either the handshake or the wait ends. */
    assert_true(failure == HTTP_FAILURE_TLS || failure == HTTP_FAILURE_TIMEOUT);
    assert_false(f.resp.sent);
    end(&f);
}

static void
test_bounds(void **state) {
    char big[2000], many[300];
    static char headers[80000];
    (void)state;
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    (void)snprintf(big, sizeof(big), "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n%1001s", "");
    int len = snprintf(headers, sizeof(headers), "HTTP/1.1 200 OK\r\n");
    while (len < 70000)
        len += snprintf(headers + len, sizeof(headers) - (size_t)len, "X: %s\r\n", many);
    (void)snprintf(headers + len, sizeof(headers) - (size_t)len, "Content-Length: 0\r\n\r\n");
    const struct script_line lines[] = {{big, SCRIPT_CLOSE}, {headers, SCRIPT_CLOSE}};
    struct fixture f;
    begin(&f, lines, ARRAY_LEN(lines));
    assert_int_equal(get(&f), HTTP_FAILURE_TOO_LARGE);
    assert_int_equal(get(&f), HTTP_FAILURE_TOO_LARGE);
    end(&f);
}

static int
give_up(void *ctx, uint64_t sent, uint64_t received) {
    (void)ctx, (void)sent, (void)received;
    return -1;
}

static void
test_progress_can_cancel(void **state) {
    static const struct script_line lines[] = {{OK_REPLY, SCRIPT_KEEP}};
    struct fixture f;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    struct http_client_request req = {.method = HTTP_GET, .url = f.url, .progress = give_up};
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_CANCELLED);
    end(&f);
}

/* The name "slow.test" is looked up until it is released. */
static sem_t released, looked_up;
static atomic_bool looks;

__attribute__((visibility("default"))) int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
            struct addrinfo **out) {
    if (host != NULL && strcmp(host, "slow.test") == 0) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 10; /* a client that waits for it fails the test, and does not hang it */
        atomic_store(&looks, true);
        (void)sem_timedwait(&released, &until);
        atomic_store(&looks, false);
        (void)sem_post(&looked_up);
        return EAI_AGAIN;
    }
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(host, port, hints, out);
}

static int
give_up_looking(void *ctx, uint64_t sent, uint64_t received) {
    (void)ctx, (void)sent, (void)received;
    return atomic_load(&looks) ? -1 : 0;
}

static void
test_progress_can_cancel_while_a_name_is_looked_up(void **state) {
    static const struct http_client_options options = {.idle_max = 1};
    (void)state;
    assert_int_equal(sem_init(&released, 0, 0), 0);
    assert_int_equal(sem_init(&looked_up, 0, 0), 0);
    struct http_client *c = http_client_new(&options);
    struct http_client_response resp = {.body = BUF_INIT(1000)};
    struct http_client_request req = {
        .method = HTTP_GET, .url = "http://slow.test/", .progress = give_up_looking};
    assert_non_null(c);
    assert_int_equal(http_client_send(c, &req, &resp), HTTP_FAILURE_CANCELLED);
    assert_true(atomic_load(&looks));
    http_client_free(c);
    buf_free(&resp.body);
    assert_int_equal(sem_post(&released), 0);
    assert_int_equal(sem_wait(&looked_up), 0);
}

static void
test_errors_go_to_the_body_and_redirects_stay(void **state) {
    static const struct script_line lines[] = {
        {"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy", SCRIPT_KEEP},
        {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", SCRIPT_KEEP}};
    struct fixture f;
    size_t got = 0;
    (void)state;
    begin(&f, lines, ARRAY_LEN(lines));
    struct http_client_request req = {
        .method = HTTP_GET, .url = f.url, .write = count_bytes, .ctx = &got};
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_NONE);
    assert_int_equal(f.resp.status, 503);
    assert_int_equal(f.resp.retry_after, 7);
    assert_string_equal(buf_text(&f.resp.body), "busy");
    assert_int_equal(http_client_send(f.client, &req, &f.resp), HTTP_FAILURE_NONE);
    assert_int_equal(f.resp.status, 302);
    assert_int_equal(got, 0);
    end(&f);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection_is_kept),
        cmocka_unit_test(test_body_and_fields_are_sent),
        cmocka_unit_test(test_header_injection_is_refused),
        cmocka_unit_test(test_body_is_read_again_after_a_stale_connection),
        cmocka_unit_test(test_fresh_connection_is_not_repeated),
        cmocka_unit_test(test_failures_are_told_apart),
        cmocka_unit_test(test_plain_text_on_a_tls_port),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_progress_can_cancel),
        cmocka_unit_test(test_progress_can_cancel_while_a_name_is_looked_up),
        cmocka_unit_test(test_errors_go_to_the_body_and_redirects_stay),
    };
    http_client_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
