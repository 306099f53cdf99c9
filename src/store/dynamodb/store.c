/* SPDX-License-Identifier: MIT */
#include "store/dynamodb/store.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text/parse.h"
#include "store/dynamodb/internal.h"

void
dynamodb_id(const struct store_ref *ref, char out[static DYNAMODB_KEY_MAX + 1]) {
    size_t len = ref->len < DYNAMODB_KEY_MAX ? ref->len : DYNAMODB_KEY_MAX;
    memcpy(out, ref->bytes, len);
    out[len] = '\0';
}

int64_t
dynamodb_time(struct dynamodb *d, int64_t clock) {
    long long seen = atomic_load(&d->latest);
    while (seen < clock && !atomic_compare_exchange_weak(&d->latest, &seen, clock)) {
    }
    return seen > clock ? seen : clock;
}

static int64_t
dynamodb_now(struct store *s, int64_t clock) {
    return dynamodb_time((struct dynamodb *)s, clock);
}

/* The id itself: a table of pysecrets has it as its key. */
static void
dynamodb_ref(struct store *s, const char *id, struct store_ref *out) {
    (void)s;
    *out = (struct store_ref){0};
    out->len = strnlen(id, sizeof(out->bytes));
    memcpy(out->bytes, id, out->len);
}

static int
read_error(enum dynamodb_outcome outcome) {
    return outcome == DYNAMODB_NOMEM ? ERR_NOMEM : ERR_STORE;
}

/* A read: may be done as often as it takes. */
static int
read_call(struct dynamodb *d, const char *operation, json_t *body, json_t **answer,
          enum dynamodb_outcome *outcome) {
    struct aws_retry retry;
    if (body == NULL) return ERR_NOMEM;
    aws_retry_start(&retry, &d->service);
    do
        *outcome = dynamodb_call(&d->service, operation, json_incref(body), false, answer);
    while ((*outcome == DYNAMODB_NOT_DONE || *outcome == DYNAMODB_UNKNOWN) &&
           aws_retry_again(&retry));
    json_decref(body);
    return *outcome == DYNAMODB_DONE ? 1 : read_error(*outcome);
}

int
dynamodb_get(struct dynamodb *d, const char *key, bool whole, json_t **item) {
    json_t *answer = NULL;
    enum dynamodb_outcome outcome;
    *item = NULL;
    int got = read_call(d, "GetItem", dynamodb_body_get(d->table, key, whole), &answer, &outcome);
    if (got == 1) {
        *item = json_incref(json_object_get(answer, "Item"));
        got = *item != NULL;
    }
    json_decref(answer);
    return got;
}

void
dynamodb_erase_content(struct dynamodb *d, const char *id) {
    struct aws_retry retry;
    enum dynamodb_outcome outcome;
    aws_retry_start(&retry, &d->service);
    do {
        json_t *answer = NULL;
        outcome = dynamodb_call(&d->service, "DeleteItem",
                                dynamodb_body_delete_content(d->table, id), false, &answer);
        json_decref(answer);
    } while (outcome != DYNAMODB_DONE && outcome != DYNAMODB_WRONG && aws_retry_again(&retry));
    if (outcome != DYNAMODB_DONE) log_warn("dynamodb.content_left", LOG_TEXT("until", "ttl"));
}

/* Append the content of sealed record ${id}.  Returns 1, 0 if it is not there, or a
 * negative code. */
static int
load_content(struct dynamodb *d, const char *id, struct buf *content) {
    char key[DYNAMODB_KEY_MAX + 1];
    json_t *item = NULL;
    (void)snprintf(key, sizeof(key), "%.*s" DYNAMODB_CONTENT_SUFFIX, TOKEN_SEALED_ID_LEN, id);
    int got = dynamodb_get(d, key, true, &item);
    if (got == 1) got = dynamodb_item_read_content(item, content);
    json_decref(item);
    return got;
}

