/* SPDX-License-Identifier: MIT */
#include "api/access/api_tokens.h"

#include <pthread.h>

#include "base/err.h"
#include "base/text/hex.h"
#include "crypto/token.h"

enum { HASH_DIGITS = 2 * TOKEN_HASH_LEN };

#define BLANKS " \t\r"

struct api_token {
    char name[API_TOKENS_NAME_MAX + 1];
    uint8_t hash[TOKEN_HASH_LEN];
};

struct api_tokens {
    pthread_rwlock_t lock;
    struct api_token *items; /* guarded by lock, as is count */
    size_t count;
};

struct api_tokens *
api_tokens_new(void) {
    struct api_tokens *t = calloc(1, sizeof(*t));
    if (t != NULL) pthread_rwlock_init(&t->lock, NULL);
    return t;
}

/* Wipe and free ${count} tokens. */
static void
free_items(struct api_token *items, size_t count) {
    if (items != NULL) explicit_bzero(items, count * sizeof(*items));
    free(items);
}

void
api_tokens_free(struct api_tokens *t) {
    if (t == NULL) return;
    free_items(t->items, t->count);
    pthread_rwlock_destroy(&t->lock);
    free(t);
}

static bool
is_token_name(const char *name, size_t len) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-";
    if (len == 0 || len > API_TOKENS_NAME_MAX) return false;
    for (size_t i = 0; i < len; i++)
        if (strchr(allowed, name[i]) == NULL || name[i] == '\0') return false;
    return true;
}

static bool
is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Remove blanks from both ends of ${text}, ${len}. */
static void
trim_entry(const char **text, size_t *len) {
    while (*len > 0 && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_blank((*text)[*len - 1]))
        (*len)--;
}

/* Read the entry ${text}, ${len}: a name, blanks and digits. */
static int
read_entry(const char *text, size_t len, struct api_token *out) {
    if (len <= HASH_DIGITS || !is_blank(text[len - HASH_DIGITS - 1])) return ERR_INVALID;
    const char *digits = text + len - HASH_DIGITS;
    size_t name_len = len - HASH_DIGITS;
    trim_entry(&text, &name_len);
    if (!is_token_name(text, name_len)) return ERR_INVALID;

    *out = (struct api_token){0};
    memcpy(out->name, text, name_len);
    return hex_read(digits, out->hash, TOKEN_HASH_LEN);
}

static bool
has_name(const struct api_token *items, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].name, name) == 0) return true;
    return false;
}

/* What is left of a list. */
struct token_list {
    const char *at, *end;
    size_t line; /* of at, from 1 */
};

/* Take the next entry, ${*entry} of ${*len} characters and of the line ${*line}, which is no
 * comment.  Returns false at the end. */
static bool
next_entry(struct token_list *list, const char **entry, size_t *len, size_t *line) {
    while (list->at < list->end) {
        size_t left = (size_t)(list->end - list->at), whole = 0;
        bool comment = list->at[strspn(list->at, BLANKS)] == '#';
        while (whole < left && list->at[whole] != '\n' && (comment || list->at[whole] != ','))
            whole++;

        *entry = list->at;
        *len = whole;
        *line = list->line;
        trim_entry(entry, len);
        list->at += whole;
        if (list->at < list->end && *list->at++ == '\n') list->line++;
        if (*len > 0 && !comment) return true;
    }
    return false;
}

/* Read the entries of ${text} into ${items}.  Returns 0, or ERR_INVALID with a reason. */
static int
read_list(const char *text, size_t len, struct api_token items[static API_TOKENS_MAX],
          size_t *count, struct buf *reason) {
    struct token_list list = {text, text + len, 1};
    const char *entry, *fault = NULL;
    size_t entry_len, line = 0;
    *count = 0;

    /* An entry that is not understood is not left out, or its owner would be refused. */
    while (fault == NULL && next_entry(&list, &entry, &entry_len, &line)) {
        struct api_token one;
        if (read_entry(entry, entry_len, &one) != 0)
            fault = "expected NAME and the SHA-256 of a token in 64 hexadecimal digits";
        else if (has_name(items, *count, one.name)) fault = "this name is there twice";
        else if (*count == API_TOKENS_MAX) fault = "there are too many tokens";
        else items[(*count)++] = one;
    }

    if (fault == NULL) return 0;
    (void)!buf_printf(reason, "line %zu: %s", line, fault);
    return ERR_INVALID;
}

int
api_tokens_load(struct api_tokens *t, const char *text, struct buf *reason) {
    struct api_token *items = calloc(API_TOKENS_MAX, sizeof(*items));
    size_t count = 0;
    if (items == NULL) return ERR_NOMEM;
    int err = read_list(text, strlen(text), items, &count, reason);

    /* Swap: what is freed below is what is no longer in force, or could not be read. */
    if (err == 0) {
        pthread_rwlock_wrlock(&t->lock);
        struct api_token *old = t->items;
        size_t old_count = t->count;
        t->items = items;
        t->count = count;
        pthread_rwlock_unlock(&t->lock);
        items = old;
        count = old_count;
    }
    free_items(items, count);
    return err;
}

bool
api_tokens_name(struct api_tokens *t, const char *token,
                char name[static API_TOKENS_NAME_MAX + 1]) {
    uint8_t hash[TOKEN_HASH_LEN];
    bool found = false;
    token_hash(token, strlen(token), hash);

    /* All are compared, so that the time tells nothing. */
    pthread_rwlock_rdlock(&t->lock);
    for (size_t i = 0; i < t->count; i++) {
        if (!token_hash_equal(t->items[i].hash, hash)) continue;
        found = true;
        memcpy(name, t->items[i].name, API_TOKENS_NAME_MAX + 1);
    }
    pthread_rwlock_unlock(&t->lock);
    return found;
}

bool
api_tokens_have(struct api_tokens *t, const char *token) {
    char name[API_TOKENS_NAME_MAX + 1];
    return api_tokens_name(t, token, name);
}

size_t
api_tokens_count(struct api_tokens *t) {
    pthread_rwlock_rdlock(&t->lock);
    size_t count = t->count;
    pthread_rwlock_unlock(&t->lock);
    return count;
}
