/* SPDX-License-Identifier: MIT */
/* Any request to the signer.  Input: path, query, a header's value; separated by NULs. */
#include "aws/sigv4.h"
#include "aws/sigv4_canonical.h"

/* The form of a canonical text is canonical: making it again changes nothing. */
static void
check_stable(int (*canonical)(const char *text, struct buf *out), const char *text) {
    struct buf once = BUF_INIT(SIGV4_TEXT_MAX), twice = BUF_INIT(SIGV4_TEXT_MAX);
    if (canonical(text, &once) == 0) {
        if (canonical(buf_text(&once), &twice) != 0) abort();
        if (!buf_equals(&twice, once.data, once.len)) abort();
    }
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char *text = calloc(len + 3, 1), *path = text;
    if (len > 0) memcpy(text, data, len);
    char *query = path + strlen(path) + 1, *value = len >= (size_t)(query - text) ? query : path;
    const struct sigv4_header headers[] = {{"Host", "h"}, {"X-Test", value}, {"x-test", path}};
    struct sigv4_request req = {"GET", path, value, headers, 3, "hash", len % 2 == 1};
    const struct sigv4_keys keys = {"id", "secret"};
    const struct sigv4_scope scope = {1900000000, "r", "s3"};
    struct buf out = BUF_INIT(SIGV4_TEXT_MAX);

    check_stable(sigv4_canonical_normalize, path);
    check_stable(sigv4_canonical_query, value);
    if (sigv4_authorization(&req, &keys, &scope, &out) != 0 && out.len != 0) abort();
    buf_free(&out);
    free(text);
    return 0;
}
