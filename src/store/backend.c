/* SPDX-License-Identifier: MIT */
#include "store/backend.h"

#include "base/err.h"
#include "crypto/envelope/header.h"

const struct store_backend *
store_backend_find(const struct store_backend *const list[], const struct store_config *config) {
    while ((*list)->is_chosen != NULL && !(*list)->is_chosen(config))
        list++;
    return *list;
}

/* Parts of the largest upload: a file of ${file_max} bytes, sealed and padded. */
static uint64_t
count_parts(uint64_t file_max, uint64_t part_size) {
    uint64_t plain = 4 + ENVELOPE_METADATA_MAX + file_max;
    uint64_t size = envelope_sealed_len(envelope_padded_len(plain));
    return (size + part_size - 1) / part_size;
}

int
store_backend_check(const struct store_backend *backend, const struct store_config *config,
                    struct buf *reason) {
    if (backend->parts_max == 0) return 0;
    if (count_parts(config->file_max, config->part_size) <= backend->parts_max) return 0;

    (void)!buf_printf(reason,
                      "SECRETS_MAX_FILE: %s allows at most %llu parts per upload; lower it or "
                      "raise SECRETS_PART_SIZE",
                      backend->name, (unsigned long long)backend->parts_max);
    return ERR_CONFIG;
}
