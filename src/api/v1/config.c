/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/answer.h"

enum { CONFIG_LEN = 512, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Lifetimes that the page offers, as far as they fit under the maximum. */
static const int ttl_choices[] = {5 * MINUTE, HOUR,    6 * HOUR, DAY,
                                  3 * DAY,    5 * DAY, 14 * DAY, 30 * DAY};

static void
put_choices(struct answer *a, const struct api_config *config) {
    bool named = false;
    answer_array_open(a, "ttl_choices");
    for (size_t i = 0; i < ARRAY_LEN(ttl_choices); i++) {
        if (ttl_choices[i] > config->ttl_max) break;
        if (!named && config->ttl_default <= ttl_choices[i]) {
            if (config->ttl_default < ttl_choices[i]) answer_number(a, NULL, config->ttl_default);
            named = true;
        }
        answer_number(a, NULL, ttl_choices[i]);
    }
    if (!named) answer_number(a, NULL, config->ttl_default);
    answer_array_close(a);
}

void
v1_config(struct api_call *call) {
    const struct api_config *config = &call->api->config;
    struct answer a;
    answer_begin(&a, call->resp, CONFIG_LEN);
    answer_string(&a, "version", config->version);
    answer_string(&a, "page", config->page);
    answer_number(&a, "part_size", call->api->vault->limits.part_size);
    answer_number(&a, "inline_max", (int64_t)config->inline_max);
    answer_number(&a, "file_max", (int64_t)config->file_max);
    answer_number(&a, "text_max", (int64_t)config->text_max);
    answer_number(&a, "classic_file_max", (int64_t)config->classic_file_max);
    answer_number(&a, "ttl_min", RECORD_TTL_MIN);
    answer_number(&a, "ttl_max", config->ttl_max);
    answer_number(&a, "ttl_default", config->ttl_default);
    put_choices(&a, config);
    answer_number(&a, "views_max", RECORD_VIEWS_MAX);
    answer_number(&a, "attempts_max", RECORD_ATTEMPTS_MAX);
    answer_end(&a, 200);
}
