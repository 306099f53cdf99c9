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

/* Keep ${time} if it is the latest time seen.  Returns the latest. */
static int64_t
note_latest(struct dynamodb *d, int64_t time) {
    long long seen = atomic_load(&d->latest);
    while (seen < time && !atomic_compare_exchange_weak(&d->latest, &seen, time)) {
    }
    return seen < time ? time : seen;
}

/* The latest of ${clock}, the latest time seen, and ${clock} as the service's clock has it. */
static int64_t
dynamodb_now(struct store *s, int64_t clock) {
    struct dynamodb *d = (struct dynamodb *)s;
    int64_t latest = note_latest(d, clock), service = aws_service_time(&d->service, clock);
    return latest > service ? latest : service;
}

static int64_t
dynamodb_service_time(struct store *s, int64_t clock) {
    return aws_service_time(&((struct dynamodb *)s)->service, clock);
}

int64_t
dynamodb_time_after(struct dynamodb *d, int64_t then) {
    (void)note_latest(d, then);
    return dynamodb_now(&d->base, clock_now(&d->service.clock));
}

/* A record is addressed by its id, which is the key in the tables of pysecrets. */
static void
dynamodb_ref(struct store *s, const char *id, struct store_ref *out) {
    (void)s;
    *out = (struct store_ref){0};
    out->len = strnlen(id, sizeof(out->bytes));
    memcpy(out->bytes, id, out->len);
}

/*
 * Send a read, which may be repeated, as ${operation} with ${body}, whose reference is taken over.
 * ${response} gets a new reference or NULL.  Returns 1, ERR_NOMEM or ERR_STORE; ${outcome} says
 * more.
 */
static int
call_read(struct dynamodb *d, const char *operation, json_t *body, json_t **response,
          enum dynamodb_outcome *outcome) {
    struct aws_retry retry;

    if (body == NULL) return ERR_NOMEM;
    aws_retry_start(&retry, &d->service);
    do
        *outcome = dynamodb_call(&d->service, operation, json_incref(body), false, response);
    while ((*outcome == DYNAMODB_NOT_DONE || *outcome == DYNAMODB_UNKNOWN) &&
           aws_retry_again(&retry));
    json_decref(body);
    if (*outcome == DYNAMODB_DONE) return 1;
    return *outcome == DYNAMODB_NOMEM ? ERR_NOMEM : ERR_STORE;
}

int
dynamodb_get(struct dynamodb *d, const char *key, bool whole, json_t **item) {
    json_t *response = NULL;
    enum dynamodb_outcome outcome;

    *item = NULL;
    int got = call_read(d, "GetItem", dynamodb_body_get(d->table, key, whole), &response, &outcome);
    if (got == 1) {
        *item = json_incref(json_object_get(response, "Item"));
        got = *item != NULL;
    }
    json_decref(response);
    return got;
}

void
dynamodb_erase_content(struct dynamodb *d, const char *id) {
    struct aws_retry retry;
    enum dynamodb_outcome outcome;

    aws_retry_start(&retry, &d->service);
    do {
        json_t *response = NULL, *body = dynamodb_body_delete_content(d->table, id);
        outcome = dynamodb_call(&d->service, "DeleteItem", body, false, &response);
        json_decref(response);
    } while (outcome != DYNAMODB_DONE && outcome != DYNAMODB_WRONG && aws_retry_again(&retry));

    if (outcome != DYNAMODB_DONE) log_warn("dynamodb.content_remains", LOG_TEXT("until", "ttl"));
}

void
dynamodb_content_key(const char *id, char out[static DYNAMODB_KEY_MAX + 1]) {
    (void)snprintf(out, DYNAMODB_KEY_MAX + 1, "%.*s" DYNAMODB_CONTENT_SUFFIX, TOKEN_SEALED_ID_LEN,
                   id);
}

/* Append the content of sealed record ${id}.  Returns 1, 0 if it is not there, or a
 * negative code. */
static int
load_content_item(struct dynamodb *d, const char *id, struct buf *content) {
    char key[DYNAMODB_KEY_MAX + 1];
    json_t *item = NULL;
    dynamodb_content_key(id, key);
    int got = dynamodb_get(d, key, true, &item);
    if (got == 1) got = dynamodb_item_read_content(item, content);
    json_decref(item);
    return got;
}

/* Append the wrap of record ${id}.  Returns as load_content_item(). */
static int
load_wrap_attribute(struct dynamodb *d, const char *id, struct buf *wrap) {
    char key[DYNAMODB_KEY_MAX + 1];
    json_t *response = NULL;
    enum dynamodb_outcome outcome;

    dynamodb_content_key(id, key);
    int got = call_read(d, "GetItem", dynamodb_body_get_wrap(d->table, key), &response, &outcome);
    if (got == 1) got = dynamodb_item_read_wrap(json_object_get(response, "Item"), wrap);
    json_decref(response);
    return got;
}

