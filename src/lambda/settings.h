/* SPDX-License-Identifier: MIT */
/* The settings of the function, from its environment: those of secretsd that mean
 * something here. */
#ifndef LAMBDA_SETTINGS_H
#define LAMBDA_SETTINGS_H

#include "api/web/origins.h"

struct lambda_settings {
    const char *table;  /* DYNAMO_TABLE, default Secrets */
    const char *bucket; /* S3_BUCKET */
    const char *sse;    /* SECRETS_S3_SSE; NULL: by the endpoint */
    int64_t ttl_days, ttl_max_days, text_max, file_max, part_size;
    const char *page;
    struct origins origins;
};

/*
 * Fill ${s} from ${env} (NULL-terminated, as environ), which outlives it.  Returns 0; or ERR_CONFIG
 * with ${wrong} (64 bytes) naming the variable that is missing, unknown or not understood.
 */
MUST_CHECK
int lambda_settings_read(struct lambda_settings *s, char *const env[], char wrong[static 64]);

#endif