/* The inline content of ${out}, read from ${item} or from an item of its own. */
static int
read_inline(struct dynamodb *d, const char *id, const json_t *item, const struct record *out,
            struct buf *content) {
    if (out->kind == RECORD_SEALED) return load_content(d, id, content);
    int got = dynamodb_item_read_content(item, content);
    return got == 0 && out->size == 0 ? 1 : got; /* an empty text */
}

/* One consistent read.  As load, but 0 also if the content went away between two reads. */
static int
load_once(struct dynamodb *d, const char *id, struct record *out, struct buf *content, bool *torn) {
    json_t *item = NULL;
    *torn = false;
    int got = dynamodb_get(d, id, content != NULL, &item);
    if (got == 1) got = dynamodb_item_read(item, out);
    if (got == 1 && content != NULL && out->content == CONTENT_INLINE) {
        got = read_inline(d, id, item, out, content);
        *torn = got == 0;
    }
    if (got == 1 && out->kind == RECORD_CLASSIC_TEXT && content != NULL) out->size = content->len;
    if (got != 1) record_clear(out);
    json_decref(item);
    return got;
}

static int
dynamodb_load(struct store *s, const struct store_ref *ref, struct record *out,
              struct buf *content) {
    struct dynamodb *d = (struct dynamodb *)s;
    char id[DYNAMODB_KEY_MAX + 1];
    bool torn = true;
    int got = 0;
    dynamodb_id(ref, id);
    *out = (struct record){0};
    /* The content is gone but the record, read before, does not know: it will by now. */
    for (int tries = 0; torn && tries < 3; tries++)
        got = load_once(d, id, out, content, &torn);
    return torn ? ERR_STORE : got;
}

struct due_id {
    int64_t at;
    struct store_ref ref;
};

static int
compare_due(const void *a, const void *b) {
    const struct due_id *x = a, *y = b;
    if (x->at != y->at) return x->at > y->at ? 1 : -1;
    return memcmp(x->ref.bytes, y->ref.bytes, sizeof(x->ref.bytes));
}

/* Add the ids of ${answer} to ${list}.  Returns their number. */
static int
take_due(const json_t *answer, struct due_id *list, int room) {
    const json_t *items = json_object_get(answer, "Items"), *item = NULL;
    size_t i = 0;
    int n = 0;
    json_array_foreach(items, i, item) {
        const json_t *id = json_object_get(json_object_get(item, "secret_id"), "S");
        const char *at = json_string_value(json_object_get(json_object_get(item, "sweep_at"), "N"));
        size_t len = json_string_length(id);
        if (n == room || !json_is_string(id) || len > sizeof(list[n].ref.bytes) || at == NULL ||
            parse_number(at, strlen(at), 0, INT64_MAX, &list[n].at) != 0)
            continue;
        list[n].ref = (struct store_ref){.len = len};
        memcpy(list[n].ref.bytes, json_string_value(id), len);
        n++;
    }
    return n;
}

static int
dynamodb_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    struct dynamodb *d = (struct dynamodb *)s;
    int n = 0, got = 1;
    if (max > STORE_DUE_MAX) max = STORE_DUE_MAX;
    int all = skip + max;
    struct due_id *list = calloc((size_t)all * DYNAMODB_SHARDS, sizeof(*list));
    if (list == NULL) return ERR_NOMEM;
    for (int shard = 0; shard < DYNAMODB_SHARDS && got == 1; shard++) {
        const char name[2] = {(char)('0' + shard), '\0'};
        json_t *answer = NULL;
        enum dynamodb_outcome outcome;
        got = read_call(d, "Query", dynamodb_body_due(d->table, name, now, all), &answer, &outcome);
        if (got == 1) n += take_due(answer, list + n, all);
        else if (outcome == DYNAMODB_NO_INDEX) got = 0; /* all is left to the table's TTL */
        json_decref(answer);
    }
    qsort(list, (size_t)n, sizeof(*list), compare_due);
    n = n > all ? max : n > skip ? n - skip : 0;
    for (int i = 0; i < n; i++)
        out[i] = list[skip + i].ref;
    explicit_bzero(list, (size_t)all * DYNAMODB_SHARDS * sizeof(*list)); /* ids */
    free(list);
    return got < 0 ? got : n;
}

