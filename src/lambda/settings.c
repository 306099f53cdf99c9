/* SPDX-License-Identifier: MIT */
#include "lambda/settings.h"

#include "base/err.h"

int
lambda_settings_read(struct settings *s, char *const env[], struct buf *reason) {
    settings_defaults(s, 1);
    int err = settings_environment(s, SETTINGS_FUNCTION, env, reason);
    if (err == 0) err = settings_check(s, reason);
    if (err != 0) return err;

    /* The function keeps nothing on its machine. */
    if (s->dynamo_table[0] == '\0') s->dynamo_table = "Secrets";
    if (s->s3_bucket[0] == '\0') {
        (void)!buf_add_text(reason, "S3_BUCKET: the function requires it");
        return ERR_CONFIG;
    }
    return 0;
}
