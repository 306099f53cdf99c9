/* SPDX-License-Identifier: MIT */
/* Who may create: the setting, and every combination of what a request brings. */
#include "api/access/creators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"

static struct http_address
address(const char *text) {
    struct http_address a;
    assert_int_equal(http_address_parse(text, strlen(text), &a), 0);
    return a;
}

static void
the_setting_is_read_strictly(void **state) {
    static const struct {
        const char *list;
        int limited; /* -1: refused */
        unsigned ways;
        int networks;
    } rows[] = {
        {"anyone", 0, 0, 0},
        {"nobody", 1, 0, 0},
        {"token", 1, CREATORS_TOKEN, 0},
        {"user", 1, CREATORS_USER, 0},
        {"10.0.0.0/8", 1, CREATORS_NETWORK, 1},
        {" user ,\ttoken,192.0.2.1, 2001:db8::/32", 1, 7, 2},
        {"token,token", 1, CREATORS_TOKEN, 0},
        {"", -1, 0, 0},
        {" ", -1, 0, 0},
        {"token,", -1, 0, 0},
        {",token", -1, 0, 0},
        {"token,,user", -1, 0, 0},
        {"token user", -1, 0, 0},
        {"Token", -1, 0, 0},
        {"anyone,token", -1, 0, 0},
        {"token,nobody", -1, 0, 0},
        {"nobody ", -1, 0, 0},
        {"everyone", -1, 0, 0},
        {"unix", -1, 0, 0},
        {"10.0.0.0/33", -1, 0, 0},
        {"localhost", -1, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct creators c;
        int err = creators_parse(rows[i].list, &c);
        if (rows[i].limited < 0) {
            if (err != ERR_INVALID) print_message("%s\n", rows[i].list);
            assert_int_equal(err, ERR_INVALID);
            continue;
        }
        assert_int_equal(err, 0);
        assert_int_equal(c.limited, rows[i].limited);
        assert_int_equal(c.ways, rows[i].ways);
        assert_int_equal(c.networks.count, rows[i].networks);
    }
}

/* Whether the rule of design gives a right, written another way than the code. */
static bool
expected(const char *list, const struct creators_facts *f, bool inside) {
    if (f->plane == HTTP_PLANE_OPEN || strcmp(list, "nobody") == 0) return false;
    if (strcmp(list, "anyone") == 0) return true;
    if (strstr(list, "token") != NULL && f->token) return true;
    if (strstr(list, "user") != NULL && f->user && f->site == SITE_OWN) return true;
    return strstr(list, "10.") != NULL && inside && f->site != SITE_FOREIGN;
}

static void
every_combination_gives_what_the_rule_says(void **state) {
    static const char *const lists[] = {"anyone",
                                        "nobody",
                                        "token",
                                        "user",
                                        "10.0.0.0/8",
                                        "token,user",
                                        "token,10.0.0.0/8",
                                        "user,10.0.0.0/8",
                                        "user,token,10.0.0.0/8"};
    const struct http_address in = address("10.9.8.7"), out = address("192.0.2.1");
    const struct http_address mapped = address("::ffff:10.0.0.1"), local = {.local = true};
    const struct {
        const struct http_address *client;
        bool inside;
    } clients[] = {{&in, true}, {&mapped, true}, {&out, false}, {&local, false}, {NULL, false}};
    int allowed = 0, refused = 0;
    (void)state;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        struct creators c;
        assert_int_equal(creators_parse(lists[l], &c), 0);
        for (unsigned bits = 0; bits < 8; bits++)
            for (enum site site = SITE_OWN; site <= SITE_FOREIGN; site++)
                for (size_t k = 0; k < ARRAY_LEN(clients); k++) {
                    const struct creators_facts facts = {
                        .plane = bits & 1 ? HTTP_PLANE_OPEN : HTTP_PLANE_MAIN,
                        .site = site,
                        .token = (bits & 2) != 0,
                        .user = (bits & 4) != 0,
                        .client = clients[k].client,
                    };
                    bool want = expected(lists[l], &facts, clients[k].inside);
                    if (creators_allow(&c, &facts) != want)
                        print_message("%s: bits %u, site %d, client %zu\n", lists[l], bits,
                                      (int)site, k);
                    assert_int_equal(creators_allow(&c, &facts), want);
                    if (want) allowed++;
                    else refused++;
                }
    }
    assert_int_equal(allowed + refused, 9 * 8 * 3 * 5);
    assert_true(allowed > 100 && refused > 500);
}

static void
where_nobody_may_create_there_is_nothing_to_create_with(void **state) {
    struct creators c;
    (void)state;
    assert_int_equal(creators_parse("nobody", &c), 0);
    assert_int_equal(creators_plane(&c, HTTP_PLANE_MAIN), HTTP_PLANE_OPEN);
    assert_int_equal(creators_parse("token", &c), 0);
    assert_int_equal(creators_plane(&c, HTTP_PLANE_MAIN), HTTP_PLANE_MAIN);
    assert_int_equal(creators_plane(&c, HTTP_PLANE_OPEN), HTTP_PLANE_OPEN);
    assert_int_equal(creators_parse("anyone", &c), 0);
    assert_int_equal(creators_plane(&c, HTTP_PLANE_MAIN), HTTP_PLANE_MAIN);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_setting_is_read_strictly),
        cmocka_unit_test(every_combination_gives_what_the_rule_says),
        cmocka_unit_test(where_nobody_may_create_there_is_nothing_to_create_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
