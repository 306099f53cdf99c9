/* SPDX-License-Identifier: MIT */
/* Which site a request comes from, by what browsers send. */
#include "api/web/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/api.h"
#include "api/web/origins.h"

#define HOST "share.example:8443"

static const struct row {
    const char *fetch, *origin, *host;
    enum site site;
} rows[] = {
    /* A program, a typed address, and this page in browsers of every kind. */
    {NULL, NULL, NULL, SITE_OWN},
    {NULL, NULL, HOST, SITE_OWN},
    {"none", NULL, HOST, SITE_OWN},
    {"same-origin", NULL, HOST, SITE_OWN},
    {"same-origin", "https://" HOST, HOST, SITE_OWN},
    {"same-origin", "https://share.example", "127.0.0.1:8080", SITE_OWN}, /* a proxy changed Host */
    {NULL, "http://" HOST, HOST, SITE_OWN},
    {NULL, "https://" HOST, "SHARE.example:8443", SITE_OWN},
    {NULL, "https://page.example", "127.0.0.1:8080", SITE_OWN}, /* SECRETS_PAGE */

    /* A page of SECRETS_ORIGINS. */
    {"cross-site", "https://listed.example", HOST, SITE_LISTED},
    {"same-site", "https://listed.example", HOST, SITE_LISTED},
    {NULL, "https://listed.example", HOST, SITE_LISTED},

    /* Any other page. */
    {"cross-site", NULL, HOST, SITE_FOREIGN},
    {"same-site", NULL, HOST, SITE_FOREIGN},
    {"cross-site", "https://" HOST, HOST, SITE_FOREIGN},
    {"cross-site", "https://evil.example", HOST, SITE_FOREIGN},
    {"Same-Origin", NULL, HOST, SITE_FOREIGN},
    {"same-origin, none", NULL, HOST, SITE_FOREIGN},
    {"", NULL, HOST, SITE_FOREIGN},
    {NULL, "https://evil.example", HOST, SITE_FOREIGN},
    {NULL, "https://evil.example", NULL, SITE_FOREIGN},
    {NULL, "https://share.example", HOST, SITE_FOREIGN}, /* another port */
    {NULL, "https://x" HOST, HOST, SITE_FOREIGN},
    {NULL, "https://" HOST ".evil.example", HOST, SITE_FOREIGN},
    {NULL, "https://page.example.evil.example", HOST, SITE_FOREIGN},
    {NULL, "https://page.exampl", HOST, SITE_FOREIGN},
    {NULL, "https://listed.example.evil.example", HOST, SITE_FOREIGN},
    {NULL, "null", HOST, SITE_FOREIGN},
    {NULL, "null", "null", SITE_FOREIGN},
    {NULL, "", "", SITE_FOREIGN},
    {NULL, "https://", "", SITE_FOREIGN},
};

static void
each_row_is_its_site(void **state) {
    static const struct origins listed = {.items = {"https://listed.example"}, .count = 1};
    const struct api_config config = {.page = "https://page.example/share/", .origins = &listed};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_request req = {.method = HTTP_POST};
        req.headers[HTTP_SEC_FETCH_SITE] = rows[i].fetch;
        req.headers[HTTP_ORIGIN] = rows[i].origin;
        req.headers[HTTP_HOST] = rows[i].host;
        if (site_of(&config, &req) != rows[i].site) print_message("row %zu\n", i);
        assert_int_equal(site_of(&config, &req), rows[i].site);
    }
}

/* Without the two settings nothing is listed, and only Host names this server. */
static void
settings_may_be_absent(void **state) {
    const struct api_config config = {.page = ""};
    struct http_request req = {.method = HTTP_POST};
    (void)state;
    req.headers[HTTP_HOST] = HOST;
    req.headers[HTTP_ORIGIN] = "https://" HOST;
    assert_int_equal(site_of(&config, &req), SITE_OWN);
    req.headers[HTTP_ORIGIN] = "https://listed.example";
    assert_int_equal(site_of(&config, &req), SITE_FOREIGN);
    req.headers[HTTP_ORIGIN] = "";
    assert_int_equal(site_of(&config, &req), SITE_FOREIGN);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_its_site),
        cmocka_unit_test(settings_may_be_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