/* Append the inline content of ${out} to ${content}, from ${item} or from an item of its own. */
static int
read_inline(struct dynamodb *d, const char *id, const json_t *item, const struct record *out,
            struct buf *content) {
    if (!record_is_classic(out)) return load_content_item(d, id, content);
    int got = dynamodb_item_read_content(item, content);
    if (got == 0 && out->size == 0) return 1; /* an empty text */
    return got;
}

/* Load once.  Returns as load; or 0 with ${torn} set if content or wrap were erased after the
 * record was read. */
static int
load_once(struct dynamodb *d, const char *id, struct record *out, struct buf *content,
          struct buf *wrap, bool *torn) {
    json_t *item = NULL;

    /* The record decides what else is read. */
    *torn = false;
    int got = dynamodb_get(d, id, content != NULL, &item);
    if (got == 1) got = dynamodb_item_read(item, out);
    if (got == 1 && content != NULL && out->content == CONTENT_INLINE) {
        got = read_inline(d, id, item, out, content);
        *torn = got == 0;
    }
    if (got == 1 && wrap != NULL && record_has_wrap(out)) {
        got = load_wrap_attribute(d, id, wrap);
        *torn = got == 0;
    }

    if (got == 1 && out->kind == RECORD_CLASSIC_TEXT && content != NULL) out->size = content->len;
    if (got != 1) record_clear(out);
    json_decref(item);
    return got;
}

/* The load and the load_wrap of struct store_ops. */
static int
load_beside(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content,
            struct buf *wrap) {
    struct dynamodb *d = (struct dynamodb *)s;
    char id[DYNAMODB_KEY_MAX + 1];
    bool torn = true;
    int got = 0;

    dynamodb_id(ref, id);
    *out = (struct record){0};
    /* The record is written before its content is erased: a second read sees both. */
    for (int tries = 0; torn && tries < 3; tries++)
        got = load_once(d, id, out, content, wrap, &torn);
    return torn ? ERR_STORE : got;
}

static int
dynamodb_load(struct store *s, const struct store_ref *ref, struct record *out,
              struct buf *content) {
    return load_beside(s, ref, out, content, NULL);
}

static int
dynamodb_load_wrap(struct store *s, const struct store_ref *ref, struct record *out,
                   struct buf *wrap) {
    return load_beside(s, ref, out, NULL, wrap);
}

struct due_id {
    int64_t at;
    struct store_ref ref;
};

static int
compare_due(const void *a, const void *b) {
    const struct due_id *x = a, *y = b;
    if (x->at > y->at) return 1;
    if (x->at < y->at) return -1;
    return memcmp(x->ref.bytes, y->ref.bytes, sizeof(x->ref.bytes));
}

/* Copy the ids in ${response} to ${list}, which has room for ${room}.  Returns their number. */
static int
copy_due(const json_t *response, struct due_id *list, int room) {
    const json_t *items = json_object_get(response, "Items"), *item = NULL;
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

/* Query all shards into ${list}, which has room for ${each} ids of each.  Returns the number of
 * ids, or a negative code. */
static int
query_due(struct dynamodb *d, int64_t now, struct due_id *list, int each) {
    int n = 0, got = 1;

    for (int shard = 0; shard < DYNAMODB_SHARDS && got == 1; shard++) {
        const char name[2] = {(char)('0' + shard), '\0'};
        json_t *response = NULL, *body = dynamodb_body_due(d->table, name, now, each);
        enum dynamodb_outcome outcome = DYNAMODB_NOMEM;

        got = call_read(d, "Query", body, &response, &outcome);
        if (got == 1) n += copy_due(response, list + n, each);
        else if (outcome == DYNAMODB_NO_INDEX) got = 0; /* the table's TTL does it all */
        json_decref(response);
    }
    return got < 0 ? got : n;
}

static int
dynamodb_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    struct dynamodb *d = (struct dynamodb *)s;

    if (max > STORE_DUE_MAX) max = STORE_DUE_MAX;
    int each = skip + max;
    size_t room = (size_t)each * DYNAMODB_SHARDS;
    struct due_id *list = calloc(room, sizeof(*list));
    if (list == NULL) return ERR_NOMEM;

    /* Every shard may hold the ids that are due longest: merge them, then skip. */
    int n = query_due(d, now, list, each);
    if (n > 0) qsort(list, (size_t)n, sizeof(*list), compare_due);
    if (n > each) n = each;
    if (n > skip) n -= skip;
    else if (n > 0) n = 0;
    for (int i = 0; i < n; i++)
        out[i] = list[skip + i].ref;

    explicit_bzero(list, room * sizeof(*list)); /* ids */
    free(list);
    return n;
}

