/* SPDX-License-Identifier: MIT */
#include "lambda/settings.h"

#include "base/err.h"
#include "store/aws.h"

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
    if (!store_aws_parts_fit((uint64_t)s->file_max, (uint64_t)s->part_size)) {
        (void)!buf_add_text(reason, "SECRETS_MAX_FILE: DynamoDB allows at most 65,536 parts for "
                                    "each upload; raise SECRETS_PART_SIZE");
        return ERR_CONFIG;
    }
    return 0;
}
