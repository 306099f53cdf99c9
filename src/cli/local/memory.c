/* SPDX-License-Identifier: MIT */
#include "cli/local/memory.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"

static int
drop_readonly_pages(struct dl_phdr_info *info, size_t size, void *ctx) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size, (void)ctx;

    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        /* Only a segment that cannot be written is the same as in its file. */
        if (p->p_type != PT_LOAD || (p->p_flags & PF_W) != 0) continue;

        uintptr_t from = (info->dlpi_addr + p->p_vaddr) & ~(page - 1);
        uintptr_t end = info->dlpi_addr + p->p_vaddr + p->p_memsz;
        (void)madvise((void *)from, end - from, MADV_DONTNEED);
    }
    return 0;
}

void
memory_release_code(void) {
    (void)dl_iterate_phdr(drop_readonly_pages, NULL);
}
