/* SPDX-License-Identifier: MIT */
#include "memory_store.h"

#include <pthread.h>

#include "base/err.h"

struct memory_entry {
    struct memory_entry *next;
    struct store_ref ref;
    struct record record;
    struct buf content, wrap;
    uint8_t *parts; /* one byte a part: 1 where it is registered */
};

struct memory_store {
    struct store base;
    pthread_mutex_t lock;
    int64_t latest; /* time that was seen */
    struct memory_entry *first;
};

static struct memory_store *
memory_store_lock(struct store *s) {
    struct memory_store *m = (struct memory_store *)s;
    if (pthread_mutex_lock(&m->lock) != 0) abort();
    return m;
}

static void
memory_store_unlock(struct memory_store *m) {
    if (pthread_mutex_unlock(&m->lock) != 0) abort();
}

/* The link to the entry of ${ref}, or the end of the list. */
static struct memory_entry **
memory_store_find(struct memory_store *m, const struct store_ref *ref) {
    struct memory_entry **at = &m->first;
    while (*at != NULL &&
           ((*at)->ref.len != ref->len || memcmp((*at)->ref.bytes, ref->bytes, ref->len) != 0))
        at = &(*at)->next;
    return at;
}

static void
memory_entry_free(struct memory_entry *e) {
    if (e == NULL) return;
    record_clear(&e->record);
    buf_free(&e->content);
    buf_free(&e->wrap);
    free(e->parts);
    free(e);
}

static int64_t
memory_store_raise_time(struct memory_store *m, int64_t clock) {
    if (clock > m->latest) m->latest = clock;
    return m->latest;
}

static int64_t
memory_store_now(struct store *s, int64_t clock) {
    struct memory_store *m = memory_store_lock(s);
    int64_t now = memory_store_raise_time(m, clock);
    memory_store_unlock(m);
    return now;
}

static void
memory_store_ref(struct store *s, const char *id, struct store_ref *out) {
    (void)s;
    out->len = TOKEN_HASH_LEN;
    token_hash(id, strlen(id), out->bytes);
}

/* Copy ${from}, which may be NULL, to ${to}. */
static int
memory_store_copy(struct buf *to, const struct buf *from) {
    if (from == NULL) return 0;
    buf_init(to, from->len);
    return buf_add(to, from->data, from->len);
}

static struct memory_entry *
memory_entry_new(const struct store_ref *ref, const struct record *r, const struct buf *content,
                 const struct buf *wrap) {
    struct memory_entry *e = calloc(1, sizeof(*e));
    if (e == NULL) return NULL;
    e->ref = *ref;
    e->parts = calloc((size_t)record_part_count(r) + 1, 1);
    if (e->parts == NULL || record_copy(&e->record, r) != 0) goto fail;
    if (memory_store_copy(&e->content, content) == 0 && memory_store_copy(&e->wrap, wrap) == 0)
        return e;
fail:
    memory_entry_free(e);
    return NULL;
}

static int
memory_store_create(struct store *s, const struct store_ref *ref, const struct record *r,
                    const struct buf *content, const struct buf *wrap) {
    struct memory_entry *e = memory_entry_new(ref, r, content, wrap);
    if (e == NULL) return ERR_NOMEM;
    struct memory_store *m = memory_store_lock(s);
    struct memory_entry **at = memory_store_find(m, ref);
    int taken = *at != NULL;
    if (!taken) *at = e;
    memory_store_unlock(m);
    if (taken) memory_entry_free(e);
    return !taken;
}

static int
memory_store_copy_out(const struct memory_entry *e, struct record *out, struct buf *content,
                      struct buf *wrap) {
    int err = record_copy(out, &e->record);
    if (err == 0 && content != NULL && e->record.content == CONTENT_INLINE)
        err = buf_add(content, e->content.data, e->content.len);
    if (err == 0 && wrap != NULL && record_has_wrap(&e->record))
        err = buf_add(wrap, e->wrap.data, e->wrap.len);
    if (err != 0) record_clear(out);
    return err;
}

/* The load and the load_wrap of struct store_ops. */
static int
memory_store_load_with(struct store *s, const struct store_ref *ref, struct record *out,
                       struct buf *content, struct buf *wrap) {
    *out = (struct record){0};
    struct memory_store *m = memory_store_lock(s);
    struct memory_entry *e = *memory_store_find(m, ref);
    int err = e == NULL ? 0 : memory_store_copy_out(e, out, content, wrap);
    memory_store_unlock(m);
    return err < 0 ? err : e != NULL;
}

static int
memory_store_load(struct store *s, const struct store_ref *ref, struct record *out,
                  struct buf *content) {
    return memory_store_load_with(s, ref, out, content, NULL);
}

static int
memory_store_load_wrap(struct store *s, const struct store_ref *ref, struct record *out,
                       struct buf *wrap) {
    return memory_store_load_with(s, ref, out, NULL, wrap);
}

/* Put ${next} in the place of the record at ${at} and apply the rest of ${effect}. */
static void
memory_store_settle(struct memory_entry **at, struct record *next, const struct change *c,
                    const struct effect *effect) {
    struct memory_entry *e = *at;
    record_clear(&e->record);
    e->record = *next;
    *next = (struct record){0};
    if (effect->drop_content || effect->drop_record) buf_free(&e->content);
    if (effect->drop_content || effect->drop_record) buf_free(&e->wrap);
    if (c->kind == CHANGE_PART && effect->verdict == VERDICT_OK) e->parts[c->part] = 1;
    if (effect->drop_record) {
        *at = e->next;
        memory_entry_free(e);
    }
}

