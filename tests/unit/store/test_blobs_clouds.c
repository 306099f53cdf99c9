/* SPDX-License-Identifier: MIT */
/*
 * The contract of blob stores, on services that speak S3's protocol with habits of their own: in
 * memory, by what the services' documents and sources say (tests/support/cloud_s3.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "blobs_contract.h"
#include "cloud_s3.h"
#include "store/s3/blobs.h"

static const char bucket[] = "files";
static const struct cloud_habits *habits;
static struct cloud_s3 *cloud;
static struct aws_credentials *credentials;

/* Open the bucket of ${cloud}.  Returns as s3_blobs_open(). */
static int
open_cloud(struct blobs **out, struct buf *reason) {
    const struct s3_blobs_config config = {.aws = {.env = cloud_s3_env(cloud),
                                                   .credentials = credentials,
                                                   .transport = cloud_s3_transport(cloud),
                                                   .clock = clock_system,
                                                   .random = random_system},
                                           .bucket = bucket};
    return s3_blobs_open(&config, out, reason);
}

/* Make a service of ${habits}, with nothing in its bucket. */
static void
make_cloud(void) {
    cloud_s3_free(cloud);
    aws_credentials_free(credentials);
    cloud = cloud_s3_new(habits, bucket);
    const struct aws_credentials_config config = {cloud_s3_env(cloud), cloud_s3_transport(cloud),
                                                  clock_system};
    credentials = aws_credentials_new(&config);
    assert_non_null(credentials);
}

static struct blobs *
open_same(void) {
    struct blobs *b = NULL;
    struct buf reason = BUF_INIT(512);
    int err = open_cloud(&b, &reason);
    if (err != 0) print_message("%s: %s\n", habits->name, buf_text(&reason));
    buf_free(&reason);
    return b;
}

static struct blobs *
open_new(void) {
    make_cloud();
    return open_same();
}

static struct blobs *
reopen(struct blobs *b) {
    b->ops->close(b);
    return open_same();
}

static void
finish(struct blobs *b) {
    b->ops->close(b);
}

/* Open the bucket of the service ${name}, which must fail with ${err} and a reason that has
 * ${words} in it. */
static void
assert_refused(const struct cloud_habits *refusing, int err, const char *words) {
    struct blobs *b = NULL;
    struct buf reason = BUF_INIT(512);

    habits = refusing;
    make_cloud();
    assert_int_equal(open_cloud(&b, &reason), err);
    assert_null(b);
    if (strstr(buf_text(&reason), words) == NULL)
        fail_msg("%s: %s", habits->name, buf_text(&reason));
    buf_free(&reason);
}

/* Nothing is ever erased in such a bucket. */
static void
a_service_that_keeps_versions_is_refused(void **state) {
    size_t count, refused = 0;
    const struct cloud_habits *all = cloud_s3_services(&count);
    (void)state;

    for (size_t i = 0; i < count; i++) {
        if (all[i].versions != CLOUD_VERSIONED && all[i].versions != CLOUD_SUSPENDED) continue;
        const char *word = "Enabled";
        if (all[i].versions == CLOUD_SUSPENDED) word = "Suspended";
        assert_refused(&all[i], ERR_CONFIG, word);
        refused++;
    }
    assert_int_equal(refused, 2);
}

/* The region is the operator's to set: the reason says what the service wants. */
static void
a_wrong_region_is_named(void **state) {
    size_t count;
    const struct cloud_habits *all = cloud_s3_services(&count);
    struct cloud_habits wrong;
    (void)state;

    for (size_t i = 0; i < count; i++) {
        if (all[i].region == NULL) continue;
        wrong = all[i];
        wrong.set_region = "nowhere-1";
        assert_refused(&wrong, ERR_STORE, "AuthorizationHeaderMalformed");
        assert_refused(&wrong, ERR_STORE, "signed for the region nowhere-1");
        if (strcmp(wrong.name, "Garage") == 0)
            assert_refused(&wrong, ERR_STORE, "in the region garage");
    }
}

/* Return what the log says while ${b} reads an object. */
static void
log_of_get(struct blobs *b, char *out, size_t room) {
    struct buf got = BUF_INIT(100);
    FILE *file = tmpfile();
    assert_non_null(file);
    int kept = dup(STDERR_FILENO);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    int result = b->ops->get(b, "Name000000000000000001", 0, &got);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(kept), 0);

    assert_int_equal(result, ERR_STORE);
    rewind(file);
    out[fread(out, 1, room - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    buf_free(&got);
}

/* The operator reads the service's own code, and the region if the service names one. */
static void
the_log_has_the_services_own_words(void **state) {
    static const struct {
        int status;
        const char *code, *event;
    } failures[] = {
        {403, "AccessDenied", "s3.refused"},
        {503, "SlowDown", "s3.failed"},
        {500, "InternalError", "s3.failed"},
    };
    size_t count;
    char log[4096], words[128];
    const struct cloud_habits *all = cloud_s3_services(&count);
    (void)state;

    for (size_t i = 0; i < count; i++) {
        if (all[i].versions == CLOUD_VERSIONED || all[i].versions == CLOUD_SUSPENDED) continue;
        habits = &all[i];
        struct blobs *b = open_new();
        assert_non_null(b);
        for (size_t k = 0; k < sizeof(failures) / sizeof(failures[0]); k++) {
            cloud_s3_fail(cloud, failures[k].status, failures[k].code);
            log_of_get(b, log, sizeof(log));
            (void)snprintf(words, sizeof(words), "event=%s status=%d code=%s", failures[k].event,
                           failures[k].status, failures[k].code);
            if (strstr(log, words) == NULL) fail_msg("%s: %s", habits->name, log);
            bool region = strstr(log, "region=garage") != NULL;
            assert_int_equal(region, strcmp(habits->name, "Garage") == 0);
        }
        b->ops->close(b);
    }
}

int
main(void) {
    const struct CMUnitTest own[] = {
        cmocka_unit_test(a_service_that_keeps_versions_is_refused),
        cmocka_unit_test(a_wrong_region_is_named),
        cmocka_unit_test(the_log_has_the_services_own_words),
    };
    struct blobs_factory factory = {.open = open_new, .reopen = reopen, .finish = finish};
    size_t count;
    const struct cloud_habits *all = cloud_s3_services(&count);
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        if (all[i].versions == CLOUD_VERSIONED || all[i].versions == CLOUD_SUSPENDED) continue;
        habits = &all[i];
        factory.name = habits->name;
        /* Without conditions a race has no winner, but everything else holds. */
        factory.race_rounds = habits->conditions == CLOUD_CONDITIONS_HOLD ? 5 : 0;
        failed += blobs_contract_run(&factory);
    }
    failed += cmocka_run_group_tests(own, NULL, NULL);
    cloud_s3_free(cloud);
    aws_credentials_free(credentials);
    return failed;
}
