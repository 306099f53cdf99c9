/* SPDX-License-Identifier: MIT */
/*
 * Every number of a system call, and every value of an argument that decides whether a call is let
 * through, tried inside the sandbox and compared with a list that is written down a second time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/process/sandbox.h"

enum { SETUP_FAILED = 250 };

static char data_dir[] = "/tmp/sandbox-calls-XXXXXX";

/* Confine this process as a server that keeps its data here, or that talks to AWS (${outgoing}). */
static bool
confine(bool outgoing) {
    const struct sandbox_paths paths = {.data_dir = data_dir, .outgoing = outgoing};
    return sandbox_restrict_paths(&paths) == SANDBOX_ON &&
           sandbox_restrict_calls(outgoing, -1) == SANDBOX_ON;
}

/* A number of a system call, and with which arguments it is let through, if not with all. */
struct left {
    long number;
    bool guarded;  /* the acts above try its arguments */
    bool outgoing; /* only for a server that talks to AWS */
};

#define PLAIN(name)                                                                                \
    { SYS_##name, false, false }
#define GUARDED(name)                                                                              \
    { SYS_##name, true, false }
#define OUTGOING(name)                                                                             \
    { SYS_##name, false, true }

/* clang-format off */
/* All that is left, written down a second time: a call that is added to the sandbox is added here,
 * with a thought for whom it reaches. */
static const struct left all_left[] = {
    PLAIN(read), PLAIN(write), PLAIN(readv), PLAIN(writev), PLAIN(pread64), PLAIN(pwrite64),
    PLAIN(preadv), PLAIN(pwritev), PLAIN(recvfrom), PLAIN(sendmsg), PLAIN(splice), PLAIN(openat),
    PLAIN(close), PLAIN(fstat), PLAIN(newfstatat), PLAIN(statx), PLAIN(statfs), PLAIN(fstatfs),
    PLAIN(lseek), PLAIN(fsync), PLAIN(fdatasync), PLAIN(ftruncate), PLAIN(fallocate),
    PLAIN(unlinkat), PLAIN(mkdirat), PLAIN(renameat2), PLAIN(linkat), PLAIN(faccessat),
    PLAIN(faccessat2), PLAIN(getdents64), PLAIN(flock), PLAIN(getcwd), PLAIN(readlinkat),
    PLAIN(fchmod), PLAIN(umask), PLAIN(pipe2), PLAIN(accept4), PLAIN(shutdown),
    PLAIN(getsockopt), PLAIN(setsockopt), PLAIN(getsockname), PLAIN(getpeername),
    PLAIN(epoll_create1), PLAIN(epoll_ctl), PLAIN(epoll_pwait), PLAIN(ppoll),
    PLAIN(eventfd2),
    PLAIN(nanosleep), PLAIN(clock_nanosleep), PLAIN(clock_gettime), PLAIN(clock_getres),
    PLAIN(gettimeofday), PLAIN(futex), PLAIN(munmap), PLAIN(mremap), PLAIN(madvise), PLAIN(brk),
    PLAIN(mlock), PLAIN(mlock2), PLAIN(munlock), PLAIN(msync), PLAIN(set_robust_list), PLAIN(rseq),
    PLAIN(set_tid_address), PLAIN(gettid), PLAIN(getpid), PLAIN(sched_yield),
    PLAIN(sched_getaffinity), PLAIN(getuid), PLAIN(geteuid), PLAIN(getgid), PLAIN(getegid),
    PLAIN(getrusage), PLAIN(sysinfo), PLAIN(uname), PLAIN(getrandom), PLAIN(rt_sigaction),
    PLAIN(rt_sigprocmask), PLAIN(rt_sigreturn), PLAIN(rt_sigtimedwait), PLAIN(rt_sigsuspend),
    PLAIN(sigaltstack), PLAIN(restart_syscall), PLAIN(membarrier), PLAIN(exit), PLAIN(exit_group),
#ifdef SYS_open /* older spellings of some of them */
    PLAIN(open), PLAIN(stat), PLAIN(lstat), PLAIN(unlink), PLAIN(rmdir), PLAIN(mkdir),
    PLAIN(rename), PLAIN(renameat), PLAIN(link), PLAIN(access), PLAIN(readlink), PLAIN(epoll_wait),
    PLAIN(poll), PLAIN(time),
#endif
    GUARDED(mmap), GUARDED(mprotect), GUARDED(clone), GUARDED(prctl), GUARDED(getpriority),
    GUARDED(setpriority), GUARDED(prlimit64), GUARDED(socketpair), GUARDED(ioctl), GUARDED(fcntl),
    GUARDED(tgkill), GUARDED(sendto),
    OUTGOING(connect), OUTGOING(sendmmsg),
};
/* clang-format on */

/* Of x86-64.  Newer kernels never filter them: outside of a probe they end the process. */
enum { URETPROBE = 335, UPROBE = 336 };

enum { CALLS = 512, DENIED = 1, LET_THROUGH = 2, ENDED = 3 };

/* Whether ${number} is let through with arguments that make no sense. */
static bool
is_left(long number, bool outgoing) {
    for (size_t i = 0; i < ARRAY_LEN(all_left); i++)
        if (all_left[i].number == number)
            return !all_left[i].guarded && (outgoing || !all_left[i].outgoing);
    return false;
}

/* In the sandbox: try every number from ${from} on with -1 for each argument, and write what became
 * of each to ${out}. */
static void
try_numbers(int from, bool outgoing, int out) {
    if (!confine(outgoing)) _exit(SETUP_FAILED);
    for (int n = from; n < CALLS; n++) {
        errno = 0;
        long got = syscall(n, -1L, -1L, -1L, -1L, -1L, -1L);
        bool denied = got == -1 && errno == EPERM;
        if (n == SYS_clone3) denied = got == -1 && errno == ENOSYS;
        char fate = denied ? DENIED : LET_THROUGH;
        if (write(out, &fate, 1) != 1) _exit(SETUP_FAILED);
    }
    _exit(0);
}

/* Fill ${fates} with what becomes of each number; one that ends its process is tried once. */
static void
find_fates(bool outgoing, char fates[static CALLS]) {
    for (int n = 0; n < CALLS;) {
        int fds[2], status = 0;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            /* No descriptor that a call could reach belongs to the test itself. */
            for (int fd = 0; fd < 3; fd++)
                (void)close(fd);
            try_numbers(n, outgoing, fds[1]);
        }
        (void)close(fds[1]);
        ssize_t got;
        while (n < CALLS && (got = read(fds[0], &fates[n], (size_t)(CALLS - n))) > 0)
            n += (int)got;
        (void)close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == SETUP_FAILED);
        if (n == CALLS) break;
        bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
        fates[n++] = killed ? ENDED : LET_THROUGH;
    }
}

static void
test_every_number(void **state) {
    static char fates[CALLS];
    (void)state;
    for (int outgoing = 0; outgoing < 2; outgoing++) {
        int left = 0, ended = 0;
        find_fates(outgoing, fates);
        for (int n = 0; n < CALLS; n++) {
            if (n == URETPROBE || n == UPROBE) continue;
            bool through = fates[n] == LET_THROUGH;
            if (through != is_left(n, outgoing))
                print_message("  system call %d: %d\n", n, fates[n]);
            assert_int_equal(through, is_left(n, outgoing));
            left += through;
            ended += fates[n] == ENDED;
        }
        print_message("  %d numbers: %d are let through, %d end the process\n", CALLS, left, ended);
        assert_true(left > 80 && ended >= 15);
        assert_int_equal(fates[SYS_execve], ENDED);
        assert_int_equal(fates[SYS_kill], DENIED);
    }
}

/* Values of one argument of a call, and those of them that are let through. */
struct values {
    const char *name;
    long number;
    long args[6]; /* the other arguments */
    int arg;      /* the one that is tried */
    long first, last;
    bool (*is_allowed)(long value);
};

static bool
is_one_of(long value, const long *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == value) return true;
    return false;
}

