/* SPDX-License-Identifier: MIT */
/* Heads of requests: what is taken and what is refused, whole and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "server/http/head.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: x\r\n"

/* A head that is being read, and the bytes that have come. */
struct reading {
    struct head head;
    struct http_request http;
    char bytes[HEAD_MAX + 1];
};

/* Read the ${len} bytes at ${text}, which come in pieces of ${piece}, into ${r}. */
static enum head_state
read_pieces(struct reading *r, const char *text, size_t len, size_t piece) {
    enum head_state state = HEAD_PARTIAL;
    memset(r, 0, sizeof(*r));
    head_begin(&r->head, "X-User");
    for (size_t at = 0; at < len && state == HEAD_PARTIAL; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        memcpy(r->bytes + at, text + at, n);
        state = head_read(&r->head, r->bytes, at + n, &r->http);
    }
    return state;
}

/* Read ${text}, and check that the result does not depend on the pieces in which it comes. */
static enum head_state
read_text(struct reading *r, const char *text, size_t len) {
    static struct reading again;
    enum head_state state = read_pieces(r, text, len, len);
    for (size_t piece = 1; piece < 4; piece++) {
        assert_int_equal(read_pieces(&again, text, len, piece), state);
        if (state == HEAD_REFUSED) assert_int_equal(again.head.problem, r->head.problem);
        if (state == HEAD_COMPLETE) assert_int_equal(again.head.len, r->head.len);
        head_end(&again.head);
    }
    return state;
}

static void
assert_refused(const char *text, size_t len, enum problem problem) {
    static struct reading r;
    enum head_state state = read_text(&r, text, len);
    if (state != HEAD_REFUSED || r.head.problem != problem)
        fail_msg("state %d, problem %d: %s", state, r.head.problem, text);
    for (int i = 0; i < HTTP_HEADER_COUNT; i++)
        assert_null(r.http.headers[i]);
    head_end(&r.head);
}

static void
test_a_request(void **state) {
    static const char text[] = "\r\nPOST /a%20b?c=d&e HTTP/1.1\r\nhOST:x:80\r\n"
                               "X-Other:  a b\t \r\nContent-Length: 007\r\n"
                               "Content-Type: \t text/plain \r\nExpect: 100-continue\r\n\r\nBODY";
    static struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, text, sizeof(text) - 1), HEAD_COMPLETE);
    assert_int_equal(r.http.method, HTTP_POST);
    assert_string_equal(r.http.path, "/a%20b");
    assert_string_equal(r.http.query, "c=d&e");
    assert_string_equal(r.http.headers[HTTP_HOST], "x:80");
    assert_string_equal(r.http.headers[HTTP_CONTENT_TYPE], "text/plain");
    assert_null(r.http.headers[HTTP_ORIGIN]);
    assert_int_equal(r.head.body_len, 7);
    assert_int_equal(r.head.len, sizeof(text) - 1 - 4);
    assert_true(r.head.expects && !r.head.chunked && !r.head.closes && !r.head.old);
    head_end(&r.head);
}

