/* SPDX-License-Identifier: MIT */
#include "settings/api_config.h"

enum {
    DAY = 24 * 60 * 60, /* seconds */
    JSON_GROWTH = 6,    /* a control character becomes six characters in JSON */
};

/* The body of the largest response: a text as JSON, or a file as base64, and the other members. */
static uint64_t
largest_response(const struct api_config *c) {
    uint64_t text = JSON_GROWTH * c->text_max;
    uint64_t file = c->classic_file_max / 3 * 4;
    return (text > file ? text : file) + c->inline_max;
}

struct api_config
api_config_make(const struct settings *s, const struct api_config_limits *limits) {
    struct api_config c = {
        .version = VERSION,
        .ttl_default = s->ttl_days * DAY,
        .ttl_max = s->ttl_max_days * DAY,
        .views_max = (int)s->views_max,
        .passphrase_required = s->passphrase == 1,
        .requests = s->requests == 0,
        .text_max = (uint64_t)s->text_max,
        .classic_file_max = limits->classic_file_max,
        .file_max = (uint64_t)s->file_max,
        .inline_max = API_CONFIG_INLINE_MAX,
        .response_max = limits->response_max,
        .rate_create = (uint32_t)s->rate_create,
        .rate_open = (uint32_t)s->rate_open,
        .page = s->page,
        .origins = &s->origins,
        .creators = s->creators,
        .name_openers = s->events_openers == 1,
        .proxies = &s->trusted,
    };

    /* What the program can hold and send may be less. */
    if (c.text_max > limits->text_max) c.text_max = limits->text_max;
    if (c.response_max == 0) c.response_max = largest_response(&c);
    return c;
}
