/* SPDX-License-Identifier: MIT */
/* Items and request bodies, as pure functions; and the records that the original programs made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/json.h"
#include "crypto/kdf/kdf.h"
#include "store/dynamodb/body.h"
#include "store/dynamodb/call.h"
#include "store_samples.h"

enum { RECORDS = 13 };

static const char *
text_at(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

/* Open the ciphertext of ${r} with ${passphrase}.  Returns what classic_open() does. */
static int
open_box(const struct record *r, const char *passphrase, const struct buf *ciphertext,
         struct buf *plain) {
    uint8_t key[CLASSIC_KEY_LEN];
    struct kdf_arena *arena = kdf_arena_new(KDF_CLASSIC);
    assert_non_null(arena);
    assert_int_equal(kdf_derive(arena, KDF_CLASSIC, passphrase, strlen(passphrase), r->classic.salt,
                                sizeof(r->classic.salt), key, sizeof(key)),
                     0);
    kdf_arena_free(arena);
    return classic_open(&r->classic, key, ciphertext->data, ciphertext->len, plain);
}

static void
check_original(const json_t *c) {
    const json_t *item = json_object_get(c, "item");
    bool gen2 = strncmp(text_at(c, "name"), "gen2", 4) == 0;
    const char *body = json_string_value(json_object_get(c, "s3_body"));
    const char *want_text = text_at(c, "plaintext_base64");
    struct buf ciphertext = BUF_INIT(1 << 20), plain = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    struct record r;
    print_message("  %s\n", text_at(c, "name"));
    assert_int_equal(dynamodb_item_read(item, &r), 1);
    assert_in_range(r.views_left, 1, 10);
    assert_int_equal(r.rev, 0);
    assert_true(r.expires_at > 1700000000);
    assert_int_equal(r.classic.nonce_len, gen2 ? CLASSIC_NONCE2_LEN : CLASSIC_NONCE_LEN);
    bool file = body != NULL && !gen2;
    assert_int_equal(r.kind, file ? RECORD_CLASSIC_FILE : RECORD_CLASSIC_TEXT);
    assert_int_equal(r.content, file ? CONTENT_BLOBS : CONTENT_INLINE);
    if (file) assert_string_equal(r.blob, text_at(c, "s3_key"));
    if (body == NULL) assert_int_equal(dynamodb_item_read_content(item, &ciphertext), 1);
    else assert_int_equal(base64_decode(BASE64_STD, body, strlen(body), &ciphertext), 0);
    assert_int_equal(open_box(&r, text_at(c, "passphrase"), &ciphertext, &plain), 0);
    assert_int_equal(base64_decode(BASE64_STD, want_text, strlen(want_text), &want), 0);
    assert_true(buf_equals(&plain, want.data, want.len));
    buf_free(&ciphertext);
    buf_free(&plain);
    buf_free(&want);
    record_clear(&r);
}

static void
records_of_the_original_are_read(void **state) {
    (void)state;
    json_t *all = json_load_file("tests/vectors/pysecrets-records.json", 0, NULL);
    assert_int_equal(json_array_size(all), RECORDS);
    for (size_t i = 0; i < RECORDS; i++)
        check_original(json_array_get(all, i));
    json_decref(all);
}

/* The attributes that the original wrote are in ours, of the same types. */
static void
a_written_item_has_what_the_original_reads(void **state) {
    static const char *const text[] = {"secret_id", "nonce", "salt", "tag", "header", "data"};
    static const char *const file[] = {"secret_id", "nonce",     "salt",   "tag",
                                       "header",    "file_name", "s3_info"};
    uint8_t mark[DYNAMODB_MARK_LEN] = {0};
    struct buf content = sample_content(20);
    struct record t = sample_text(3, 20), f = sample_file(100);
    (void)state;
    (void)snprintf(f.blob, sizeof(f.blob), "KOofpBVFpcmjPJVG.enc");
    json_t *a = dynamodb_item_write("KOofpBVFpcmjPJVG", &t, &content, "", mark);
    json_t *b = dynamodb_item_write("KOofpBVFpcmjPJVG", &f, NULL, "files", mark);
    for (size_t i = 0; i < ARRAY_LEN(text); i++)
        assert_true(json_is_string(json_object_get(json_object_get(a, text[i]), "S")));
    for (size_t i = 0; i < ARRAY_LEN(file); i++)
        assert_true(json_is_string(json_object_get(json_object_get(b, file[i]), "S")));
    assert_string_equal(text_at(json_object_get(a, "view_count"), "N"), "3");
    assert_string_equal(text_at(json_object_get(a, "ttl"), "N"), "2000100000");
    assert_string_equal(text_at(json_object_get(b, "s3_info"), "S"),
                        "{\"bucket\": \"files\", \"key\": \"KOofpBVFpcmjPJVG.enc\"}");
    assert_string_equal(text_at(json_object_get(b, "file_name"), "S"), f.file_name);
    json_decref(a);
    json_decref(b);
    buf_free(&content);
}