static void
test_what_is_refused(void **state) {
    static const struct {
        const char *text;
        size_t len;
        enum problem problem;
    } refused[] = {
#define R(text, problem) {text, sizeof(text) - 1, PROBLEM_##problem}
        R("GET / HTTP/1.1\n", MALFORMED),
        R("\n", MALFORMED),
        R(LINE HOST "\n", MALFORMED),
        R("GET / HTTP/1.1\r\r\n" HOST "\r\n", MALFORMED),
        R("GET  / HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R(" GET / HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R("GET / HTTP/1.1 \r\n" HOST "\r\n", MALFORMED),
        R("GET /\r\n" HOST "\r\n", MALFORMED),
        R("GET / HTTP/1.1x\r\n" HOST "\r\n", MALFORMED),
        R("GET / http/1.1\r\n" HOST "\r\n", MALFORMED),
        R("GET / HTTP/2.0\r\n" HOST "\r\n", VERSION),
        R("GET / HTTP/1.2\r\n" HOST "\r\n", VERSION),
        R("GET a HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R("GET /\0 HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R("GET /\xC3\xBC HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R("GET /?a#b HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R("G(T / HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R("G\xCBT / HTTP/1.1\r\n" HOST "\r\n", MALFORMED),
        R(LINE "\r\n", MALFORMED),
        R(LINE HOST HOST "\r\n", MALFORMED),
        R(LINE "Host: a b\r\n\r\n", MALFORMED),
        R(LINE HOST " X: folded\r\n\r\n", MALFORMED),
        R(LINE HOST "X: a\r\n folded\r\n\r\n", MALFORMED),
        R(LINE HOST "X : a\r\n\r\n", MALFORMED),
        R(LINE HOST "X\r\n\r\n", MALFORMED),
        R(LINE HOST ": a\r\n\r\n", MALFORMED),
        R(LINE HOST "X: a\rb\r\n\r\n", MALFORMED),
        R(LINE HOST "X: a\0b\r\n\r\n", MALFORMED),
        R(LINE HOST "X: a\x7F\r\n\r\n", MALFORMED),
        R(LINE HOST "X\xE4: a\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Type: a\r\ncontent-type: a\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: 1, 1\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: +1\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: -1\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length:\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: 9223372036854775808\r\n\r\n", TOO_LARGE),
        R(LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", MALFORMED),
        R(LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", MALFORMED),
        R(LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", MALFORMED),
        R(LINE HOST "Transfer-Encoding:\r\n\r\n", MALFORMED),
        R("GET / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", MALFORMED),
        R(LINE HOST "Expect: 100-continue\r\n\r\n", MALFORMED),
        R(LINE HOST "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", MALFORMED),
#undef R
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].text, refused[i].len, refused[i].problem);
}

static void
test_connections(void **state) {
    static const struct {
        const char *text;
        bool old, closes, chunked;
    } taken[] = {
        {LINE HOST "\r\n", false, false, false},
        {LINE HOST "Connection: close\r\n\r\n", false, true, false},
        {LINE HOST "Connection: Upgrade, CLOSE\r\n\r\n", false, true, false},
        {LINE HOST "Connection: closed\r\n\r\n", false, false, false},
        {LINE HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", false, true, false},
        {LINE HOST "Transfer-Encoding: Chunked\r\n\r\n", false, false, true},
        {"GET / HTTP/1.0\r\n\r\n", true, true, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", true, true, false},
    };
    static struct reading r;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        assert_int_equal(read_text(&r, taken[i].text, strlen(taken[i].text)), HEAD_COMPLETE);
        assert_int_equal(r.head.old, taken[i].old);
        assert_int_equal(r.head.closes, taken[i].closes);
        assert_int_equal(r.head.chunked, taken[i].chunked);
        head_end(&r.head);
    }
}

/* Only a client of HTTP/1.1 waits for 100 (RFC 9110, 10.1.1). */
static void
test_expectations(void **state) {
    static const char now[] = LINE HOST "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    static const char before[] = "GET / HTTP/1.0\r\nContent-Length: 1\r\n"
                                 "Expect: 100-continue\r\n\r\n";
    static struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, now, strlen(now)), HEAD_COMPLETE);
    assert_true(r.head.expects);
    head_end(&r.head);
    assert_int_equal(read_text(&r, before, strlen(before)), HEAD_COMPLETE);
    assert_false(r.head.expects);
    head_end(&r.head);
}

/* Several lines of a list: those of X-Forwarded-For are joined, of others the last one counts. */
static void
test_lists(void **state) {
    static const char text[] = LINE HOST "X-Forwarded-For: 192.0.2.1\r\nAccept-Encoding: br\r\n"
                                         "X-Forwarded-For: 192.0.2.2 , 192.0.2.3\r\n"
                                         "Accept-Encoding: gzip\r\nX-Forwarded-For: a\r\n\r\n";
    static struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, text, sizeof(text) - 1), HEAD_COMPLETE);
    assert_string_equal(r.http.headers[HTTP_FORWARDED_FOR], "192.0.2.1, 192.0.2.2 , 192.0.2.3, a");
    assert_string_equal(r.http.headers[HTTP_ACCEPT_ENCODING], "gzip");
    assert_null(r.head.user);
    head_end(&r.head);
}

/* The header that names the user is counted, whatever its case. */
static void
test_a_user(void **state) {
    static const char once[] = LINE HOST "x-user: alice\r\nX_User: bob\r\n\r\n";
    static const char twice[] = LINE HOST "X-User: alice\r\nX-USER: alice\r\n\r\n";
    static struct reading r;
    (void)state;
    assert_int_equal(read_text(&r, once, sizeof(once) - 1), HEAD_COMPLETE);
    assert_string_equal(r.head.user, "alice");
    assert_int_equal(r.head.user_lines, 1);
    head_end(&r.head);
    assert_int_equal(read_text(&r, twice, sizeof(twice) - 1), HEAD_COMPLETE);
    assert_int_equal(r.head.user_lines, 2);
    head_end(&r.head);
}

/* Write ${begin}, then ${len} - strlen(begin) - strlen(end) times 'a', then ${end}. */
static void
fill_head(char *out, size_t len, const char *begin, const char *end) {
    size_t b = strlen(begin), e = strlen(end);
    memset(out, 'a', len);
    memcpy(out, begin, b);
    memcpy(out + len - e, end, e);
}

static void
test_limits(void **state) {
    static char text[HEAD_MAX + 1];
    static struct reading r;
    (void)state;

    fill_head(text, HEAD_MAX, LINE HOST "X: ", "\r\n\r\n");
    assert_int_equal(read_pieces(&r, text, HEAD_MAX, HEAD_MAX), HEAD_COMPLETE);
    head_end(&r.head);
    fill_head(text, HEAD_MAX, LINE HOST "X: ", "\r\n");
    assert_int_equal(read_pieces(&r, text, HEAD_MAX, 1000), HEAD_REFUSED);
    assert_int_equal(r.head.problem, PROBLEM_HEAD_TOO_LARGE);
    fill_head(text, HEAD_MAX, "GET /", "a");
    assert_int_equal(read_pieces(&r, text, HEAD_MAX, 1000), HEAD_REFUSED);
    assert_int_equal(r.head.problem, PROBLEM_TARGET_TOO_LONG);

    /* One byte less is not the end yet. */
    assert_int_equal(read_pieces(&r, text, HEAD_MAX - 1, HEAD_MAX), HEAD_PARTIAL);

    for (int lines = HEAD_FIELDS_MAX; lines <= HEAD_FIELDS_MAX + 1; lines++) {
        int n = snprintf(text, sizeof(text), LINE HOST);
        for (int i = 1; i < lines; i++)
            n += snprintf(text + n, sizeof(text) - (size_t)n, "a: b\r\n");
        n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
        enum head_state right = lines > HEAD_FIELDS_MAX ? HEAD_REFUSED : HEAD_COMPLETE;
        assert_int_equal(read_pieces(&r, text, (size_t)n, sizeof(text)), right);
    }
    assert_int_equal(r.head.problem, PROBLEM_HEAD_TOO_LARGE);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request),   cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_connections), cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_lists),       cmocka_unit_test(test_a_user),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
