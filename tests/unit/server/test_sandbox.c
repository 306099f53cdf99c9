/* SPDX-License-Identifier: MIT */
/*
 * Each forbidden act is tried in a process of its own, inside the sandbox and, as the control,
 * outside of it: what fails inside has to work outside, or the test would prove nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/process/sandbox.h"

enum { WORKED = 0, SETUP_FAILED = 250 }; /* an errno otherwise */

static char data_dir[] = "/tmp/sandbox-test-XXXXXX";
static char outside[] = "/tmp/sandbox-mode-XXXXXX";
static int terminal = -1;

/* The notify socket: a datagram socket that is connected to the first of two others. */
static int notify = -1, told[2] = {-1, -1};
static struct sockaddr_un told_name[2];

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

/* The parent is of the same user, as every process of this machine may be. */
static int
act_signal_parent_thread(void) {
    return result(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int
act_signal_own_thread(void) {
    return result(syscall(SYS_tgkill, getpid(), gettid(), 0));
}

/* An owner of a descriptor is signalled by the kernel. */
static int
act_signal_by_descriptor(void) {
    return result(fcntl(0, F_SETOWN, getppid()));
}

static int
act_widen_pipe(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    return fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0 ? WORKED : errno;
}

static int
act_slow_parent(void) {
    return result(setpriority(PRIO_PROCESS, (id_t)getppid(), 0));
}

static int
act_slow_own_thread(void) {
    return result(setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0)));
}

static int
act_limits_of_parent(void) {
    struct rlimit limit;
    return result(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit));
}

/* With a datagram socket any other one of the machine can be named. */
static int
act_datagram_pair(void) {
    int pair[2];
    return result(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
}

static int
act_packet_pair(void) {
    int pair[2];
    return result(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
}

/* A message to the socket that the notify socket is not connected to. */
static struct msghdr
stray_message(struct iovec *text) {
    static char byte[] = "x";
    *text = (struct iovec){byte, 1};
    return (struct msghdr){.msg_name = &told_name[1],
                           .msg_namelen = sizeof(told_name[1]),
                           .msg_iov = text,
                           .msg_iovlen = 1};
}

static int
act_notify(void) {
    return result(send(notify, "x", 1, MSG_NOSIGNAL));
}

static int
act_stray_sendto(void) {
    return result(
        sendto(notify, "x", 1, 0, (struct sockaddr *)&told_name[1], sizeof(told_name[1])));
}

static int
act_stray_sendmsg(void) {
    struct iovec text;
    struct msghdr m = stray_message(&text);
    return result(sendmsg(notify, &m, 0));
}

/* The kernel reads 32 bits of a descriptor: those above must not hide which one it is. */
static int
act_stray_sendmsg_longer(void) {
    struct iovec text;
    struct msghdr m = stray_message(&text);
    return result(syscall(SYS_sendmsg, UINT64_C(1) << 32 | (unsigned)notify, &m, 0));
}

static int
act_stray_sendmmsg(void) {
    struct iovec text;
    struct mmsghdr m = {.msg_hdr = stray_message(&text)};
    return result(sendmmsg(notify, &m, 1, 0));
}

static int
act_stray_connect(void) {
    return result(connect(notify, (struct sockaddr *)&told_name[1], sizeof(told_name[1])));
}

static int
act_copy_notify(void) {
    return result(fcntl(notify, F_DUPFD_CLOEXEC, 3));
}

static int
act_copy_other(void) {
    return result(fcntl(told[0], F_DUPFD_CLOEXEC, 3));
}

/* A descriptor that is sent to this process arrives as a copy of it. */
static int
act_receive_descriptor(void) {
    int pair[2];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
    struct iovec text = {(char[]){"x"}, 1};
    struct msghdr m = {.msg_iov = &text,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control.bytes)};
    memcpy(CMSG_DATA(&control.head), &notify, sizeof(notify));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return SETUP_FAILED;
    if (sendmsg(pair[0], &m, 0) != 1) return SETUP_FAILED;
    return result(recvmsg(pair[1], &m, 0));
}

/* Landlock does not hide that a path exists. */
static int
act_look_at_outside(void) {
    struct stat st;
    return result(stat("/etc/passwd", &st));
}

static int
act_socket_unix(void) {
    return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
act_mode_outside(void) {
    return result(fchmodat(AT_FDCWD, outside, 0600, 0));
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
                          sandbox_restrict_calls(outgoing, notify) != SANDBOX_ON))
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
    {"signal a thread of another process", act_signal_parent_thread, EPERM, EPERM},
    {"signal a thread of its own", act_signal_own_thread, WORKED, WORKED},
    {"let the kernel signal another process", act_signal_by_descriptor, EPERM, EPERM},
    {"widen a pipe", act_widen_pipe, WORKED, WORKED},
    {"priority of another process", act_slow_parent, EPERM, EPERM},
    {"priority of its own thread", act_slow_own_thread, WORKED, WORKED},
    {"limits of another process", act_limits_of_parent, EPERM, EPERM},
    {"a pair of datagram sockets", act_datagram_pair, EPERM, EPERM},
    {"a pair of packet sockets", act_packet_pair, EPERM, EPERM},
    {"unix socket", act_socket_unix, EPERM, EPERM},
    {"tell systemd something", act_notify, WORKED, WORKED},
    {"sendto another datagram socket", act_stray_sendto, EPERM, EPERM},
    {"sendmsg to another datagram socket", act_stray_sendmsg, EPERM, EPERM},
    {"the same in a longer number", act_stray_sendmsg_longer, EPERM, EPERM},
    {"sendmmsg to another datagram socket", act_stray_sendmmsg, EPERM, EPERM},
    {"connect to another datagram socket", act_stray_connect, EPERM, EPERM},
    {"copy the notify socket", act_copy_notify, EPERM, EPERM},
    {"copy another descriptor", act_copy_other, EPERM, EPERM},
    {"receive a descriptor", act_receive_descriptor, EPERM, EPERM},
    {"look at another path", act_look_at_outside, WORKED, WORKED},
    {"mode of a file outside", act_mode_outside, EPERM, EPERM},
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

/* Make the sockets of systemd and of somebody else, and connect to the first. */
static bool
make_notify_socket(void) {
    notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < 2; i++) {
        told[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        told_name[i] = (struct sockaddr_un){.sun_family = AF_UNIX};
        (void)snprintf(told_name[i].sun_path, sizeof(told_name[i].sun_path), "%s-%d", outside, i);
        if (bind(told[i], (struct sockaddr *)&told_name[i], sizeof(told_name[i])) != 0)
            return false;
    }
    return connect(notify, (struct sockaddr *)&told_name[0], sizeof(told_name[0])) == 0;
}

static int
kernel_can(void) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(restrict_paths(false) == SANDBOX_ON &&
                      sandbox_restrict_calls(false, notify) == SANDBOX_ON
                  ? 0
                  : 1);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_left)};
    if (mkdtemp(data_dir) == NULL) return 1;
    int file = mkstemp(outside);
    if (file < 0) return 1;
    (void)close(file);
    if (!make_notify_socket()) return 1;
    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int failed = 0;
    if (kernel_can()) failed = cmocka_run_group_tests(tests, NULL, NULL);
    else print_message("SKIP sandbox: this kernel has no Landlock or no seccomp\n");
    (void)rmdir(data_dir);
    (void)unlink(outside);
    for (int i = 0; i < 2; i++)
        (void)unlink(told_name[i].sun_path);
    return failed;
}
