/* SPDX-License-Identifier: MIT */
#include "server/process/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#define PATH_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define PATH_WRITE                                                                                 \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)

/* Every right that version 1 of the interface knows: what is handled and not allowed is denied. */
#define PATH_ALL_V1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* Rights of later versions, by number: the headers of Debian 12 do not name them all. */
#define PATH_REFER    (UINT64_C(1) << 13) /* version 2: move between directories */
#define PATH_TRUNCATE (UINT64_C(1) << 14) /* version 3 */

/* What connections to other services read: host names, CA certificates. */
static const char *const outgoing_paths[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/ssl",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/run/systemd/resolve",
    "/etc/host.conf",
    "/etc/services",
    "/usr/local/share/ca-certificates",
};

static uint64_t
handled_rights(long abi) {
    uint64_t rights = PATH_ALL_V1;
    if (abi >= 2) rights |= PATH_REFER;
    if (abi >= 3) rights |= PATH_TRUNCATE;
    return rights;
}

/* Let ${ruleset} allow ${rights} below ${path}.  Returns 0 also if there is no such path. */
static int
allow_path(int ruleset, const char *path, uint64_t rights) {
    struct landlock_path_beneath_attr rule = {.allowed_access = rights};
    if (path == NULL) return 0;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : ERR_IO;
    long err = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    if (err != 0 && errno == EINVAL) { /* a file, which has no rights of directories */
        rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;
        err = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    close(rule.parent_fd);
    return err == 0 ? 0 : ERR_IO;
}

static int
allow_paths(int ruleset, const struct sandbox_paths *paths, uint64_t handled) {
    uint64_t later = handled & (PATH_REFER | PATH_TRUNCATE);
    int err = allow_path(ruleset, paths->data_dir, PATH_READ | PATH_WRITE | later);
    for (int i = 0; i < SANDBOX_SOCKETS && err == 0; i++)
        err = allow_path(ruleset, paths->socket_dirs[i], LANDLOCK_ACCESS_FS_REMOVE_FILE);
    for (size_t i = 0; paths->outgoing && err == 0 && i < ARRAY_LEN(outgoing_paths); i++)
        err = allow_path(ruleset, outgoing_paths[i], PATH_READ);
    for (size_t i = 0; err == 0 && i < SANDBOX_READABLE_MAX; i++)
        err = allow_path(ruleset, paths->readable[i], LANDLOCK_ACCESS_FS_READ_FILE);
    return err;
}

int
sandbox_restrict_paths(const struct sandbox_paths *paths) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) return SANDBOX_UNSUPPORTED;

    /* Everything that this kernel can deny is denied, but for the paths. */
    struct landlock_ruleset_attr attr = {.handled_access_fs = handled_rights(abi)};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0) return ERR_IO;
    int err = allow_paths(ruleset, paths, attr.handled_access_fs);
    if (err == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                     syscall(SYS_landlock_restrict_self, ruleset, 0) != 0))
        err = ERR_IO;
    close(ruleset);
    return err == 0 ? SANDBOX_ON : err;
}

/*
 * What serving needs, and nothing that starts programs, watches others or changes the system.  What
 * can be given an object of somebody else (a process, a socket, a file by its path) is either bound
 * to an argument below or reaches only what Landlock left.
 */
/* clang-format off */
static const int allowed_calls[] = {
    /* data on descriptors */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg), SCMP_SYS(splice),

    /* files below the directories that Landlock leaves */
    SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(stat),
    SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
    SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rmdir), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
    SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64),
    SCMP_SYS(flock), SCMP_SYS(getcwd), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(fchmod),
    SCMP_SYS(umask), SCMP_SYS(pipe2),

    /* connections that were accepted */
    SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),

    /* waiting */
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(eventfd2),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(futex),

    /* memory, which is never executable (below) */
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(mlock),
    SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(msync),

    /* threads and the process itself */
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(gettid),
    SCMP_SYS(getpid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(sysinfo),
    SCMP_SYS(uname), SCMP_SYS(getrandom), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(membarrier), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};
/* clang-format on */