#define IS_ONE_OF(value, ...)                                                                      \
    is_one_of(value, (const long[]){__VA_ARGS__}, sizeof((long[]){__VA_ARGS__}) / sizeof(long))

static bool
is_fcntl_left(long command) {
    return IS_ONE_OF(command, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
                     F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETPIPE_SZ);
}

static bool
is_ioctl_left(long request) {
    return IS_ONE_OF(request, FIONBIO, FIONREAD);
}

static bool
is_prctl_left(long option) {
    return IS_ONE_OF(option, PR_SET_NAME, PR_SET_VMA);
}

static bool
is_protection_left(long bits) {
    return (bits & PROT_EXEC) == 0;
}

static bool
is_unix(long family) {
    return family == AF_UNIX;
}

static bool
is_internet(long family) {
    return family == AF_INET || family == AF_INET6;
}

static bool
is_stream(long type) {
    return type == SOCK_STREAM;
}

static bool
is_stream_or_datagram(long type) {
    return type == SOCK_STREAM || type == SOCK_DGRAM;
}

static bool
is_zero(long value) {
    return value == 0;
}

static bool
is_own_process(long pid) {
    return pid == getpid();
}

static bool
is_never(long value) {
    (void)value;
    return false;
}

#define MAPPING MAP_PRIVATE | MAP_ANONYMOUS