/* Whether the record that ${blob} is named after, by the first ${id_len} characters, names it. */
static int
knows_classic_blob(struct dynamodb *d, const char *blob, size_t id_len) {
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

    /* A name made of the id of its record needs no scan. */
    if (len == TOKEN_CLASSIC_ID_LEN + 4 && strcmp(blob + TOKEN_CLASSIC_ID_LEN, ".enc") == 0)
        return knows_classic_blob(d, blob, TOKEN_CLASSIC_ID_LEN);

    do {
        json_t *response = NULL;
        enum dynamodb_outcome outcome;
        json_t *body = dynamodb_body_find_blob(d->table, blob, from);
        json_decref(from);
        from = NULL;

        got = call_read(d, "Scan", body, &response, &outcome);
        if (got == 1) {
            got = json_array_size(json_object_get(response, "Items")) > 0;
            from = json_incref(json_object_get(response, "LastEvaluatedKey"));
        }
        json_decref(response);
    } while (got == 0 && from != NULL);
    json_decref(from);
    return got;
}

/* Count the records of one page of a scan.  Returns 1 or ERR_NOMEM.  The items of content and what
 * is left of deleted records cannot be read as records. */
static int
survey_page(const json_t *response, int64_t now, struct survey *out) {
    const json_t *items = json_object_get(response, "Items"), *item = NULL;
    size_t i = 0;

    json_array_foreach(items, i, item) {
        struct record r;
        int got = dynamodb_item_read(item, &r);
        if (got == 1) survey_count(out, &r, now);
        record_clear(&r);
        if (got == ERR_NOMEM) return got;
    }
    return 1;
}

static int
dynamodb_survey(struct store *s, int64_t now, int64_t until_ms, struct survey *out) {
    struct dynamodb *d = (struct dynamodb *)s;
    json_t *from = NULL;
    int got = 1;

    do {
        json_t *response = NULL, *body = dynamodb_body_survey(d->table, from);
        enum dynamodb_outcome outcome;
        json_decref(from);
        from = NULL;

        got = call_read(d, "Scan", body, &response, &outcome);
        if (got == 1) got = survey_page(response, now, out);
        if (got == 1) from = json_incref(json_object_get(response, "LastEvaluatedKey"));
        json_decref(response);

        /* Another page, if there is time. */
        if (from != NULL && clock_monotonic_ms() >= until_ms) got = 0;
    } while (from != NULL && got == 1);
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
    json_t *response = NULL, *body = dynamodb_body_get(d->table, "ping", false);
    enum dynamodb_outcome outcome = dynamodb_call(&d->service, "GetItem", body, false, &response);
    json_decref(response);
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
    .service_time = dynamodb_service_time,
    .ref = dynamodb_ref,
    .create = dynamodb_create,
    .load = dynamodb_load,
    .load_wrap = dynamodb_load_wrap,
    .change = dynamodb_change,
    .due = dynamodb_due,
    .knows_blob = dynamodb_knows_blob,
    .survey = dynamodb_survey,
    .scrub = dynamodb_scrub,
    .usage = dynamodb_usage,
    .ping = dynamodb_ping,
    .close = dynamodb_close,
};

/* Whether ${name} is 3 to 255 of the characters that Amazon allows. */
static bool
is_table_name(const char *name) {
    size_t len = strlen(name);
    return len >= 3 && len <= 255 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == len;
}

int
dynamodb_store_open(const struct dynamodb_store_config *config, struct store **out,
                    struct buf *reason) {
    const char *bucket = config->bucket != NULL ? config->bucket : "";

    *out = NULL;
    if (!is_table_name(config->table)) {
        (void)!buf_add_text(reason, "DYNAMO_TABLE: not the name of a table");
        return ERR_CONFIG;
    }
    struct dynamodb *d = calloc(1, sizeof(*d));
    if (d == NULL) return ERR_NOMEM;

    d->base.ops = &dynamodb_ops;
    d->base.inline_max = DYNAMODB_INLINE_MAX;
    d->base.pysecrets_layout = bucket[0] != '\0';
    d->table = strdup(config->table);
    d->bucket = strdup(bucket);

    /* The only step that the environment can fail. */
    int err = 0;
    if (d->table == NULL || d->bucket == NULL) err = ERR_NOMEM;
    if (err == 0) err = aws_service_init(&d->service, "dynamodb", &config->aws, reason);
    if (err == 0) *out = &d->base;
    else dynamodb_close(&d->base);
    return err;
}
