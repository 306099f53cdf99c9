/* SPDX-License-Identifier: MIT */
/*
 * The settings of secretsd and of the AWS Lambda function.  One table names for each setting its
 * variable, its default, its bounds, its help and the programs that read it.  A value that is not
 * understood stops the start: nothing is guessed.
 */
#ifndef SETTINGS_TABLE_H
#define SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/access/creators.h"
#include "api/web/origins.h"
#include "base/buf.h"
#include "http/address.h"
#include "http/user.h"
#include "settings/hosts.h"

/* Texts point into the environment, the arguments or constants, which outlive the settings. */
struct settings {
    const char *listen;
    const char *open_listen; /* "" for none */
    const char *data;
    int64_t ttl_days;
    int64_t ttl_max_days;
    int64_t views_max;
    int64_t passphrase; /* 0 optional, 1 required */
    int64_t requests;   /* 0 on, 1 off */
    int64_t text_max;
    int64_t file_max;
    int64_t part_size;
    int64_t quota;
    int64_t daily_bytes;  /* 0: no limit */
    const char *page;     /* the value, or page_text */
    char page_text[1088]; /* the address with a host of other letters as DNS has it */
    struct origins origins;
    struct hosts hosts;
    struct http_trusted trusted;
    struct creators creators;
    const char *api_tokens;  /* a file; for the function the lines themselves; "" for none */
    const char *user_header; /* "" for none */
    struct http_user_proxies user_proxies;
    const char *user_claim; /* "" for none */
    int64_t rate_create;
    int64_t rate_open;
    int64_t kdf_threads;
    int64_t kdf_memory; /* bytes */
    const char *metrics_listen;
    const char *admin_listen; /* "unix:PATH" */
    int64_t events_days;
    int64_t events_max;
    int64_t events_openers; /* 0 off, 1 on */
    const char *s3_bucket;
    const char *s3_sse;
    const char *dynamo_table;
    int64_t aws_http; /* 0 on this machine only, 1 anywhere */
    const char *cloudfront_key;
    const char *path_prefix;
    const char *brand;  /* folder, "" for none */
    int64_t sandbox;    /* enum settings_sandbox */
    int64_t allow_root; /* 0 off, 1 on */
    int64_t log_format; /* enum log_format */
    int64_t log_level;  /* enum log_level */
};

/* In the order of the setting's words. */
enum settings_sandbox {
    SETTINGS_SANDBOX_OFF,
    SETTINGS_SANDBOX_ON,       /* as far as the kernel can */
    SETTINGS_SANDBOX_REQUIRED, /* or the server does not start */
};

enum settings_kind {
    SETTINGS_TEXT,
    SETTINGS_NUMBER,
    SETTINGS_SIZE,
    SETTINGS_ORIGINS,
    SETTINGS_HOSTS,
    SETTINGS_NETWORKS,
    SETTINGS_CREATORS,
    SETTINGS_LINES, /* a text that may have several lines */
    SETTINGS_USER_HEADER,
    SETTINGS_USER_PROXIES,
    SETTINGS_PAGE,
    SETTINGS_WORD, /* one of the words in the argument, which are separated by '|' */
};

/* Which programs read a setting: bits. */
enum settings_program {
    SETTINGS_SERVER = 1,
    SETTINGS_FUNCTION = 2,
};

struct setting {
    const char *variable;
    const char *argument; /* what --help calls its value */
    const char *fallback; /* the default; "" for none */
    enum settings_kind kind;
    unsigned programs; /* of enum settings_program */
    int64_t min, max;  /* of a number, of a size, or of the length of a text */
    size_t offset;     /* in struct settings */
    const char *help;
};

/* The table, in the order of --help: ${*count} rows. */
const struct setting *settings_table(size_t *count);

/* Fill ${s} with the default of every setting; ${cores} is that of kdf_threads. */
void settings_defaults(struct settings *s, int64_t cores);

/*
 * Set what ${t} describes to ${value}.  Returns 0; or ERR_CONFIG with a line in ${reason}, which
 * calls the setting ${name} and says what a value looks like.
 */
MUST_CHECK
int settings_set(struct settings *s, const struct setting *t, const char *value, const char *name,
                 struct buf *reason);

/*
 * Set in ${s} what ${env} (NULL-terminated, as environ) holds of the settings of ${program}.  For
 * the function an empty variable is as if it were absent: templates pass parameters that way.
 * Returns 0; or ERR_CONFIG with a line in ${reason}, also for a variable that begins with SECRETS_
 * and is no setting of ${program}.
 */
MUST_CHECK
int settings_environment(struct settings *s, enum settings_program program, char *const env[],
                         struct buf *reason);

#endif
