/* SPDX-License-Identifier: MIT */
/* Which backend the settings choose, and the limits that the settings must keep. */
#include "store/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"

static const struct store_backend *const records[] = {&store_aws_records, &store_local_records};
static const struct store_backend *const blobs[] = {&store_aws_blobs, &store_local_blobs};

static void
test_settings_choose_the_backends(void **state) {
    (void)state;
    static const struct {
        const char *table, *bucket;
        enum store_place records, blobs;
    } cases[] = {
        {"", "", STORE_LOCAL, STORE_LOCAL},
        {"Secrets", "", STORE_IN_AWS, STORE_LOCAL},
        {"", "files", STORE_LOCAL, STORE_IN_AWS},
        {"Secrets", "files", STORE_IN_AWS, STORE_IN_AWS},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct store_config config = {
            .data = "", .dynamo_table = cases[i].table, .s3_bucket = cases[i].bucket};
        assert_int_equal(store_backend_find(records, &config)->place, cases[i].records);
        assert_int_equal(store_backend_find(blobs, &config)->place, cases[i].blobs);
    }
}

/* An item of DynamoDB holds the numbers of 65,536 parts at most. */
static void
test_an_upload_keeps_within_the_parts_of_its_backend(void **state) {
    (void)state;
    const uint64_t part = 64 * 1024, most = 65536 * part;
    struct store_config config = {.part_size = part, .file_max = most / 2};
    struct buf reason = BUF_INIT(256);

    assert_int_equal(store_backend_check(&store_aws_records, &config, &reason), 0);
    assert_int_equal(reason.len, 0);

    config.file_max = most;
    assert_int_equal(store_backend_check(&store_local_records, &config, &reason), 0);
    assert_int_equal(store_backend_check(&store_aws_records, &config, &reason), ERR_CONFIG);
    assert_non_null(strstr(buf_text(&reason), "SECRETS_MAX_FILE: DynamoDB allows at most 65536"));
    buf_free(&reason);

    config.part_size = 2 * part;
    assert_int_equal(store_backend_check(&store_aws_records, &config, &reason), 0);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_choose_the_backends),
        cmocka_unit_test(test_an_upload_keeps_within_the_parts_of_its_backend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
