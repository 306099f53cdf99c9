/* SPDX-License-Identifier: MIT */
/* Bytes of a file reach a socket by a pipe: all of them, as far as the reader lets them. */
#include "base/files/piped.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "scratch.h"

enum { READ_STEP = 100 * 1000 };

static uint8_t want[PIPED_MAX], got[PIPED_MAX];

/* A file without a name that holds ${len} bytes of ${want}. */
static int
make_file(size_t len) {
    char path[] = "/tmp/test-piped-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)unlink(path);
    for (size_t i = 0; i < sizeof(want); i++)
        want[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(write(fd, want, len), len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int
open_descriptors(void) {
    return scratch_count_files("/proc/self/fd");
}

static void
test_all_of_a_file_arrives(void **state) {
    (void)state;
    struct piped p = {0};
    int ends[2], file = make_file(PIPED_MAX);
    int before = open_descriptors();
    size_t at = 0;
    unsigned waits = 0;
    assert_int_equal(piped_fill(&p, file, PIPED_MAX), 0);
    assert_int_equal(p.len, PIPED_MAX);
    (void)close(file);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);

    /* The socket takes less than all, then nothing until its reader reads. */
    while (at < PIPED_MAX) {
        while (p.len > 0 && piped_send(&p, ends[0]) > 0)
            continue;
        if (p.len > 0) {
            assert_int_equal(errno, EAGAIN);
            waits++;
        }
        ssize_t n = read(ends[1], got + at, READ_STEP);
        assert_true(n > 0);
        at += (size_t)n;
    }

    assert_true(waits > 0);
    assert_memory_equal(got, want, PIPED_MAX);
    piped_close(&p);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_int_equal(open_descriptors(), before - 1);
}

static void
test_a_reader_that_left_is_an_error(void **state) {
    (void)state;
    struct piped p = {0};
    int ends[2], file = make_file(PIPED_MIN);
    int before = open_descriptors();
    assert_int_equal(piped_fill(&p, file, PIPED_MIN), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    (void)close(ends[1]);
    assert_int_equal(piped_send(&p, ends[0]), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(p.len, PIPED_MIN);
    piped_close(&p);
    piped_close(&p); /* once more does nothing */
    (void)close(ends[0]);
    assert_int_equal(open_descriptors(), before);
    (void)close(file);
}

static void
test_what_does_not_fit_is_refused(void **state) {
    (void)state;
    struct piped p = {0};
    struct rlimit limit, few;
    int file = make_file(PIPED_MIN);
    int before = open_descriptors();
    assert_int_equal(piped_fill(&p, file, PIPED_MAX + 1), ERR_TOO_LARGE);
    assert_int_equal(piped_fill(&p, file, 0), ERR_TOO_LARGE);

    /* No descriptor is left. */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few = limit;
    few.rlim_cur = (rlim_t)file + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(piped_fill(&p, file, PIPED_MIN), ERR_TOO_LARGE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

    /* The file is shorter than it should be. */
    assert_int_equal(piped_fill(&p, file, PIPED_MIN + 1), ERR_IO);
    assert_int_equal(errno, 0);
    assert_int_equal(p.len, 0);
    assert_int_equal(open_descriptors(), before);
    (void)close(file);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_a_file_arrives),
        cmocka_unit_test(test_a_reader_that_left_is_an_error),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
