/* SPDX-License-Identifier: MIT */
#include "store/memory.h"

#include <pthread.h>

#include "base/err.h"

struct entry {
    struct entry *next;
    struct store_ref ref;
    struct record record;
    struct buf content;
    uint8_t *parts; /* one byte a part: 1 where it is registered */
};

struct memory {
    struct store base;
    pthread_mutex_t lock;
    int64_t latest; /* time that was seen */
    struct entry *first;
    uint64_t usage;
};

static struct memory *
lock(struct store *s) {
    struct memory *m = (struct memory *)s;
    if (pthread_mutex_lock(&m->lock) != 0) abort();
    return m;
}

static void
unlock(struct memory *m) {
    if (pthread_mutex_unlock(&m->lock) != 0) abort();
}

/* Where the entry of ${ref} hangs, or the end of the list. */
static struct entry **
find(struct memory *m, const struct store_ref *ref) {
    struct entry **at = &m->first;
    while (*at != NULL &&
           ((*at)->ref.len != ref->len || memcmp((*at)->ref.bytes, ref->bytes, ref->len) != 0))
        at = &(*at)->next;
    return at;
}

static void
entry_free(struct entry *e) {
    if (e == NULL) return;
    record_clear(&e->record);
    buf_free(&e->content);
    free(e->parts);
    free(e);
}

static int64_t
raise_time(struct memory *m, int64_t clock) {
    if (clock > m->latest) m->latest = clock;
    return m->latest;
}

static int64_t
memory_now(struct store *s, int64_t clock) {
    struct memory *m = lock(s);
    int64_t now = raise_time(m, clock);
    unlock(m);
    return now;
}

static void
memory_ref(struct store *s, const char *id, struct store_ref *out) {
    (void)s;
    out->len = TOKEN_HASH_LEN;
    token_hash(id, strlen(id), out->bytes);
}

static struct entry *
entry_new(const struct store_ref *ref, const struct record *r, const struct buf *content) {
    struct entry *e = calloc(1, sizeof(*e));
    if (e == NULL) return NULL;
    e->ref = *ref;
    e->parts = calloc((size_t)record_part_count(r) + 1, 1);
    if (e->parts == NULL || record_copy(&e->record, r) != 0) goto fail;
    if (content != NULL) {
        buf_init(&e->content, content->len);
        if (buf_add(&e->content, content->data, content->len) != 0) goto fail;
    }
    return e;
fail:
    entry_free(e);
    return NULL;
}

static int
memory_create(struct store *s, const struct store_ref *ref, const struct record *r,
              const struct buf *content) {
    struct entry *e = entry_new(ref, r, content);
    if (e == NULL) return ERR_NOMEM;
    struct memory *m = lock(s);
    struct entry **at = find(m, ref);
    int taken = *at != NULL;
    if (!taken) {
        *at = e;
        m->usage += e->content.len;
    }
    unlock(m);
    if (taken) entry_free(e);
    return !taken;
}

static int
copy_out(const struct entry *e, struct record *out, struct buf *content) {
    int err = record_copy(out, &e->record);
    if (err != 0 || content == NULL || e->record.content != CONTENT_INLINE) return err;
    err = buf_add(content, e->content.data, e->content.len);
    if (err != 0) record_clear(out);
    return err;
}

static int
memory_load(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content) {
    *out = (struct record){0};
    struct memory *m = lock(s);
    struct entry *e = *find(m, ref);
    int err = e == NULL ? 0 : copy_out(e, out, content);
    unlock(m);
    return err < 0 ? err : e != NULL;
}

static void
drop_content(struct memory *m, struct entry *e) {
    m->usage -= e->content.len;
    buf_free(&e->content);
}

/* Put ${next} in the place of the record at ${at} and do what ${effect} says beside. */
static void
settle(struct memory *m, struct entry **at, struct record *next, const struct change *c,
       const struct effect *effect) {
    struct entry *e = *at;
    record_clear(&e->record);
    e->record = *next;
    *next = (struct record){0};
    if (effect->drop_content || effect->drop_record) drop_content(m, e);
    if (c->kind == CHANGE_PART && effect->verdict == VERDICT_OK) e->parts[c->part] = 1;
    if (effect->drop_record) {
        *at = e->next;
        entry_free(e);
    }
}

