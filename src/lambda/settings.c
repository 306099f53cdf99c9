/* SPDX-License-Identifier: MIT */
#include "lambda/settings.h"

#include "base/err.h"
#include "settings/check.h"

/* Whether ${path} is "" or the path of a folder without its last slash: no empty or dotted segment,
 * and no character that a gateway would encode. */
static bool
is_path_prefix(const char *path) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~";
    while (path[0] != '\0') {
        size_t len = path[0] == '/' ? strspn(path + 1, allowed) : 0;
        if (len == 0) return false;
        path += len + 1;
    }
    return true;
}

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
    if (!is_path_prefix(s->path_prefix)) {
        (void)!buf_printf(reason, "SECRETS_PATH_PREFIX: \"%.80s\" is not a path such as /share",
                          s->path_prefix);
        return ERR_CONFIG;
    }
    return 0;
}
