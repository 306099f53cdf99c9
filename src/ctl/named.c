/* SPDX-License-Identifier: MIT */
#include "ctl/named.h"

#include <stdio.h>

#define BLANKS " \t\r\n"

/* How many letters and digits ${s} begins with. */
static size_t
id_run(const char *s) {
    return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
}

/* Copy the id that ${at} begins with to ${out}.  Returns whether one is there. */
static bool
copy_id(const char *at, char out[static TOKEN_SEALED_ID_LEN + 1]) {
    size_t len = id_run(at);
    if (!token_is_sealed_id(at, len) && !token_is_classic_id(at, len)) return false;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

static bool
find_id(const char *text, char out[static TOKEN_SEALED_ID_LEN + 1]) {
    static const char *const before[] = {"#", "%23", "%2523", "/secret/"};
    if (copy_id(text, out) && text[strlen(out)] == '\0') return true;

    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        const char *at = strstr(text, before[i]);
        if (at == NULL) continue;
        at += strlen(before[i]);

        /* The two links of a request. */
        if (strncmp(at, "r.", 2) == 0 || strncmp(at, "c.", 2) == 0) at += 2;
        if (copy_id(at, out)) return true;
    }
    return false;
}

bool
named_take_id(char *text, char out[static TOKEN_SEALED_ID_LEN + 1]) {
    bool found = find_id(text, out);
    explicit_bzero(text, strlen(text));
    return found;
}

/* Read one line of standard input into ${line}.  Returns whether there is one. */
static bool
read_named_line(char line[static NAMED_LINK_MAX]) {
    size_t len = 0;
    bool any = false, fits = true;
    int c = 0;
    while ((c = getc(stdin)) != EOF && c != '\n') {
        any = true;
        if (c == '\0' || len + 1 == NAMED_LINK_MAX) fits = false;
        else line[len++] = (char)c;
    }

    line[len] = '\0';
    if (!fits) {
        explicit_bzero(line, len);
        line[0] = '?';
        line[1] = '\0';
    }
    return any || c == '\n';
}

char *
named_next_line(char line[static NAMED_LINK_MAX], long *number) {
    while (read_named_line(line)) {
        ++*number;
        char *at = line + strspn(line, BLANKS);
        at[strcspn(at, BLANKS)] = '\0';
        if (at[0] != '\0') return at;
    }
    return NULL;
}
