/* SPDX-License-Identifier: MIT */
#include "base/err.h"

const char *
err_text(int err) {
    if (err >= 0) return "no error";
    switch (err) {
#define X(name, text)                                                                              \
    case ERR_##name: return text;
        ERR_LIST(X)
#undef X
    default: return "unknown error";
    }
}
