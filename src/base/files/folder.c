/* SPDX-License-Identifier: MIT */
#include "base/files/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Whether ${e}, an entry of the directory ${dir}, counts as a subdirectory. */
static bool
is_subdirectory(DIR *dir, const struct dirent *e) {
    struct stat st;

    if (strncmp(e->d_name, "..", 2) == 0 || strcmp(e->d_name, ".") == 0) return false;
    if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) return true;
    return S_ISDIR(st.st_mode);
}

bool
folder_is_flat(const char *path) {
    DIR *dir = opendir(path);
    bool flat = dir != NULL;
    const struct dirent *e = NULL;

    while (flat && (e = readdir(dir)) != NULL)
        flat = !is_subdirectory(dir, e);
    if (dir != NULL) (void)closedir(dir);
    return flat;
}