/* A name that is made of the id needs no search. */
static int
knows_classic(struct dynamodb *d, const char *blob, size_t id_len) {
    struct store_ref ref = {.len = id_len};
    struct record r;
    memcpy(ref.bytes, blob, id_len);
    int got = dynamodb_load(&d->base, &ref, &r, NULL);
    if (got == 1) got = strcmp(r.blob, blob) == 0;
    record_clear(&r);
    return got;
}

static int
dynamodb_knows_blob(struct store *s, const char *blob) {
    struct dynamodb *d = (struct dynamodb *)s;
    json_t *from = NULL;
    int got = 0;
    size_t len = strlen(blob);
    if (len == TOKEN_CLASSIC_ID_LEN + 4 && strcmp(blob + TOKEN_CLASSIC_ID_LEN, ".enc") == 0)
        return knows_classic(d, blob, TOKEN_CLASSIC_ID_LEN);
    do {
        json_t *answer = NULL;
        enum dynamodb_outcome outcome;
        json_t *body = dynamodb_body_find_blob(d->table, blob, from);
        json_decref(from);
        from = NULL;
        got = read_call(d, "Scan", body, &answer, &outcome);
        if (got == 1) {
            got = json_array_size(json_object_get(answer, "Items")) > 0;
            from = json_incref(json_object_get(answer, "LastEvaluatedKey"));
        }
        json_decref(answer);
    } while (got == 0 && from != NULL);
    json_decref(from);
    return got;
}

static int
dynamodb_scrub(struct store *s) {
    (void)s;
    return 0;
}

static uint64_t
dynamodb_usage(struct store *s) {
    (void)s;
    return 0;
}

static int
dynamodb_ping(struct store *s) {
    struct dynamodb *d = (struct dynamodb *)s;
    json_t *answer = NULL;
    enum dynamodb_outcome outcome = dynamodb_call(
        &d->service, "GetItem", dynamodb_body_get(d->table, "ping", false), false, &answer);
    json_decref(answer);
    return outcome == DYNAMODB_DONE ? 0 : ERR_STORE;
}

static void
dynamodb_close(struct store *s) {
    struct dynamodb *d = (struct dynamodb *)s;
    if (d == NULL) return;
    free(d->table);
    free(d->bucket);
    free(d);
}

static const struct store_ops dynamodb_ops = {
    .now = dynamodb_now,
    .ref = dynamodb_ref,
    .create = dynamodb_create,
    .load = dynamodb_load,
    .change = dynamodb_change,
    .due = dynamodb_due,
    .knows_blob = dynamodb_knows_blob,
    .scrub = dynamodb_scrub,
    .usage = dynamodb_usage,
    .ping = dynamodb_ping,
    .close = dynamodb_close,
};

/* 3..255 of the characters that Amazon allows. */
static bool
table_name_ok(const char *name) {
    size_t len = strlen(name);
    return len >= 3 && len <= 255 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == len;
}

int
dynamodb_store_open(const struct dynamodb_store_config *o, struct store **out, const char **wrong) {
    *out = NULL;
    *wrong = "DYNAMO_TABLE";
    if (!table_name_ok(o->table)) return ERR_CONFIG;
    struct dynamodb *d = calloc(1, sizeof(*d));
    if (d == NULL) return ERR_NOMEM;
    d->base = (struct store){&dynamodb_ops, DYNAMODB_INLINE_MAX, o->bucket != NULL};
    d->service.name = "dynamodb";
    d->service.credentials = o->credentials;
    d->service.transport = o->transport;
    d->service.clock = o->clock;
    d->service.random = d->random = o->random;
    int err = aws_endpoint_find(&o->env, "dynamodb", &d->service.endpoint, wrong);
    d->table = strdup(o->table);
    d->bucket = strdup(o->bucket != NULL ? o->bucket : "");
    if (err == 0 && (d->table == NULL || d->bucket == NULL)) err = ERR_NOMEM;
    if (err == 0) *out = &d->base;
    else dynamodb_close(&d->base);
    return err;
}
