/* SPDX-License-Identifier: MIT */
/* API tokens: what a list may hold, and that a list that is not understood changes nothing. */
#include "api/access/api_tokens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"

/* Two tokens and their hashes: printf %s TOKEN | sha256sum. */
#define ONE      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ONE_HASH "0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a"
#define TWO      "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TWO_HASH "6bcb93259ceb9adbdaaa6b0752d473bf3f893c1c34b8f83543e27c379803f7ab"

static const char good[] = "# for tests\n\nci " ONE_HASH "\r\n\tada@example.org\t" TWO_HASH "  \n";

static int
load(struct api_tokens *t, const char *text, char reason[static 100]) {
    struct buf why = BUF_INIT(99);
    int err = api_tokens_load(t, text, &why);
    (void)snprintf(reason, 100, "%s", buf_text(&why));
    buf_free(&why);
    return err;
}

static void
tokens_of_a_list_are_found(void **state) {
    struct api_tokens *t = api_tokens_new();
    char reason[100];
    (void)state;
    assert_false(api_tokens_have(t, ONE));
    assert_int_equal(load(t, good, reason), 0);
    assert_int_equal(api_tokens_count(t), 2);
    assert_true(api_tokens_have(t, ONE));
    assert_true(api_tokens_have(t, TWO));
    assert_false(api_tokens_have(t, ONE_HASH));
    assert_false(api_tokens_have(t, ""));

    /* Another list replaces it, and an empty one lets nobody in. */
    assert_int_equal(load(t, "b " TWO_HASH, reason), 0);
    assert_false(api_tokens_have(t, ONE));
    assert_true(api_tokens_have(t, TWO));
    assert_int_equal(load(t, "# none, for now\n", reason), 0);
    assert_int_equal(api_tokens_count(t), 0);
    assert_false(api_tokens_have(t, TWO));
    api_tokens_free(t);
    api_tokens_free(NULL);
}

/* In a variable of a function a comma is easier than the end of a line. */
static void
commas_end_an_entry(void **state) {
    struct api_tokens *t = api_tokens_new();
    char reason[100];
    (void)state;
    assert_int_equal(load(t, "a " ONE_HASH ", b " TWO_HASH ",", reason), 0);
    assert_int_equal(api_tokens_count(t), 2);
    api_tokens_free(t);
}

static void
a_list_that_is_not_understood_changes_nothing(void **state) {
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"\nci", "line 2: expected NAME"},
        {"ci " ONE_HASH "0", "line 1: expected NAME"},
        {"ci 0" ONE_HASH, "line 1: expected NAME"},
        {"ci" ONE_HASH, "line 1: expected NAME"},
        {" " ONE_HASH, "line 1: expected NAME"},
        {ONE_HASH, "line 1: expected NAME"},
        {"a b " ONE_HASH, "line 1: expected NAME"},
        {"a:b " ONE_HASH, "line 1: expected NAME"},
        {"ci " ONE, "line 1: expected NAME"}, /* the token itself */
        {"ci g" ONE_HASH, "line 1: expected NAME"},
        {"ci " ONE_HASH "\nci " TWO_HASH, "line 2: this name is there twice"},
        {"a " ONE_HASH ",b", "line 1: expected NAME"},
        {"01234567890123456789012345678901234567890123456789012345678901234 " ONE_HASH,
         "line 1: expected NAME"},
    };
    struct api_tokens *t = api_tokens_new();
    char reason[100];
    (void)state;
    assert_int_equal(load(t, good, reason), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int err = load(t, rows[i].text, reason);
        if (err != ERR_INVALID || strstr(reason, rows[i].reason) == NULL)
            print_message("row %zu: %s\n", i, reason);
        assert_int_equal(err, ERR_INVALID);
        assert_non_null(strstr(reason, rows[i].reason));
        assert_int_equal(api_tokens_count(t), 2);
        assert_true(api_tokens_have(t, ONE));
    }
    api_tokens_free(t);
}

static void
the_number_of_tokens_is_bounded(void **state) {
    struct api_tokens *t = api_tokens_new();
    struct buf text = BUF_INIT(API_TOKENS_TEXT_MAX);
    char reason[100];
    (void)state;
    for (int i = 0; i < API_TOKENS_MAX; i++)
        assert_int_equal(buf_printf(&text, "t%d " ONE_HASH "\n", i), 0);
    assert_int_equal(load(t, buf_text(&text), reason), 0);
    assert_int_equal(api_tokens_count(t), API_TOKENS_MAX);
    assert_int_equal(buf_add_text(&text, "more " ONE_HASH "\n"), 0);
    assert_int_equal(load(t, buf_text(&text), reason), ERR_INVALID);
    assert_string_equal(reason, "line 1001: there are too many tokens");
    buf_free(&text);
    api_tokens_free(t);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_a_list_are_found),
        cmocka_unit_test(commas_end_an_entry),
        cmocka_unit_test(a_list_that_is_not_understood_changes_nothing),
        cmocka_unit_test(the_number_of_tokens_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
