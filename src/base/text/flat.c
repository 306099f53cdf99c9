/* SPDX-License-Identifier: MIT */
#include "base/text/flat.h"

#include <string.h>

enum { DIGITS_MAX = 15 };

/* What is left of the text. */
struct rest {
    char *at, *end;
};

static void
skip_space(struct rest *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* Pass ${c} and the space around it.  Returns whether it was there. */
static bool
pass_mark(struct rest *r, char c) {
    skip_space(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    skip_space(r);
    return true;
}

/* Pass ${word}.  Returns whether it was there. */
static bool
pass_word(struct rest *r, const char *word) {
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0) return false;
    r->at += len;
    return true;
}

/* Read a string, which begins here, and terminate it.  Returns NULL if it is not a simple one. */
static const char *
read_simple_text(struct rest *r, size_t *len) {
    char *begin = r->at + 1, *at = begin;
    if (r->at == r->end || *r->at != '"') return NULL;
    while (at < r->end && *at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\')
        at++;
    if (at == r->end || *at != '"') return NULL;

    *at = '\0';
    *len = (size_t)(at - begin);
    r->at = at + 1;
    return begin;
}

/* Read an integer.  Returns whether it is a simple one. */
static bool
read_integer(struct rest *r, int64_t *out) {
    bool negative = pass_word(r, "-");
    const char *begin = r->at;
    int64_t number = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        if (r->at - begin == DIGITS_MAX) return false;
        number = number * 10 + (*r->at - '0');
    }

    /* No digit, or a zero before others.  A fraction is refused by what has to follow. */
    if (r->at == begin || (*begin == '0' && r->at - begin > 1)) return false;
    *out = negative ? -number : number;
    return true;
}

static bool
read_value(struct rest *r, struct flat_member *m) {
    if (r->at == r->end) return false;
    if (*r->at == '"') {
        m->kind = FLAT_TEXT;
        m->text = read_simple_text(r, &m->len);
        return m->text != NULL;
    }

    m->kind = FLAT_BOOL;
    m->flag = pass_word(r, "true");
    if (m->flag || pass_word(r, "false")) return true;
    m->kind = FLAT_NUMBER;
    return read_integer(r, &m->number);
}

static bool
read_member(struct rest *r, struct flat_member *m) {
    size_t len;
    *m = (struct flat_member){0};
    m->name = read_simple_text(r, &len);
    return m->name != NULL && pass_mark(r, ':') && read_value(r, m);
}

int
flat_read(char *text, size_t len, struct flat_member *out, size_t max) {
    struct rest r = {text, text + len};
    int n = 0;
    if (len == 0 || text[0] != '{' || !pass_mark(&r, '{')) return -1;
    if (pass_mark(&r, '}')) return r.at == r.end ? 0 : -1;

    do {
        if ((size_t)n == max || !read_member(&r, &out[n++])) return -1;
    } while (pass_mark(&r, ','));
    return pass_mark(&r, '}') && r.at == r.end ? n : -1;
}
