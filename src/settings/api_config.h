/* SPDX-License-Identifier: MIT */
/*
 * What the API is started with, made of the settings and of what a program can do.
 */
#ifndef SETTINGS_API_CONFIG_H
#define SETTINGS_API_CONFIG_H

#include "api/api.h"
#include "settings/table.h"

enum {
    API_CONFIG_CLASSIC_FILE_MAX = 10 * 1024 * 1024,
    API_CONFIG_INLINE_MAX = 128 * 1024, /* content that may come in the create call */
};

/* What a program, or its stores, can hold and send at most; bytes. */
struct api_config_limits {
    uint64_t text_max; /* UINT64_MAX: the settings decide */
    uint64_t classic_file_max;
    uint64_t response_max; /* 0: as large as the largest content makes it */
};

/* The config of an API with settings ${s}, which outlives it, within ${limits}. */
struct api_config api_config_make(const struct settings *s, const struct api_config_limits *limits);

#endif
