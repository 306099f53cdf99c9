/* SPDX-License-Identifier: MIT */
/* Any text as the configuration file of the CLI: what is accepted is within its limits. */
#include "base/err.h"
#include "cli/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char address[LINK_PAGE_MAX];
    struct config config = {.server = ""};
    unsigned line = 0;
    int err = config_parse((const char *)data, len, &config, &line);
    if (err != 0) {
        if (err != ERR_CONFIG || line == 0) abort();
        return 0;
    }

    if (config.views < 0 || config.views > 100 || config.ttl < 0) abort();
    if (config.server[0] == '\0') return 0;
    if (link_address(config.server, strlen(config.server), address) != 0) abort();
    if (strcmp(address, config.server) != 0) abort();
    return 0;
}
