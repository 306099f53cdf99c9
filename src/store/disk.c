/* SPDX-License-Identifier: MIT */
#include "store/disk.h"

#include <sys/statvfs.h>

#include "base/compiler.h"

uint64_t
disk_room(int dir) {
    struct statvfs fs;
    if (fstatvfs(dir, &fs) != 0) return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}
