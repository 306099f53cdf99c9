/* SPDX-License-Identifier: MIT */
/*
 * Each forbidden act is tried in a process of its own, inside the sandbox and, as the control,
 * outside of it: what fails inside has to work outside, or the test would prove nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/process/sandbox.h"

enum { WORKED = 0, SETUP_FAILED = 250 }; /* an errno otherwise */

static char data_dir[] = "/tmp/sandbox-test-XXXXXX";
static int terminal = -1;

static int
result(long value) {
    return value < 0 ? errno : WORKED;
}

static int
act_execve(void) {
    char *const argv[] = {(char[]){"true"}, NULL};
    return result(execve("/bin/true", argv, NULL));
}

static int
act_ptrace(void) {
    return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
act_read_outside(void) {
    return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int
act_write_outside(void) {
    return result(open("/tmp/sandbox-test-outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int
act_write_inside(void) {
    char path[100];
    (void)snprintf(path, sizeof(path), "%s/file", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    return write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0 && unlink(path) == 0 ? WORKED : errno;
}

static int
act_socket_inet(void) {
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
act_socket_netlink(void) {
    return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
act_map_executable(void) {
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : WORKED;
}

static int
act_make_executable(void) {
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? SETUP_FAILED : result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* One request stands for all others, TIOCSTI among them, which types for whoever sits there. */
static int
act_tell_terminal(void) {
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    return result(ioctl(terminal, TIOCSWINSZ, &size));
}

/* The kernel looks at 32 bits of the request: those above must not hide what it is. */
static int
act_tell_terminal_longer(void) {
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    return result(syscall(SYS_ioctl, terminal, UINT64_C(1) << 32 | TIOCSWINSZ, &size));
}

static int
act_ask_socket(void) {
    int pair[2], n = 1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return SETUP_FAILED;
    return ioctl(pair[0], FIONBIO, &n) == 0 && ioctl(pair[0], FIONREAD, &n) == 0 ? WORKED : errno;
}

static int
act_fork(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    return result(pid);
}

static int
act_signal_parent(void) {
    return result(kill(getppid(), 0));
}

static int
act_raise_limit(void) {
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
    return result(setrlimit(RLIMIT_NOFILE, &limit));
}

static void *
thread_main(void *arg) {
    return arg;
}

static int
act_thread(void) {
    pthread_t thread;
    int err = pthread_create(&thread, NULL, thread_main, NULL);
    return err != 0 ? err : pthread_join(thread, NULL);
}

static int
act_random(void) {
    char byte;
    return result(getrandom(&byte, 1, 0));
}

static int
restrict_paths(bool outgoing) {
    return sandbox_restrict_paths(
        &(struct sandbox_paths){.data_dir = data_dir, .outgoing = outgoing});
}

/* What becomes of ${act} in a child: WORKED, an errno, or minus the signal that ended it. */
static int
try_act(int (*act)(void), bool sandboxed, bool outgoing) {
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (sandboxed && (restrict_paths(outgoing) != SANDBOX_ON ||
                          sandbox_restrict_calls(outgoing) != SANDBOX_ON))
            _exit(SETUP_FAILED);
        _exit(act());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct expectation {
    const char *name;
    int (*act)(void);
    int alone;    /* sandbox of a server with its own store */
    int outgoing; /* sandbox of a server that talks to AWS */
};

static const struct expectation expectations[] = {
    {"execve", act_execve, -SIGSYS, -SIGSYS},
    {"ptrace", act_ptrace, -SIGSYS, -SIGSYS},
    {"read another path", act_read_outside, EACCES, EACCES},
    {"write another path", act_write_outside, EACCES, EACCES},
    {"write the data folder", act_write_inside, WORKED, WORKED},
    {"internet socket", act_socket_inet, EPERM, WORKED},
    {"netlink socket", act_socket_netlink, EPERM, EPERM},
    {"map executable memory", act_map_executable, EPERM, EPERM},
    {"make memory executable", act_make_executable, EPERM, EPERM},
    {"tell a terminal something", act_tell_terminal, EPERM, EPERM},
    {"the same in a longer number", act_tell_terminal_longer, EPERM, EPERM},
    {"ask a socket", act_ask_socket, WORKED, WORKED},
    {"fork", act_fork, EPERM, EPERM},
    {"signal another process", act_signal_parent, EPERM, EPERM},
    {"change a limit", act_raise_limit, EPERM, EPERM},
    {"start a thread", act_thread, WORKED, WORKED},
    {"randomness", act_random, WORKED, WORKED},
};

static void
test_what_is_left(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expectations); i++) {
        const struct expectation *e = &expectations[i];
        print_message("  %s\n", e->name);
        assert_int_equal(try_act(e->act, false, false), WORKED);
        assert_int_equal(try_act(e->act, true, false), e->alone);
        assert_int_equal(try_act(e->act, true, true), e->outgoing);
    }
    (void)unlink("/tmp/sandbox-test-outside");
}

static int
kernel_can(void) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(restrict_paths(false) == SANDBOX_ON && sandbox_restrict_calls(false) == SANDBOX_ON
                  ? 0
                  : 1);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_left)};
    if (mkdtemp(data_dir) == NULL) return 1;
    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int failed = 0;
    if (kernel_can()) failed = cmocka_run_group_tests(tests, NULL, NULL);
    else print_message("SKIP sandbox: this kernel has no Landlock or no seccomp\n");
    (void)rmdir(data_dir);
    return failed;
}
