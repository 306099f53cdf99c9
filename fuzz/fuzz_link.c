/* SPDX-License-Identifier: MIT */
/* Any text as a link: one that is accepted has a valid id, and the link made of it is read as the
 * same. */
#include "cli/address/link.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_sealed(const struct link *link) {
    struct buf text = BUF_INIT(2 * LINK_TEXT_MAX);
    struct link again;
    const char *key = link->key[0] != '\0' ? link->key : NULL;
    if (!token_is_sealed_id(link->id, strlen(link->id))) abort();
    if (key != NULL && !token_is_link_key(key, strlen(key))) abort();

    if (link->page[0] == '\0') return; /* an id without a host */
    if (link_build(link->page, link->id, key, &text) != 0) abort();
    if (link_parse(buf_text(&text), text.len, &again) != 0) abort();
    if (again.kind != LINK_SEALED || strcmp(again.id, link->id) != 0 ||
        strcmp(again.key, link->key) != 0 || strcmp(again.page, link->page) != 0)
        abort();
    buf_free(&text);
}

/* A link of a request has all its keys, and is read from what is built of it. */
static void
check_request(const struct link *link) {
    struct buf text = BUF_INIT(2 * LINK_TEXT_MAX);
    struct link again;
    const char *seed = link->kind == LINK_COLLECT ? link->seed : NULL;
    if (!token_is_sealed_id(link->id, strlen(link->id))) abort();
    if (!token_is_link_key(link->key, strlen(link->key))) abort();
    if (seed != NULL && !token_is_link_key(seed, strlen(seed))) abort();

    if (link->page[0] == '\0') return;
    if (link_build_request(link->page, link->id, seed, link->key, &text) != 0) abort();
    if (link_parse(buf_text(&text), text.len, &again) != 0) abort();
    if (again.kind != link->kind || strcmp(again.id, link->id) != 0 ||
        strcmp(again.key, link->key) != 0 || strcmp(again.seed, link->seed) != 0 ||
        strcmp(again.page, link->page) != 0)
        abort();
    buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char address[LINK_PAGE_MAX], again[LINK_PAGE_MAX];
    struct link link;
    if (link_parse((const char *)data, len, &link) == 0) {
        if (link.kind == LINK_SEALED) check_sealed(&link);
        else if (link.kind != LINK_CLASSIC) check_request(&link);
        else if (!token_is_classic_id(link.id, strlen(link.id))) abort();
    }

    /* An address that was accepted is accepted again and stays as it is. */
    if (link_address((const char *)data, len, address) == 0) {
        if (link_address(address, strlen(address), again) != 0) abort();
        if (strcmp(address, again) != 0) abort();
        if (address[strlen(address) - 1] != '/') abort();
        (void)http_url_is_exposed(address);
    }
    return 0;
}
