/* SPDX-License-Identifier: MIT */
/* Any bytes as the description of a request, which whoever has the link can be given.  What was
 * read is written as a description that reads as the same. */
#include "base/err.h"
#include "cli/request/description.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Write ${d} and read it again. */
static void
check_again(const struct description *d) {
    static struct description again;
    struct buf text = BUF_INIT(2 * DESCRIPTION_MAX);
    if (description_write(&random_system, d, &text) != 0) abort();

    /* The other text may be longer than a description may be. */
    int err = description_read(text.data, text.len, &again);
    if (err != 0 && text.len <= DESCRIPTION_MAX) abort();
    if (err == 0 && memcmp(d, &again, sizeof(again)) != 0) abort();
    buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct description d;
    int err = description_read(data, len, &d);
    if (err != 0 && err != ERR_INVALID) abort();
    if (err != 0) return 0;

    if (len > DESCRIPTION_MAX || strnlen(d.note, sizeof(d.note)) > DESCRIPTION_MAX) abort();
    if (d.count < 1 || d.count > AGE_RECIPIENTS_MAX) abort();
    check_again(&d);
    return 0;
}