static int
change_locked(struct memory *m, struct entry **at, const struct change *c, struct effect *effect,
              struct record *after) {
    struct entry *e = *at;
    struct record next = {0};
    struct change now = *c;
    now.now = raise_time(m, c->now);
    now.part_is_new = c->part < record_part_count(&e->record) && !e->parts[c->part];
    int err = record_copy(&next, &e->record);
    if (err == 0) err = policy_apply(&next, &now, effect);
    if (err == 0 && after != NULL) err = record_copy(after, &next);
    if (err == 0) settle(m, at, &next, &now, effect);
    record_clear(&next);
    return err;
}

static int
memory_change(struct store *s, const struct store_ref *ref, const struct change *c,
              struct effect *effect, struct record *after) {
    *effect = (struct effect){0};
    if (after != NULL) *after = (struct record){0};
    struct memory *m = lock(s);
    struct entry **at = find(m, ref);
    int found = *at != NULL;
    int err = found ? change_locked(m, at, c, effect, after) : 0;
    unlock(m);
    if (err == 0) return found;
    *effect = (struct effect){0};
    return err;
}

/* Insert ${e} into the ${n} entries sorted by time due, of which at most ${max} are kept. */
static int
insert_due(const struct entry **list, int n, int max, const struct entry *e) {
    int i = n < max ? n : max - 1;
    int64_t at = policy_sweep_at(&e->record);
    if (n == max && policy_sweep_at(&list[i]->record) <= at) return n;
    for (; i > 0 && policy_sweep_at(&list[i - 1]->record) > at; i--)
        list[i] = list[i - 1];
    list[i] = e;
    return n < max ? n + 1 : max;
}

static int
memory_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    int n = 0;
    if (max > STORE_DUE_MAX) max = STORE_DUE_MAX;
    if (max <= 0) return 0;
    const struct entry **list = calloc((size_t)skip + (size_t)max, sizeof(const struct entry *));
    if (list == NULL) return ERR_NOMEM;
    struct memory *m = lock(s);
    for (const struct entry *e = m->first; e != NULL; e = e->next)
        if (policy_sweep_at(&e->record) <= now) n = insert_due(list, n, skip + max, e);
    for (int i = skip; i < n && list[i] != NULL; i++)
        out[i - skip] = list[i]->ref;
    unlock(m);
    free(list);
    return n > skip ? n - skip : 0;
}

static int
memory_knows_blob(struct store *s, const char *blob) {
    int known = 0;
    struct memory *m = lock(s);
    for (const struct entry *e = m->first; e != NULL && !known; e = e->next)
        known = (e->record.content == CONTENT_BLOBS || e->record.content == CONTENT_DOOMED) &&
                strcmp(e->record.blob, blob) == 0;
    unlock(m);
    return known;
}

static int
memory_scrub(struct store *s) {
    (void)s; /* buf_free() wiped it already */
    return 0;
}

static uint64_t
memory_usage(struct store *s) {
    struct memory *m = lock(s);
    uint64_t usage = m->usage;
    unlock(m);
    return usage;
}

static int
memory_ping(struct store *s) {
    (void)s;
    return 0;
}

static void
memory_close(struct store *s) {
    struct memory *m = (struct memory *)s;
    if (m == NULL) return;
    for (struct entry *e = m->first, *next; e != NULL; e = next) {
        next = e->next;
        entry_free(e);
    }
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct store_ops memory_ops = {
    .now = memory_now,
    .ref = memory_ref,
    .create = memory_create,
    .load = memory_load,
    .change = memory_change,
    .due = memory_due,
    .knows_blob = memory_knows_blob,
    .scrub = memory_scrub,
    .usage = memory_usage,
    .ping = memory_ping,
    .close = memory_close,
};

struct store *
memory_open(uint64_t inline_max) {
    struct memory *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    m->base = (struct store){.ops = &memory_ops, .inline_max = inline_max};
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return NULL;
    }
    return &m->base;
}
