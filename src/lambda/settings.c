/* SPDX-License-Identifier: MIT */
#include "lambda/settings.h"

#include "base/err.h"
#include "base/text/parse.h"
#include "store/aws.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* What fits an item of DynamoDB; a larger SECRETS_MAX_TEXT, right elsewhere, is cut to it. */
enum { TEXT_MAX = 256 * 1024 };

enum kind { NUMBER, SIZE, TEXT, PAGE, ORIGINS, IGNORED };

static const struct setting {
    const char *name;
    enum kind kind;
    size_t offset;
    int64_t min, max;
} table[] = {
#define AT(member) offsetof(struct lambda_settings, member)
    {"DYNAMO_TABLE", TEXT, AT(table), 3, 255},
    {"S3_BUCKET", TEXT, AT(bucket), 3, 63},
    {"SECRETS_S3_SSE", TEXT, AT(sse), 0, 64},
    {"TTL_DAYS", NUMBER, AT(ttl_days), 1, 3650},
    {"SECRETS_MAX_TTL_DAYS", NUMBER, AT(ttl_max_days), 1, 3650},
    {"SECRETS_MAX_TEXT", SIZE, AT(text_max), KIB, 10 * MIB},
    {"SECRETS_MAX_FILE", SIZE, AT(file_max), KIB, 1024 * GIB},
    {"SECRETS_PART_SIZE", SIZE, AT(part_size), 64 * KIB, 4 * MIB},
    {"SECRETS_PAGE", PAGE, AT(page), 0, 1024},
    {"SECRETS_ORIGINS", ORIGINS, AT(origins), 0, 0},
    /* One derivation at a time, and the gateway limits rates: these have no meaning here. */
    {"SECRETS_KDF_THREADS", IGNORED, 0, 0, 0},
    {"SECRETS_RATE_CREATE", IGNORED, 0, 0, 0},
    {"SECRETS_RATE_OPEN", IGNORED, 0, 0, 0},
};

static int
read_one(struct lambda_settings *s, const struct setting *t, const char *value) {
    void *at = (char *)s + t->offset;
    size_t len = strlen(value);
    switch (t->kind) {
    case NUMBER: return parse_number(value, len, t->min, t->max, at) == 0 ? 0 : ERR_CONFIG;
    case SIZE: return parse_size(value, t->min, t->max, at) == 0 ? 0 : ERR_CONFIG;
    case ORIGINS: return origins_parse(value, at) == 0 ? 0 : ERR_CONFIG;
    case IGNORED: return 0;
    case PAGE:
        if (!origins_is_page(value)) return ERR_CONFIG;
        break;
    case TEXT: break;
    }
    if (len < (size_t)t->min || len > (size_t)t->max) return ERR_CONFIG;
    *(const char **)at = value;
    return 0;
}

static const struct setting *
find(const char *name, size_t len) {
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) return &table[i];
    return NULL;
}

static int
refuse(const char *name, size_t len, char wrong[static 64]) {
    (void)snprintf(wrong, 64, "%.*s", len > 60 ? 60 : (int)len, name);
    return ERR_CONFIG;
}

int
lambda_settings_read(struct lambda_settings *s, char *const env[], char wrong[static 64]) {
    *s = (struct lambda_settings){.table = "Secrets",
                                  .ttl_days = 5,
                                  .ttl_max_days = 30,
                                  .text_max = TEXT_MAX,
                                  .file_max = GIB,
                                  .part_size = MIB,
                                  .page = ""};
    for (; *env != NULL; env++) {
        size_t len = strcspn(*env, "=");
        const struct setting *t = find(*env, len);
        if (t == NULL && strncmp(*env, "SECRETS_", 8) == 0) return refuse(*env, len, wrong);
        if (t == NULL || (*env)[len] == '\0' || (*env)[len + 1] == '\0') continue;
        if (read_one(s, t, *env + len + 1) != 0) return refuse(*env, len, wrong);
    }
    if (s->bucket == NULL) return refuse("S3_BUCKET", 9, wrong);
    if (s->ttl_days > s->ttl_max_days) return refuse("TTL_DAYS", 8, wrong);
    if (!store_aws_parts_fit((uint64_t)s->file_max, (uint64_t)s->part_size))
        return refuse("SECRETS_MAX_FILE", 16, wrong);
    if (s->text_max > TEXT_MAX) s->text_max = TEXT_MAX;
    return 0;
}