static int
memory_store_change_locked(struct memory_store *m, struct memory_entry **at, const struct change *c,
                           struct effect *effect, struct record *after) {
    struct memory_entry *e = *at;
    struct record next = {0};
    struct change now = *c;
    now.now = memory_store_raise_time(m, c->now);
    now.part_is_new = c->part < record_part_count(&e->record) && !e->parts[c->part];
    int err = record_copy(&next, &e->record);
    if (err == 0) err = policy_apply(&next, &now, effect);
    if (err == 0 && after != NULL) err = record_copy(after, &next);
    if (err == 0 && effect->put_wrap) err = memory_store_copy(&e->wrap, c->wrap);
    if (err == 0) memory_store_settle(at, &next, &now, effect);
    record_clear(&next);
    return err;
}

static int
memory_store_change(struct store *s, const struct store_ref *ref, const struct change *c,
                    struct effect *effect, struct record *after) {
    *effect = (struct effect){0};
    if (after != NULL) *after = (struct record){0};
    struct memory_store *m = memory_store_lock(s);
    struct memory_entry **at = memory_store_find(m, ref);
    int found = *at != NULL;
    int err = found ? memory_store_change_locked(m, at, c, effect, after) : 0;
    memory_store_unlock(m);
    if (err == 0) return found;
    *effect = (struct effect){0};
    return err;
}

/* Insert ${e} into the ${n} entries sorted by time due, of which at most ${max} are kept. */
static int
memory_store_insert_due(const struct memory_entry **list, int n, int max,
                        const struct memory_entry *e) {
    int i = n < max ? n : max - 1;
    int64_t at = policy_sweep_at(&e->record);
    if (n == max && policy_sweep_at(&list[i]->record) <= at) return n;
    for (; i > 0 && policy_sweep_at(&list[i - 1]->record) > at; i--)
        list[i] = list[i - 1];
    list[i] = e;
    return n < max ? n + 1 : max;
}

static int
memory_store_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    int n = 0;
    if (max > STORE_DUE_MAX) max = STORE_DUE_MAX;
    if (max <= 0) return 0;
    const struct memory_entry **list =
        calloc((size_t)skip + (size_t)max, sizeof(const struct memory_entry *));
    if (list == NULL) return ERR_NOMEM;
    struct memory_store *m = memory_store_lock(s);
    for (const struct memory_entry *e = m->first; e != NULL; e = e->next)
        if (policy_sweep_at(&e->record) <= now) n = memory_store_insert_due(list, n, skip + max, e);
    for (int i = skip; i < n && list[i] != NULL; i++)
        out[i - skip] = list[i]->ref;
    memory_store_unlock(m);
    free(list);
    return n > skip ? n - skip : 0;
}

static int
memory_store_knows_blob(struct store *s, const char *blob) {
    int known = 0;
    struct memory_store *m = memory_store_lock(s);
    for (const struct memory_entry *e = m->first; e != NULL && !known; e = e->next)
        known = (e->record.content == CONTENT_BLOBS || e->record.content == CONTENT_DOOMED) &&
                strcmp(e->record.blob, blob) == 0;
    memory_store_unlock(m);
    return known;
}

static int
memory_store_survey(struct store *s, int64_t now, int64_t until_ms, struct survey *out) {
    struct memory_store *m = memory_store_lock(s);
    (void)until_ms;
    for (const struct memory_entry *e = m->first; e != NULL; e = e->next)
        survey_count(out, &e->record, now);
    memory_store_unlock(m);
    return 1;
}

static int
memory_store_scrub(struct store *s) {
    (void)s; /* buf_free() wiped it already */
    return 0;
}

static uint64_t
memory_store_usage(struct store *s) {
    struct memory_store *m = memory_store_lock(s);
    uint64_t usage = 0;
    for (const struct memory_entry *e = m->first; e != NULL; e = e->next)
        usage += record_cost(&e->record);
    memory_store_unlock(m);
    return usage;
}

uint64_t
memory_store_content(struct store *s) {
    struct memory_store *m = memory_store_lock(s);
    uint64_t bytes = 0;
    for (const struct memory_entry *e = m->first; e != NULL; e = e->next)
        bytes += e->content.len + e->wrap.len;
    memory_store_unlock(m);
    return bytes;
}

static int
memory_store_ping(struct store *s) {
    (void)s;
    return 0;
}

static void
memory_store_close(struct store *s) {
    struct memory_store *m = (struct memory_store *)s;
    if (m == NULL) return;
    for (struct memory_entry *e = m->first, *next; e != NULL; e = next) {
        next = e->next;
        memory_entry_free(e);
    }
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct store_ops memory_store_ops = {
    .now = memory_store_now,
    .ref = memory_store_ref,
    .create = memory_store_create,
    .load = memory_store_load,
    .load_wrap = memory_store_load_wrap,
    .change = memory_store_change,
    .due = memory_store_due,
    .knows_blob = memory_store_knows_blob,
    .survey = memory_store_survey,
    .scrub = memory_store_scrub,
    .usage = memory_store_usage,
    .ping = memory_store_ping,
    .close = memory_store_close,
};

struct store *
memory_store_open(uint64_t inline_max) {
    struct memory_store *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    m->base = (struct store){.ops = &memory_store_ops, .inline_max = inline_max};
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return NULL;
    }
    return &m->base;
}