/* Calls that only an attacker makes: the process ends at the first. */
static const int hostile_calls[] = {SCMP_SYS(execve),
                                    SCMP_SYS(execveat),
                                    SCMP_SYS(ptrace),
                                    SCMP_SYS(process_vm_readv),
                                    SCMP_SYS(process_vm_writev),
                                    SCMP_SYS(fork),
                                    SCMP_SYS(vfork),
                                    SCMP_SYS(mount),
                                    SCMP_SYS(setns),
                                    SCMP_SYS(unshare),
                                    SCMP_SYS(bpf),
                                    SCMP_SYS(init_module),
                                    SCMP_SYS(finit_module),
                                    SCMP_SYS(kexec_load),
                                    SCMP_SYS(userfaultfd),
                                    SCMP_SYS(perf_event_open),
                                    SCMP_SYS(keyctl),
                                    SCMP_SYS(memfd_create)};

static int
add_plain_calls(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (calls[i] < 0) continue; /* unknown on this architecture */
        if (seccomp_rule_add(ctx, action, calls[i], 0) != 0) return ERR_IO;
    }
    return 0;
}

/* What an argument must be: argument ${arg} under ${mask} is ${value}. */
struct condition {
    unsigned arg;
    uint64_t mask, value;
};

/* A call that is allowed where its one or two conditions hold. */
struct guarded_call {
    int call;
    struct condition first, second; /* a second with mask 0 always holds */
};

/* The flags of pthread_create(3), and those of them that keep a new task inside this process. */
#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |            \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define THREAD_NEEDS (CLONE_THREAD | CLONE_VM)

#define WHOLE        UINT64_MAX
#define DESCRIPTOR   UINT32_MAX /* the kernel reads 32 bits of a descriptor */
#define SOCK_TYPE    (~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK)) /* a type without its flags */

/* clang-format off */
static const struct guarded_call guarded_calls[] = {
    /* Memory is never executable. */
    {SCMP_SYS(mmap), {2, PROT_EXEC, 0}, {0}},
    {SCMP_SYS(mprotect), {2, PROT_EXEC, 0}, {0}},

    /* A new task is a thread of this process. */
    {SCMP_SYS(clone), {0, ~(uint64_t)THREAD_FLAGS | THREAD_NEEDS, THREAD_NEEDS}, {0}},
    {SCMP_SYS(prctl), {0, WHOLE, PR_SET_NAME}, {0}},
    {SCMP_SYS(prctl), {0, WHOLE, PR_SET_VMA}, {0}},

    /* Priorities of the calling thread, and limits of this process, which are only read. */
    {SCMP_SYS(getpriority), {0, WHOLE, PRIO_PROCESS}, {1, WHOLE, 0}},
    {SCMP_SYS(setpriority), {0, WHOLE, PRIO_PROCESS}, {1, WHOLE, 0}},
    {SCMP_SYS(prlimit64), {0, WHOLE, 0}, {2, WHOLE, 0}},

    /* A socket sends to the peer that it is connected to, never to an address. */
    {SCMP_SYS(sendto), {4, WHOLE, 0}, {0}},

    /* A pair of sockets that reaches nobody else: a datagram socket could name another one. */
    {SCMP_SYS(socketpair), {0, WHOLE, AF_UNIX}, {1, SOCK_TYPE, SOCK_STREAM}},

    /* No terminal or device: only what makes a socket non-blocking and counts its unread bytes. */
    {SCMP_SYS(ioctl), {1, WHOLE, FIONBIO}, {0}},
    {SCMP_SYS(ioctl), {1, WHOLE, FIONREAD}, {0}},

    /* Flags, locks and the room of a pipe; never F_SETOWN, with which the kernel signals any
     * process, and no copies, which could pass a rule for one descriptor. */
    {SCMP_SYS(fcntl), {1, WHOLE, F_GETFD}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_SETFD}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_GETFL}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_SETFL}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_GETLK}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_SETLK}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_SETLKW}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_OFD_GETLK}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_OFD_SETLK}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_OFD_SETLKW}, {0}},
    {SCMP_SYS(fcntl), {1, WHOLE, F_SETPIPE_SZ}, {0}},
};

/* Connections to other services: never a unix socket, which would reach others on this machine. */
static const struct guarded_call outgoing_guarded[] = {
    {SCMP_SYS(socket), {0, WHOLE, AF_INET}, {1, SOCK_TYPE, SOCK_STREAM}},
    {SCMP_SYS(socket), {0, WHOLE, AF_INET}, {1, SOCK_TYPE, SOCK_DGRAM}},
    {SCMP_SYS(socket), {0, WHOLE, AF_INET6}, {1, SOCK_TYPE, SOCK_STREAM}},
    {SCMP_SYS(socket), {0, WHOLE, AF_INET6}, {1, SOCK_TYPE, SOCK_DGRAM}},
};
/* clang-format on */

