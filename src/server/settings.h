/* SPDX-License-Identifier: MIT */
/*
 * The settings of secretsd: one table says for each its variable, its default, its bounds and its
 * help.  A variable SECRETS_FOO_BAR or FOO_BAR is also the option --foo-bar, which wins over it.
 * What is not understood stops the start: nothing is ever guessed.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/web/origins.h"
#include "base/buf.h"
#include "http/address.h"

/* Texts point into the environment, the arguments or constants; they outlive the settings. */
struct settings {
    const char *listen;
    const char *data;
    int64_t ttl_days;
    int64_t ttl_max_days;
    int64_t text_max;
    int64_t file_max;
    int64_t part_size;
    int64_t quota;
    const char *page;
    struct origins origins;
    struct http_trusted trusted;
    int64_t rate_create;
    int64_t rate_open;
    int64_t kdf_threads;
    const char *metrics_listen;
    const char *s3_bucket;
    const char *s3_sse;
    const char *dynamo_table;
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

enum settings_result {
    SETTINGS_RUN,    /* start the server */
    SETTINGS_PRINT,  /* print the text and exit 0: --help or --version */
    SETTINGS_REFUSE, /* print the text and exit 2: something is not understood */
};

/*
 * Fill ${s} from defaults, then from the environment ${env} (NULL-terminated, as environ), then
 * from the arguments ${argv} behind the program's name.  ${cores} is the default number of
 * derivation threads; ${root} says whether this process is root, which it must be told it may be.
 * ${text} (bound 16 KiB or more) gets what to print, if anything; a refusal names the variable or
 * option at fault.
 */
enum settings_result settings_read(struct settings *s, int argc, char *const argv[],
                                   char *const env[], int64_t cores, bool root, struct buf *text);

#endif
