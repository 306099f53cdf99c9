/* SPDX-License-Identifier: MIT */
/*
 * The files and headers of the page as constants, generated from the built page by tools/embed.mjs.
 */
#ifndef API_WEB_PAGE_FILES_H
#define API_WEB_PAGE_FILES_H

#include <stddef.h>
#include <stdint.h>

struct page_file {
    const char *path; /* of the request; "/secret/" for /secret/ID */
    const char *type;
    const char *etag;      /* quoted */
    const char *gzip_etag; /* quoted */
    const uint8_t *bytes;
    size_t len;
    const uint8_t *gzip; /* the same, compressed */
    size_t gzip_len;
};

struct page_header {
    const char *name;
    const char *value;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;
extern const struct page_header page_headers[];
extern const size_t page_header_count;

#endif
