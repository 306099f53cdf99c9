/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <dirent.h>
#include <ftw.h>

#include "base/compiler.h"

void
scratch_make(char path[SCRATCH_PATH_MAX]) {
    (void)snprintf(path, SCRATCH_PATH_MAX, "/tmp/ephemeral-test-XXXXXX");
    if (mkdtemp(path) == NULL) abort();
}

void
scratch_make_fast(char path[SCRATCH_PATH_MAX]) {
    (void)snprintf(path, SCRATCH_PATH_MAX, "/dev/shm/ephemeral-test-XXXXXX");
    if (mkdtemp(path) == NULL) scratch_make(path);
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void
scratch_remove(const char *path) {
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int
scratch_count_files(const char *path) {
    int n = -2; /* for . and .. */
    DIR *dir = opendir(path);
    if (dir == NULL) return -1;
    while (readdir(dir) != NULL)
        n++;
    (void)closedir(dir);
    return n;
}
