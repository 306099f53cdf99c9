/* SPDX-License-Identifier: MIT */
/* Bodies in chunks: what is taken and what is refused, whole and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "server/http/chunks.h"

enum { BODY_MAX = 64 };

/* Read the ${len} bytes at ${text}, which come in pieces of ${piece}.  Writes the data to ${body}
 * and sets ${*read} to the bytes up to the end. */
static enum chunks_state
read_pieces(const char *text, size_t len, size_t piece, char body[static BODY_MAX], size_t *read) {
    struct chunks c = {0};
    enum chunks_state state = CHUNKS_MORE;
    size_t filled = 0, used, data;
    *read = 0;
    while (*read < len && state == CHUNKS_MORE) {
        size_t n = len - *read < piece ? len - *read : piece;
        state = chunks_read(&c, text + *read, n, &used, &data);
        assert_true(used > 0 && used <= n && data <= used && filled + data < BODY_MAX);
        memcpy(body + filled, text + *read + used - data, data);
        filled += data;
        *read += used;
    }
    body[filled] = '\0';
    return state;
}

/* Read ${text} in pieces of every size.  Returns the state, which must be the same each time. */
static enum chunks_state
read_text(const char *text, size_t len, char body[static BODY_MAX], size_t *read) {
    char again[BODY_MAX];
    size_t n;
    enum chunks_state state = read_pieces(text, len, len, body, read);
    for (size_t piece = 1; piece < len; piece++) {
        assert_int_equal(read_pieces(text, len, piece, again, &n), state);
        assert_string_equal(again, body);
        if (state != CHUNKS_MORE) assert_int_equal(n, *read);
    }
    return state;
}

static void
test_what_is_taken(void **state) {
    static const struct {
        const char *text, *body;
    } taken[] = {
        {"0\r\n\r\n", ""},
        {"3\r\nabc\r\n0\r\n\r\n", "abc"},
        {"1\r\na\r\n2\r\n\r\n\r\n0\r\n\r\n", "a\r\n"},
        {"0000000a\r\n0123456789\r\n00\r\n\r\n", "0123456789"},
        {"A;a=b; c=\"d\"\r\n0123456789\r\n0;e\r\n\r\n", "0123456789"},
        {"1\r\na\r\n0\r\nContent-Length: 5\r\nX: y\r\n\r\n", "a"},
    };
    char body[BODY_MAX], followed[256];
    size_t read;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        size_t len = strlen(taken[i].text);
        assert_int_equal(read_text(taken[i].text, len, body, &read), CHUNKS_END);
        assert_string_equal(body, taken[i].body);
        assert_int_equal(read, len);

        /* Each shorter one goes on, and what follows is not read. */
        for (size_t n = 1; n < len; n++)
            assert_int_equal(read_text(taken[i].text, n, body, &read), CHUNKS_MORE);
        (void)snprintf(followed, sizeof(followed), "%sGET /", taken[i].text);
        assert_int_equal(read_text(followed, strlen(followed), body, &read), CHUNKS_END);
        assert_int_equal(read, len);
    }
}

static void
test_what_is_refused(void **state) {
    static const struct {
        const char *text;
        size_t len;
    } refused[] = {
#define R(text) {text, sizeof(text) - 1}
        R("\r\n"),           R(" 0\r\n"),       R("0 \r\n"),    R("0\n"),
        R("0\r0"),           R("0\r\r"),        R("x"),         R("0x1\r\n"),
        R("+1\r\n"),         R("-1\r\n"),       R(";a\r\n"),    R("000000000"),
        R("123456789"),      R("1;a\n"),        R("1;a\0\r\n"), R("1;a\x7F\r\n"),
        R("1;\xC3\xBC\r\n"), R("1\r\nab"),      R("1\r\na\n"),  R("1\r\na\r0"),
        R("1\r\na\r\n\r\n"), R("0\r\n\n"),      R("0\r\n\rx"),  R("0\r\nX: a\n"),
        R("0\r\nX: a\0"),    R("0\r\nX: a\rb"),
#undef R
    };
    char body[BODY_MAX];
    size_t read;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (read_text(refused[i].text, refused[i].len, body, &read) != CHUNKS_BAD)
            fail_msg("taken: %s", refused[i].text);
}

/* What is dropped has a limit, so that nobody sends it for ever. */
static void
test_limits(void **state) {
    static const struct {
        const char *begin;
        size_t most;
    } limits[] = {{"0;", 256}, {"0\r\n", 4096}};
    char text[8192], body[BODY_MAX];
    size_t read;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        size_t begin = strlen(limits[i].begin);
        memset(text, 'a', sizeof(text));
        memcpy(text, limits[i].begin, begin);
        assert_int_equal(read_pieces(text, begin + limits[i].most - 2, 100, body, &read),
                         CHUNKS_MORE);
        assert_int_equal(read_pieces(text, begin + limits[i].most + 1, 100, body, &read),
                         CHUNKS_BAD);
    }

    /* Trailers of many short lines count together. */
    size_t n = (size_t)snprintf(text, sizeof(text), "0\r\n");
    for (int i = 0; i < 1500; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "a:b\r\n");
    assert_int_equal(read_pieces(text, n, n, body, &read), CHUNKS_BAD);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
