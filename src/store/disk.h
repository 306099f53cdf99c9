/* SPDX-License-Identifier: MIT */
/* What the stores of this machine ask of the file system below them. */
#ifndef STORE_DISK_H
#define STORE_DISK_H

#include <stdint.h>

/* Bytes that this user can still write on the file system of ${dir}; UINT64_MAX if unknown. */
uint64_t disk_room(int dir);

#endif
