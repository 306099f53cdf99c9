/* SPDX-License-Identifier: MIT */
#include "base/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/err.h"

int
harden_memory(void) {
    const struct rlimit none = {0, 0};
    int err = 0;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) err = ERR_IO;
    if (setrlimit(RLIMIT_CORE, &none) != 0) err = ERR_IO;
    return err;
}
