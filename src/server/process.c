/* SPDX-License-Identifier: MIT */
#include "server/process.h"

#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"

enum {
    FILES_WANTED = 65536,
    STACK_WIPED = 32 * 1024, /* deeper than any handler goes */
    LARGE_BLOCK = 128 * 1024 /* blocks of this size go back to the system when they are freed */
};

static void
stop_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

static void
raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    rlim_t wanted = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
    if (files.rlim_cur >= wanted) return;
    files.rlim_cur = wanted;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

int
process_harden(void) {
    const struct rlimit none = {0, 0};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t stop;
    (void)umask(077);
    /* Tests that look for secrets in memory need a process that can be looked at. */
#ifndef SERVER_TEST
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return ERR_IO;
#endif
    if (setrlimit(RLIMIT_CORE, &none) != 0) return ERR_IO;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ERR_IO;
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) return ERR_IO;
    stop_signals(&stop);
    if (pthread_sigmask(SIG_BLOCK, &stop, NULL) != 0) return ERR_IO;
    raise_file_limit();
    /* Two heaps for all threads, not one each: many small heaps hold much memory that is free. */
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * LARGE_BLOCK);
    return 0;
}

int
process_wait(void) {
    sigset_t stop;
    int sig = 0;
    stop_signals(&stop);
    while (sigwait(&stop, &sig) != 0)
        continue;
    return sig;
}

unsigned
process_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
    return files.rlim_cur > FILES_WANTED ? FILES_WANTED : (unsigned)files.rlim_cur;
}

unsigned
process_cores(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : (unsigned)n;
}

__attribute__((noinline)) void
process_wipe_stack(void) {
    uint8_t below[STACK_WIPED];
    explicit_bzero(below, sizeof(below));
}
