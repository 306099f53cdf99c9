/* SPDX-License-Identifier: MIT */
#include "disk_trace.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/compiler.h"

enum { SECTOR = 512 };

/* What becomes of the writes that no sync covers. */
enum fate { ALL_LOST, ALL_THERE, SOME_LOST, SOME_TORN, LATE_FIRST, FATES };

struct op {
    enum hook_call call;
    enum hook_file file;
    uint8_t *data;
    size_t len;
    size_t offset; /* of a sync: the operations that were there when it began */
};

struct disk_trace {
    pthread_mutex_t lock;
    struct op *ops;
    size_t count, cap;
    atomic_size_t position;

    size_t at;                            /* operations that went into synced[] and pending[] */
    struct disk_image synced[DISK_FILES]; /* up to the last sync of each file */
    size_t pending_from[DISK_FILES];      /* the first operation that it does not cover */
};

static void *
grow(void *memory, size_t *cap, size_t need, size_t unit) {
    if (need <= *cap) return memory;
    size_t now = *cap * 2 > need ? *cap * 2 : need + 64;
    uint8_t *more = calloc(now, unit);
    if (more == NULL) abort();
    if (*cap > 0) memcpy(more, memory, *cap * unit);
    free(memory);
    *cap = now;
    return more;
}

/* A thread writes while another one syncs: the sync covers what was written before it began. */
static _Thread_local size_t sync_began;

static int
note_sync(void *ctx, enum hook_call call, enum hook_file file) {
    struct disk_trace *t = ctx;
    (void)file;
    if (call == HOOK_SYNC) sync_began = disk_trace_position(t);
    return 0;
}

static void
record(void *ctx, enum hook_call call, enum hook_file file, const void *data, size_t len,
       int64_t offset) {
    struct disk_trace *t = ctx;
    if (file == HOOK_OTHER) return;
    struct op op = {.call = call, .file = file, .len = len, .offset = (size_t)offset};
    if (call == HOOK_SYNC) op.offset = sync_began;
    if (len > 0) {
        op.data = calloc(1, len);
        if (op.data == NULL) abort();
        memcpy(op.data, data, len);
    }
    (void)pthread_mutex_lock(&t->lock);
    t->ops = grow(t->ops, &t->cap, t->count + 1, sizeof(*t->ops));
    t->ops[t->count++] = op;
    atomic_store(&t->position, t->count);
    (void)pthread_mutex_unlock(&t->lock);
}

struct disk_trace *
disk_trace_start(void) {
    struct disk_trace *t = calloc(1, sizeof(*t));
    if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) abort();
    struct hooks hooks = {.before = note_sync, .after = record, .ctx = t};
    hook_vfs_set(&hooks);
    return t;
}

size_t
disk_trace_position(struct disk_trace *t) {
    return atomic_load(&t->position);
}

void
disk_trace_stop(struct disk_trace *t) {
    (void)t;
    hook_vfs_set(NULL);
}

void
disk_image_free(struct disk_image *image) {
    free(image->data);
    *image = (struct disk_image){0};
}

void
disk_trace_free(struct disk_trace *t) {
    for (size_t i = 0; i < t->count; i++)
        free(t->ops[i].data);
    for (int f = 0; f < DISK_FILES; f++)
        disk_image_free(&t->synced[f]);
    free(t->ops);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

static void
resize(struct disk_image *image, size_t len) {
    image->data = grow(image->data, &image->cap, len, 1);
    if (len > image->len) memset(image->data + image->len, 0, len - image->len);
    image->len = len;
}

/* Do ${op} to ${image}; with ${torn}, each sector of a write with a chance of one half. */
static void
apply(struct disk_image *image, const struct op *op, bool torn, struct prng *p) {
    if (op->call == HOOK_TRUNCATE && op->offset < image->len) resize(image, op->offset);
    if (op->call != HOOK_WRITE) return;
    size_t end = op->offset + op->len;
    for (size_t from = op->offset; from < end;) {
        size_t to = (from / SECTOR + 1) * SECTOR;
        if (to > end) to = end;
        if (!torn || prng_below(p, 2) == 0) {
            if (to > image->len) resize(image, to);
            memcpy(image->data + from, op->data + (from - op->offset), to - from);
        }
        from = to;
    }
}

static void
copy(struct disk_image *to, const struct disk_image *from) {
    resize(to, 0);
    resize(to, from->len);
    if (from->len > 0) memcpy(to->data, from->data, from->len);
}

/* Bring synced[] up to operation ${cut}. */
static void
advance(struct disk_trace *t, size_t cut) {
    for (; t->at < cut; t->at++) {
        int f = (int)t->ops[t->at].file;
        if (t->ops[t->at].call != HOOK_SYNC) continue;
        for (size_t i = t->pending_from[f]; i < t->ops[t->at].offset; i++) {
            if ((int)t->ops[i].file == f) apply(&t->synced[f], &t->ops[i], false, NULL);
            t->pending_from[f] = i + 1;
        }
    }
}

/* The operation that the power failure interrupts counts as pending too. */
static size_t
pending_end(const struct disk_trace *t, size_t cut) {
    return cut < t->count && t->ops[cut].call != HOOK_SYNC ? cut + 1 : cut;
}

static void
cut_file(struct disk_trace *t, int f, size_t end, struct prng *p, struct disk_image *out) {
    enum fate fate = (enum fate)prng_below(p, FATES);
    size_t from = t->pending_from[f];
    copy(out, &t->synced[f]);
    if (fate == ALL_LOST) return;
    for (size_t k = from; k < end; k++) {
        size_t i = fate == LATE_FIRST ? from + end - 1 - k : k;
        if ((int)t->ops[i].file != f) continue;
        bool there = fate == ALL_THERE || fate == SOME_TORN || prng_below(p, 2) == 0;
        if (there) apply(out, &t->ops[i], fate == SOME_TORN, p);
    }
}

void
disk_trace_cut(struct disk_trace *t, size_t cut, struct prng *p,
               struct disk_image out[DISK_FILES]) {
    advance(t, cut);
    for (int f = 0; f < DISK_FILES; f++)
        cut_file(t, f, pending_end(t, cut), p, &out[f]);
}
