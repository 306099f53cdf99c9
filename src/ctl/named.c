/* SPDX-License-Identifier: MIT */
#include "ctl/named.h"

#include <stdio.h>

#include "ctl/line.h"

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
    bool ended;
    ssize_t len = line_read(stdin, line, NAMED_LINK_MAX, &ended);
    if (len != LINE_BAD) return len > 0 || ended;

    /* The rest of the line belongs to it, too. */
    for (int c = 0; c != EOF && c != '\n';)
        c = getc(stdin);
    explicit_bzero(line, NAMED_LINK_MAX);
    line[0] = '?';
    return true;
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
