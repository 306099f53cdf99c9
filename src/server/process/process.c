/* SPDX-License-Identifier: MIT */
#include "server/process/process.h"

#include <link.h>
#include <malloc.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/harden.h"

enum {
    FILES_WANTED = 65536,
    STACK_WIPED = 32 * 1024, /* deeper than any handler goes */
    ARENAS = 4,              /* heaps for all threads; one for each would hold much free memory,
                                and with two the threads of a busy server wait for each other */
    LARGE_BLOCK = 5 * 1024 * 1024 /* blocks of this size go back to the system when they are freed.
                                     A part is smaller: to fetch its pages again and again costs a
                                     third of the time of an upload.  The sweeper gives them back */
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
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t stop;

    /* Nothing of this process can be read from outside. */
    (void)umask(077);
    if (harden_memory() != 0) return ERR_IO;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ERR_IO;

    /* A closed connection is an error of write(); signals to stop are for the main thread. */
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) return ERR_IO;
    stop_signals(&stop);
    if (pthread_sigmask(SIG_BLOCK, &stop, NULL) != 0) return ERR_IO;

    raise_file_limit();
    (void)mallopt(M_ARENA_MAX, ARENAS);
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
    int n = 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) n = CPU_COUNT(&set);
    if (n < 1) n = 1;
    return (unsigned)n;
}

const char *
process_env(char *const env[], const char *name) {
    size_t len = strlen(name);
    for (; *env != NULL; env++)
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=') return *env + len + 1;
    return NULL;
}

/*
 * Drop the code and constants of one library from memory; they are read from its file again when
 * they are needed.  Most were touched by the loader and by initialisers that never run again.
 */
static int
drop_constant(struct dl_phdr_info *object, size_t size, void *arg) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
    (void)size;
    (void)arg;

    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~page;
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + page) & ~page;
        (void)madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void
process_settle(void) {
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(drop_constant, NULL);
}

__attribute__((noinline)) void
process_wipe_stack(void) {
    UNINITIALIZED uint8_t below[STACK_WIPED]; /* or it would be wiped twice */
    explicit_bzero(below, sizeof(below));
}
