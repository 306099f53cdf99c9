/* SPDX-License-Identifier: MIT */
#include "captured.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int saved_stderr = -1;
static FILE *kept;

void
captured_begin(void) {
    (void)fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    kept = tmpfile();
    assert_non_null(kept);
    assert_true(dup2(fileno(kept), STDERR_FILENO) >= 0);
}

char *
captured_end(void) {
    (void)fflush(stderr);
    assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
    (void)close(saved_stderr);

    assert_int_equal(fseek(kept, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(kept);
    char *text = calloc(1, len + 1);
    assert_non_null(text);
    rewind(kept);
    assert_int_equal(fread(text, 1, len, kept), len);
    (void)fclose(kept);
    return text;
}