/* Whatever one attribute is replaced by, reading refuses it or gives a record; it never crashes. */
static void
damaged_items_are_refused(void **state) {
    static const char *const bad[] = {"null",
                                      "7",
                                      "{}",
                                      "{\"S\":7}",
                                      "{\"N\":\"x\"}",
                                      "{\"N\":\"-1\"}",
                                      "{\"N\":\"1e9\"}",
                                      "{\"S\":\"*\"}",
                                      "{\"B\":\"AA==\"}",
                                      "{\"L\":[{}]}",
                                      "{\"L\":[{\"M\":{\"hash\":{\"B\":\"x\"}}}]}",
                                      "{\"S\":\"{\\\"key\\\": 7}\"}"};
    static const char *const needed[] = {"phase", "expires_at", "views_left", "verifier",
                                         "owner", "header",     "leases",     "content",
                                         "size",  "attempts",   "part_size"};
    uint8_t mark[DYNAMODB_MARK_LEN] = {0};
    struct record s = sample_sealed(3, 5, 304), r;
    (void)state;
    for (size_t n = 0; n < ARRAY_LEN(needed); n++)
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
            json_t *item = dynamodb_item_write("id", &s, NULL, "", mark);
            json_t *value = json_loads(bad[i], JSON_DECODE_ANY, NULL);
            assert_int_equal(json_object_set_new(item, needed[n], value), 0);
            assert_int_equal(dynamodb_item_read(item, &r), ERR_STORE);
            assert_null(r.leases);
            json_decref(item);
        }
    struct record t = sample_text(1, 5);
    struct buf content = sample_content(5);
    static const char *const of_text[] = {"nonce", "salt", "header", "ttl", "view_count"};
    for (size_t n = 0; n < ARRAY_LEN(of_text); n++) {
        json_t *item = dynamodb_item_write("id", &t, &content, "", mark);
        assert_int_equal(json_object_del(item, of_text[n]), 0);
        assert_int_equal(dynamodb_item_read(item, &r), ERR_STORE);
        json_decref(item);
    }
    buf_free(&content);
}

/* Every name and value that an expression uses is declared, and no other is declared: DynamoDB
 * refuses either. */
