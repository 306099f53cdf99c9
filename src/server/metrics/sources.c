/* SPDX-License-Identifier: MIT */
#include "server/metrics/sources.h"

#include <fcntl.h>
#include <unistd.h>

void
metrics_sources_open(struct metrics_sources *f, int64_t now) {
    f->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    f->started_at = now;
}

void
metrics_sources_close(struct metrics_sources *f) {
    if (f->statm >= 0) close(f->statm);
    f->statm = -1;
}

/* Bytes of memory in use: the second number of statm, in pages. */
static double
resident_bytes(const struct metrics_sources *f) {
    char text[128];
    if (f->statm < 0) return 0;
    ssize_t n = pread(f->statm, text, sizeof(text) - 1, 0);
    if (n <= 0) return 0;
    text[n] = '\0';

    const char *at = strchr(text, ' ');
    double pages = 0;
    if (at == NULL) return 0;
    for (at++; *at >= '0' && *at <= '9'; at++)
        pages = pages * 10 + (*at - '0');
    return pages * (double)sysconf(_SC_PAGESIZE);
}

int
metrics_sources_write(void *sources, struct buf *out) {
    struct metrics_sources *f = sources;
    struct vault *v = f->vault;
    struct kdf_pool_stats kdf;

    kdf_pool_stats(f->kdf, &kdf);
    uint64_t held = v->store->ops->usage(v->store) + v->blobs->ops->usage(v->blobs);

    /* Names and help are an interface.  docs/OPERATIONS.md says which ones to watch. */
    const struct metrics_value list[] = {
        {"secrets_views_claimed_total", "counter", "Views taken.",
         (double)atomic_load(&v->views_claimed)},
        {"secrets_erased_total", "counter", "Contents erased.", (double)atomic_load(&v->erased)},
        {"secrets_store_errors_total", "counter", "Calls of a store that failed.",
         (double)atomic_load(&v->store_errors)},
        {"secrets_bytes_held", "gauge",
         "Bytes that count toward the quota: content and records on this machine.", (double)held},
        {"secrets_bytes_quota", "gauge", "Bytes that may be kept, 0 for no limit.",
         (double)v->limits.quota},
        {"secrets_kdf_waiting", "gauge", "Derivations waiting for a thread.", kdf.waiting},
        {"secrets_kdf_queue_max", "gauge", "Derivations that may wait.", kdf.queue_max},
        {"secrets_kdf_threads", "gauge", "Threads that derive keys.", kdf.threads},
        {"secrets_kdf_lanes", "gauge", "Derivations at once on each thread.", kdf.lanes},
        {"secrets_kdf_done_total", "counter", "Derivations done.", (double)kdf.done},
        {"secrets_kdf_refused_total", "counter",
         "Derivations refused because the queue had no place.", (double)kdf.refused},
        {"secrets_kdf_memory_locked", "gauge", "1 if no derivation can be swapped out.",
         kdf.locked},
        {"secrets_sweep_last_timestamp_seconds", "gauge", "When the last sweep succeeded.",
         (double)sweeper_last(f->sweeper)},
        {"secrets_sandbox", "gauge",
         "1 if the process gave up everything that serving does not need.",
         atomic_load(&f->sandboxed)},
        {"process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes(f)},
        {"process_start_time_seconds", "gauge", "When the process started.", (double)f->started_at},
    };
    int err = metrics_write(f->metrics, list, ARRAY_LEN(list), out);
    if (err != 0) return err;

    return buf_add_text(out, "# HELP secrets_build_info The version that runs.\n"
                             "# TYPE secrets_build_info gauge\n"
                             "secrets_build_info{version=\"" VERSION "\"} 1\n");
}
