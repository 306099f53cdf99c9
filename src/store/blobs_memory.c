/* SPDX-License-Identifier: MIT */
#include "store/blobs_memory.h"

#include <pthread.h>

#include "base/err.h"

struct piece {
    struct piece *next;
    char *name;
    uint32_t k;
    struct buf data;
};

struct blobs_memory {
    struct blobs base;
    pthread_mutex_t lock;
    struct piece *first;
    uint64_t usage;
};

static struct blobs_memory *
lock(struct blobs *b) {
    struct blobs_memory *m = (struct blobs_memory *)b;
    if (pthread_mutex_lock(&m->lock) != 0) abort();
    return m;
}

static void
unlock(struct blobs_memory *m) {
    if (pthread_mutex_unlock(&m->lock) != 0) abort();
}

static struct piece **
find(struct blobs_memory *m, const char *name, uint32_t k) {
    struct piece **at = &m->first;
    while (*at != NULL && ((*at)->k != k || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

static void
piece_free(struct piece *p) {
    if (p == NULL) return;
    buf_free(&p->data);
    free(p->name);
    free(p);
}

static struct piece *
piece_new(const char *name, uint32_t k, const void *data, size_t len) {
    struct piece *p = calloc(1, sizeof(*p));
    if (p == NULL) return NULL;
    p->name = strdup(name);
    p->k = k;
    buf_init(&p->data, len);
    if (p->name != NULL && buf_add(&p->data, data, len) == 0) return p;
    piece_free(p);
    return NULL;
}

static void
remove_at(struct blobs_memory *m, struct piece **at) {
    struct piece *p = *at;
    *at = p->next;
    m->usage -= p->data.len;
    piece_free(p);
}

static int
memory_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct piece *p = piece_new(name, k, data, len);
    if (p == NULL) return ERR_NOMEM;
    struct blobs_memory *m = lock(b);
    struct piece **at = find(m, name, k);
    int result = 1;
    if (*at == NULL) {
        *at = p;
        m->usage += len;
        p = NULL;
    } else {
        result = buf_equals(&(*at)->data, data, len) ? 0 : ERR_CONFLICT;
    }
    unlock(m);
    piece_free(p);
    return result;
}

static int
memory_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct blobs_memory *m = lock(b);
    struct piece *p = *find(m, name, k);
    int err = p == NULL ? 0 : buf_add(out, p->data.data, p->data.len);
    unlock(m);
    return err < 0 ? err : p != NULL;
}

static int
memory_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct blobs_memory *m = lock(b);
    struct piece **at = &m->first;
    while (*at != NULL) {
        if ((*at)->k >= first && (*at)->k - first < count && strcmp((*at)->name, name) == 0)
            remove_at(m, at);
        else at = &(*at)->next;
    }
    unlock(m);
    return 0;
}

static int
memory_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct blobs_memory *m = lock(b);
    struct piece **at = &m->first;
    while (*at != NULL) {
        if (!known(ctx, (*at)->name)) remove_at(m, at);
        else at = &(*at)->next;
    }
    unlock(m);
    return 0;
}

static uint64_t
memory_usage(struct blobs *b) {
    struct blobs_memory *m = lock(b);
    uint64_t usage = m->usage;
    unlock(m);
    return usage;
}

static int
memory_ping(struct blobs *b) {
    (void)b;
    return 0;
}

static void
memory_close(struct blobs *b) {
    struct blobs_memory *m = (struct blobs_memory *)b;
    if (m == NULL) return;
    while (m->first != NULL)
        remove_at(m, &m->first);
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct blobs_ops memory_ops = {
    .put = memory_put,
    .get = memory_get,
    .erase = memory_erase,
    .tidy = memory_tidy,
    .usage = memory_usage,
    .ping = memory_ping,
    .close = memory_close,
};

struct blobs *
blobs_memory_open(void) {
    struct blobs_memory *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    m->base.ops = &memory_ops;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return NULL;
    }
    return &m->base;
}