static void
check_declared(json_t *body) {
    static const char *const fields[] = {"UpdateExpression", "ConditionExpression",
                                         "KeyConditionExpression", "FilterExpression",
                                         "ProjectionExpression"};
    struct buf all = BUF_INIT(8192);
    const char *name;
    json_t *value;
    assert_non_null(body);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        assert_int_equal(buf_printf(&all, "%s ", text_at(body, fields[i])), 0);
    const char *text = buf_text(&all);
    static const char *const kinds[] = {"ExpressionAttributeNames", "ExpressionAttributeValues"};
    for (size_t k = 0; k < 2; k++) {
        const char sign = "#:"[k];
        json_t *declared = json_object_get(body, kinds[k]);
        for (const char *at = strchr(text, sign); at != NULL; at = strchr(at + 1, sign)) {
            char word[64] = "";
            size_t len = 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");
            memcpy(word, at, len);
            assert_non_null(json_object_get(declared, word));
        }
        json_object_foreach(declared, name, value) {
            const char *at = strstr(text, name);
            while (at != NULL &&
                   strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_0123456789") + 1 != strlen(name))
                at = strstr(at + 1, name);
            assert_non_null(at);
        }
    }
    buf_free(&all);
    json_decref(body);
}

static void
bodies_declare_what_they_use(void **state) {
    struct change c = {.kind = CHANGE_OPEN, .now = SAMPLE_T0, .part = 7};
    struct record many = sample_sealed(3, 5, 304), last = sample_sealed(1, 5, 304),
                  t = sample_text(2, 5), f = sample_file(9), u = sample_upload(1, 2);
    (void)state;
    last.views_left = 0;
    assert_non_null(record_add_lease(&last));
    check_declared(dynamodb_body_open("T", "i", &c, &many, &last.leases[0]));
    check_declared(dynamodb_body_open("T", "i", &c, &last, &last.leases[0]));
    check_declared(dynamodb_body_claim("T", "i", &c, &t, 1));
    f.views_left = 0;
    f.content = CONTENT_DOOMED;
    check_declared(dynamodb_body_claim("T", "i", &c, &f, 1));
    t.views_left = 0;
    t.content = CONTENT_NONE;
    check_declared(dynamodb_body_claim("T", "i", &c, &t, 1));
    check_declared(dynamodb_body_wrong("T", "i", &c));
    check_declared(dynamodb_body_part("T", "i", &c, &u));
    for (uint64_t rev = 0; rev < 2; rev++) {
        check_declared(dynamodb_body_store("T", "i", rev, &many));
        check_declared(dynamodb_body_store("T", "i", rev, &f));
        check_declared(dynamodb_body_store("T", "i", rev, &u));
        u.blob[0] = '\0';
        check_declared(dynamodb_body_store("T", "i", rev, &u));
        check_declared(dynamodb_body_tombstone("T", "i", rev, 1));
        check_declared(dynamodb_body_delete("T", "i", rev));
    }
    check_declared(dynamodb_body_get("T", "i", true));
    check_declared(dynamodb_body_get("T", "i", false));
    check_declared(dynamodb_body_due("T", "1", 5, 5));
    check_declared(dynamodb_body_find_blob("T", "b", NULL));
    record_clear(&last);
}

static void
answers_are_judged(void **state) {
    static const struct {
        int status;
        const char *body;
        enum dynamodb_outcome outcome;
    } cases[] = {
        {200, "{}", DYNAMODB_DONE},
        {200, "[]", DYNAMODB_UNKNOWN},
        {200, "", DYNAMODB_UNKNOWN},
        {400, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\"}",
         DYNAMODB_REFUSED},
        {400, "{\"__type\":\"x#ProvisionedThroughputExceededException\"}", DYNAMODB_NOT_DONE},
        {400, "{\"__type\":\"ThrottlingException\"}", DYNAMODB_NOT_DONE},
        {400, "{\"__type\":\"x#RequestLimitExceeded\"}", DYNAMODB_NOT_DONE},
        {429, "", DYNAMODB_NOT_DONE},
        {500, "{\"__type\":\"x#InternalServerError\"}", DYNAMODB_UNKNOWN},
        {503, "<html>", DYNAMODB_UNKNOWN},
        {302, "", DYNAMODB_UNKNOWN},
        {400,
         "{\"__type\":\"x#ValidationException\",\"message\":\"The table does not have the "
         "specified index: sweep\"}",
         DYNAMODB_NO_INDEX},
        {400, "{\"__type\":\"x#ValidationException\",\"message\":\"Item size has exceeded\"}",
         DYNAMODB_TOO_LARGE},
        {400, "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"no such table\"}",
         DYNAMODB_WRONG},
        {403, "{\"__type\":\"x#AccessDeniedException\"}", DYNAMODB_WRONG},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *body = json_loads(cases[i].body, 0, NULL);
        assert_int_equal(dynamodb_call_judge(cases[i].status, body), cases[i].outcome);
        json_decref(body);
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_the_original_are_read),
        cmocka_unit_test(a_written_item_has_what_the_original_reads),
        cmocka_unit_test(damaged_items_are_refused),
        cmocka_unit_test(bodies_declare_what_they_use),
        cmocka_unit_test(answers_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
