/* SPDX-License-Identifier: MIT */
#include "server/metrics/metrics.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"

enum { SERIES_MAX = 256, BUCKETS = 12 };

/* Upper bounds of the latency buckets, in microseconds; the last bucket has none. */
static const int64_t bucket_us[BUCKETS] = {250,   500,    1000,   2500,   5000,    10000,
                                           25000, 100000, 250000, 500000, 1000000, 5000000};

struct series {
    const char *route;
    int status;
    atomic_uint_fast64_t count;
    atomic_uint_fast64_t sum_us;
    atomic_uint_fast64_t buckets[BUCKETS]; /* not cumulative */
};

struct metrics {
    pthread_mutex_t lock; /* for adding series */
    atomic_int count;     /* series that readers see; they never move */
    struct series series[SERIES_MAX];
};

struct metrics *
metrics_new(void) {
    struct metrics *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void
metrics_free(struct metrics *m) {
    if (m == NULL) return;
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static struct series *
find_series(struct metrics *m, const char *route, int status) {
    int count = atomic_load_explicit(&m->count, memory_order_acquire);
    for (int i = 0; i < count; i++)
        if (m->series[i].status == status && strcmp(m->series[i].route, route) == 0)
            return &m->series[i];
    return NULL;
}

static struct series *
find_or_add_series(struct metrics *m, const char *route, int status) {
    struct series *s = find_series(m, route, status);
    if (s != NULL) return s;

    /* Another thread may have added it since. */
    pthread_mutex_lock(&m->lock);
    s = find_series(m, route, status);
    int count = atomic_load(&m->count);
    if (s == NULL && count < SERIES_MAX) {
        /* The last place is for everything that finds no other. */
        s = &m->series[count];
        s->route = route;
        s->status = status;
        if (count == SERIES_MAX - 1) {
            s->route = "other";
            s->status = 0;
        }
        atomic_store_explicit(&m->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&m->lock);
    if (s == NULL) s = &m->series[SERIES_MAX - 1];
    return s;
}

void
metrics_request(struct metrics *m, const char *route, int status, int64_t us) {
    struct series *s = find_or_add_series(m, route, status);
    atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->sum_us, (uint64_t)us, memory_order_relaxed);
    for (int i = 0; i < BUCKETS; i++) {
        if (us > bucket_us[i]) continue;
        atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
        break;
    }
}

static int
write_value_head(struct buf *out, const char *name, const char *type, const char *help) {
    return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static int
write_histogram(struct series *s, struct buf *out) {
    uint64_t below = 0;
    int err = 0;
    for (int i = 0; i < BUCKETS && err == 0; i++) {
        below += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
        err = buf_printf(out,
                         "secrets_request_seconds_bucket{route=\"%s\",code=\"%d\",le=\"%g\"} %ju\n",
                         s->route, s->status, (double)bucket_us[i] / 1e6, (uintmax_t)below);
    }
    if (err != 0) return err;

    uintmax_t count = atomic_load_explicit(&s->count, memory_order_relaxed);
    double sum = (double)atomic_load_explicit(&s->sum_us, memory_order_relaxed) / 1e6;
    return buf_printf(out,
                      "secrets_request_seconds_bucket{route=\"%s\",code=\"%d\",le=\"+Inf\"} %ju\n"
                      "secrets_request_seconds_sum{route=\"%s\",code=\"%d\"} %.6f\n"
                      "secrets_request_seconds_count{route=\"%s\",code=\"%d\"} %ju\n",
                      s->route, s->status, count, s->route, s->status, sum, s->route, s->status,
                      count);
}

static int
write_value(const struct metrics_value *f, struct buf *out) {
    int err = write_value_head(out, f->name, f->type, f->help);
    if (err == 0) err = buf_printf(out, "%s %.17g\n", f->name, f->value);
    return err;
}

int
metrics_write(struct metrics *m, const struct metrics_value *values, int count, struct buf *out) {
    int err =
        write_value_head(out, "secrets_request_seconds", "histogram",
                         "Time from a request to its response, by route template and status code.");
    int series = atomic_load_explicit(&m->count, memory_order_acquire);
    for (int i = 0; i < series && err == 0; i++)
        err = write_histogram(&m->series[i], out);
    for (int i = 0; i < count && err == 0; i++)
        err = write_value(&values[i], out);
    return err;
}
