/* SPDX-License-Identifier: MIT */
#include "settings/idn.h"

#include "base/err.h"
#include "http/url.h"

enum { ADDRESS_MAX = 1100 };

bool
idn_is_ascii(const char *text) {
    while (*text != '\0' && ((unsigned char)*text & 0x80) == 0)
        text++;
    return *text == '\0';
}

/* Append ${item}, a host or an address, to ${out}, its host as DNS has it. */
static int
encode_item(const char *item, size_t len, struct buf *out) {
    static const char scheme[] = "https://";
    char whole[ADDRESS_MAX], ascii[ADDRESS_MAX];
    bool bare = memmem(item, len, "://", 3) == NULL;

    int n = snprintf(whole, sizeof(whole), "%s%.*s", bare ? scheme : "", (int)len, item);
    if (n < 0 || (size_t)n >= sizeof(whole) || http_url_ascii(whole, ascii, sizeof(ascii)) != 0)
        return ERR_INVALID;

    /* libcurl adds a slash to an address without a path. */
    const char *text = ascii;
    if (bare) text += strlen(scheme);
    size_t text_len = strlen(text);
    if (text_len > 0 && text[text_len - 1] == '/' && item[len - 1] != '/') text_len--;
    return buf_add(out, text, text_len);
}

int
idn_encode_list(const char *list, struct buf *out) {
    int err = 0;
    while (*list != '\0' && err == 0) {
        size_t gap = strspn(list, ", "), len = strcspn(list + gap, ", ");
        err = buf_add(out, list, gap);
        if (err == 0 && len > 0) err = encode_item(list + gap, len, out);
        list += gap + len;
    }
    return err == 0 ? 0 : ERR_INVALID;
}