static const int outgoing_calls[] = {SCMP_SYS(connect), SCMP_SYS(sendmmsg)};

static struct scmp_arg_cmp
compare(const struct condition *c) {
    return (struct scmp_arg_cmp){
        .arg = c->arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = c->mask, .datum_b = c->value};
}

static int
add_guarded(scmp_filter_ctx ctx, const struct guarded_call *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct guarded_call *g = &calls[i];
        unsigned conditions = g->second.mask == 0 ? 1 : 2;
        int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, g->call, conditions, compare(&g->first),
                                   compare(&g->second));
        if (err != 0) return ERR_IO;
    }
    return 0;
}

/* Signals go to threads of this process only. */
static int
add_own_signals(scmp_filter_ctx ctx) {
    struct guarded_call own = {SCMP_SYS(tgkill), {0, WHOLE, (uint64_t)getpid()}, {0}};
    return add_guarded(ctx, &own, 1);
}

static int
add_call_rules(scmp_filter_ctx ctx, bool outgoing) {
    int err = add_plain_calls(ctx, SCMP_ACT_ALLOW, allowed_calls, ARRAY_LEN(allowed_calls));
    if (err == 0) err = add_own_signals(ctx);
    if (err == 0)
        err = add_plain_calls(ctx, SCMP_ACT_KILL_PROCESS, hostile_calls, ARRAY_LEN(hostile_calls));
    if (err == 0) err = add_guarded(ctx, guarded_calls, ARRAY_LEN(guarded_calls));

    /* Its flags are in memory, where no filter can look; the C library then uses clone. */
    if (err == 0 && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0)
        err = ERR_IO;
    if (err != 0 || !outgoing) return err;
    err = add_guarded(ctx, outgoing_guarded, ARRAY_LEN(outgoing_guarded));
    if (err == 0)
        err = add_plain_calls(ctx, SCMP_ACT_ALLOW, outgoing_calls, ARRAY_LEN(outgoing_calls));
    return err;
}

/* What would give a connected datagram socket another address. */
static const int redirecting_calls[] = {SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(connect)};

/* Refuse to redirect descriptor ${fd}. */
static int
add_redirect_rules(scmp_filter_ctx ctx, int fd) {
    const struct condition descriptor = {0, DESCRIPTOR, (uint32_t)fd};
    for (size_t i = 0; i < ARRAY_LEN(redirecting_calls); i++) {
        int err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), redirecting_calls[i], 1,
                                   compare(&descriptor));
        if (err != 0) return ERR_IO;
    }
    return 0;
}

/* Load ${ctx} for every thread and release it, unless ${err} is an error.  Returns a
 * sandbox_result, or ERR_IO. */
static int
load_filter(scmp_filter_ctx ctx, int err) {
    int loaded = 0;

    /* Threads that already run are restricted as well; rules are found by a binary search. */
    if (err == 0 && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) != 0) err = ERR_IO;
    (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (err == 0) loaded = seccomp_load(ctx);
    seccomp_release(ctx);
    if (err != 0) return err;
    if (loaded == -EINVAL || loaded == -ENOSYS) return SANDBOX_UNSUPPORTED;
    return loaded == 0 ? SANDBOX_ON : ERR_IO;
}

/* A filter of its own, which the kernel asks in addition: within one filter a rule that refuses
 * cannot make an exception of a rule that allows. */
static int
bind_descriptor(int fd) {
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    if (ctx == NULL) return ERR_IO;
    return load_filter(ctx, add_redirect_rules(ctx, fd));
}

int
sandbox_restrict_calls(bool outgoing, int datagram) {
    /* The exception first: the filter that follows refuses to load another one. */
    int result = SANDBOX_ON;
    if (datagram >= 0) result = bind_descriptor(datagram);
    if (result != SANDBOX_ON) return result;

    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (ctx == NULL) return ERR_IO;
    return load_filter(ctx, add_call_rules(ctx, outgoing));
}
