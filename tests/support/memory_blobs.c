/* SPDX-License-Identifier: MIT */
#include "memory_blobs.h"

#include <pthread.h>

#include "base/err.h"

struct memory_part {
    struct memory_part *next;
    char *name;
    uint32_t k;
    struct buf data;
};

struct memory_blobs {
    struct blobs base;
    pthread_mutex_t lock;
    struct memory_part *first;
    uint64_t usage;
};

static struct memory_blobs *
memory_blobs_lock(struct blobs *b) {
    struct memory_blobs *m = (struct memory_blobs *)b;
    if (pthread_mutex_lock(&m->lock) != 0) abort();
    return m;
}

static void
memory_blobs_unlock(struct memory_blobs *m) {
    if (pthread_mutex_unlock(&m->lock) != 0) abort();
}

static struct memory_part **
memory_blobs_find_part(struct memory_blobs *m, const char *name, uint32_t k) {
    struct memory_part **at = &m->first;
    while (*at != NULL && ((*at)->k != k || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

static void
memory_part_free(struct memory_part *p) {
    if (p == NULL) return;
    buf_free(&p->data);
    free(p->name);
    free(p);
}

static struct memory_part *
memory_part_new(const char *name, uint32_t k, const void *data, size_t len) {
    struct memory_part *p = calloc(1, sizeof(*p));
    if (p == NULL) return NULL;
    p->name = strdup(name);
    p->k = k;
    buf_init(&p->data, len);
    if (p->name != NULL && buf_add(&p->data, data, len) == 0) return p;
    memory_part_free(p);
    return NULL;
}

static void
memory_blobs_remove_at(struct memory_blobs *m, struct memory_part **at) {
    struct memory_part *p = *at;
    *at = p->next;
    m->usage -= p->data.len;
    memory_part_free(p);
}

static int
memory_blobs_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct memory_part *p = memory_part_new(name, k, data, len);
    if (p == NULL) return ERR_NOMEM;
    struct memory_blobs *m = memory_blobs_lock(b);
    struct memory_part **at = memory_blobs_find_part(m, name, k);
    int result = 1;
    if (*at == NULL) {
        *at = p;
        m->usage += len;
        p = NULL;
    } else {
        result = buf_equals(&(*at)->data, data, len) ? 0 : ERR_CONFLICT;
    }
    memory_blobs_unlock(m);
    memory_part_free(p);
    return result;
}

static int
memory_blobs_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct memory_blobs *m = memory_blobs_lock(b);
    struct memory_part *p = *memory_blobs_find_part(m, name, k);
    int err = p == NULL ? 0 : buf_add(out, p->data.data, p->data.len);
    memory_blobs_unlock(m);
    return err < 0 ? err : p != NULL;
}

static int
memory_blobs_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct memory_blobs *m = memory_blobs_lock(b);
    struct memory_part **at = &m->first;
    while (*at != NULL) {
        if ((*at)->k >= first && (*at)->k - first < count && strcmp((*at)->name, name) == 0)
            memory_blobs_remove_at(m, at);
        else at = &(*at)->next;
    }
    memory_blobs_unlock(m);
    return 0;
}

static int
memory_blobs_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct memory_blobs *m = memory_blobs_lock(b);
    struct memory_part **at = &m->first;
    while (*at != NULL) {
        if (!known(ctx, (*at)->name)) memory_blobs_remove_at(m, at);
        else at = &(*at)->next;
    }
    memory_blobs_unlock(m);
    return 0;
}

static uint64_t
memory_blobs_usage(struct blobs *b) {
    struct memory_blobs *m = memory_blobs_lock(b);
    uint64_t usage = m->usage;
    memory_blobs_unlock(m);
    return usage;
}

static int
memory_blobs_ping(struct blobs *b) {
    (void)b;
    return 0;
}

static void
memory_blobs_close(struct blobs *b) {
    struct memory_blobs *m = (struct memory_blobs *)b;
    if (m == NULL) return;
    while (m->first != NULL)
        memory_blobs_remove_at(m, &m->first);
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct blobs_ops memory_blobs_ops = {
    .put = memory_blobs_put,
    .get = memory_blobs_get,
    .erase = memory_blobs_erase,
    .tidy = memory_blobs_tidy,
    .usage = memory_blobs_usage,
    .ping = memory_blobs_ping,
    .close = memory_blobs_close,
};

struct blobs *
memory_blobs_open(void) {
    struct memory_blobs *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    m->base.ops = &memory_blobs_ops;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return NULL;
    }
    return &m->base;
}