/* clang-format off */
static const struct values all_values[] = {
    {"fcntl", SYS_fcntl, {-1, 0, -1}, 1, 0, 2000, is_fcntl_left},
    {"ioctl", SYS_ioctl, {-1, 0, -1}, 1, 0, 0xFFFF, is_ioctl_left},
    {"prctl", SYS_prctl, {0, -1, -1, -1, -1}, 0, 0, 1000, is_prctl_left},
    {"prctl", SYS_prctl, {0, -1, -1, -1, -1}, 0, PR_SET_VMA - 9, PR_SET_VMA + 9, is_prctl_left},
    {"mmap", SYS_mmap, {0, 4096, 0, MAPPING, -1, 0}, 2, 0, 0xFF, is_protection_left},
    {"mprotect", SYS_mprotect, {0, 4096, 0}, 2, 0, 0xFF, is_protection_left},
    {"socketpair, family", SYS_socketpair, {0, SOCK_STREAM, 0, -1}, 0, 0, 63, is_unix},
    {"socketpair, type", SYS_socketpair, {AF_UNIX, 0, 0, -1}, 1, 0, 63, is_stream},
    {"sendto, address", SYS_sendto, {-1, 0, 0, 0, 0, 16}, 4, 0, 63, is_zero},
    {"getpriority, of what", SYS_getpriority, {0, 0}, 0, 0, 63, is_zero},
    {"getpriority, of whom", SYS_getpriority, {PRIO_PROCESS, 0}, 1, 0, 1000, is_zero},
    {"setpriority, of what", SYS_setpriority, {0, 0, 19}, 0, 0, 63, is_zero},
    {"setpriority, of whom", SYS_setpriority, {PRIO_PROCESS, 0, 19}, 1, 0, 1000, is_zero},
    {"prlimit64, of whom", SYS_prlimit64, {0, RLIMIT_NOFILE, 0, 0}, 0, 0, 1000, is_zero},
    {"prlimit64, new limit", SYS_prlimit64, {0, RLIMIT_NOFILE, 0, 0}, 2, 0, 63, is_zero},
    {"tgkill, of whom", SYS_tgkill, {0, 1, 0}, 0, 1, 2000, is_own_process},
    {"clone, less than a thread", SYS_clone, {0}, 0, 0, 0xFF, is_never},
    {"clone, a thread that is a process", SYS_clone, {0}, 0, CLONE_VM, CLONE_VM + 0xFF, is_never},
    {"socket, family", SYS_socket, {0, SOCK_STREAM, 0}, 0, 0, 63, is_internet},
    {"socket, type", SYS_socket, {AF_INET, 0, 0}, 1, 0, 63, is_stream_or_datagram},
    {"socket, type of IPv6", SYS_socket, {AF_INET6, 0, 0}, 1, 0, 63, is_stream_or_datagram},
};
/* clang-format on */

/* What pthread_create(3) passes to clone: with any other flag a thread is more than a thread. */
#define THREAD                                                                                     \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |            \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* In the sandbox: whether the call ${number} with ${a} is refused by the filter. */
static bool
is_refused(long number, const long a[static 6]) {
    errno = 0;
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]) == -1 && errno == EPERM;
}

/* In the sandbox: try ${v}, and say which value is not as it should be.  Returns their number. */
static int
try_values(const struct values *v, bool outgoing) {
    int wrong = 0;
    for (long value = v->first; value <= v->last; value++) {
        long args[6];
        memcpy(args, v->args, sizeof(args));
        args[v->arg] = value;
        bool allowed = v->is_allowed(value) && (outgoing || v->number != SYS_socket);
        if (is_refused(v->number, args) != allowed) continue;
        (void)dprintf(STDERR_FILENO, "%s: %ld should%s be refused\n", v->name, value,
                      allowed ? " not" : "");
        wrong++;
    }
    return wrong;
}

/* In the sandbox: a thread with any flag more is refused.  Returns how many were not. */
static int
try_thread_flags(void) {
    int wrong = 0;
    for (int bit = 0; bit < 64; bit++) {
        long more = (long)(UINT64_C(1) << bit);
        const long args[6] = {THREAD | more};
        if ((THREAD & more) == 0 && !is_refused(SYS_clone, args)) wrong++;
    }
    return wrong;
}

static void
test_every_argument(void **state) {
    (void)state;
    for (int outgoing = 0; outgoing < 2; outgoing++) {
        int status = 0;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            if (!confine(outgoing)) _exit(SETUP_FAILED);
            int wrong = try_thread_flags();
            for (size_t i = 0; i < ARRAY_LEN(all_values); i++)
                wrong += try_values(&all_values[i], outgoing);
            _exit(wrong < SETUP_FAILED ? wrong : SETUP_FAILED - 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static bool
kernel_can(void) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) _exit(confine(false) ? 0 : 1);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_number),
                                       cmocka_unit_test(test_every_argument)};
    int failed = 0;
    if (mkdtemp(data_dir) == NULL) return 1;
    if (kernel_can()) failed = cmocka_run_group_tests(tests, NULL, NULL);
    else print_message("SKIP sandbox: this kernel has no Landlock or no seccomp\n");
    (void)rmdir(data_dir);
    return failed;
}
