/* SPDX-License-Identifier: MIT */
#include "cli/wrap/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

enum { BLOCK = 4096, READ_END = 0, WRITE_END = 1 };

static void
close_end(int *fd) {
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* Start the program between two pipes.  Returns its process id, or ERR_CONFIG. */
static pid_t
spawn_between(const char *const argv[], int input, int output) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t plain;
    pid_t pid = ERR_CONFIG;
    if (posix_spawn_file_actions_init(&files) != 0) return ERR_CONFIG;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ERR_CONFIG;
    }

    /* This program ignores SIGPIPE, which a child would inherit. */
    (void)sigemptyset(&plain);
    (void)sigaddset(&plain, SIGPIPE);
    bool ready = posix_spawnattr_setsigdefault(&attributes, &plain) == 0 &&
                 posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) == 0 &&
                 posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO) == 0 &&
                 posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO) == 0;

    /* The child gets the environment of this program.  POSIX takes the arguments without const, and
     * does not change them. */
    char *const *arguments = (char *const *)(uintptr_t)argv;
    if (ready && posix_spawnp(&pid, argv[0], &files, &attributes, arguments, environ) != 0)
        pid = ERR_CONFIG;
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return pid;
}

/* Write ${in}, which the pipe holds whole.  A child that does not read it fails by itself. */
static void
write_input(int fd, const struct buf *in) {
    size_t sent = 0;
    while (sent < in->len) {
        ssize_t n = write(fd, in->data + sent, in->len - sent);
        if (n < 0 && errno != EINTR) return;
        if (n > 0) sent += (size_t)n;
    }
}

/* Append what comes until the end to ${out}. */
static int
read_output(int fd, struct buf *out) {
    uint8_t block[BLOCK];
    ssize_t n = 0;
    int err = 0;

    while (err == 0 && (n = read(fd, block, sizeof(block))) != 0) {
        if (n > 0) err = buf_add(out, block, (size_t)n);
        else if (errno != EINTR) err = ERR_IO;
    }
    explicit_bzero(block, sizeof(block));
    return err;
}

/* Wait for the end of ${pid}.  Returns its exit status, or ERR_IO. */
static int
wait_for_end(pid_t pid) {
    int state = 0;
    while (waitpid(pid, &state, 0) < 0)
        if (errno != EINTR) return ERR_IO;
    return WIFEXITED(state) ? WEXITSTATUS(state) : ERR_IO;
}

int
child_run(const char *const argv[], const struct buf *in, struct buf *out) {
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    size_t before = out->len;
    int result = ERR_IO, err = 0;
    if (in->len > CHILD_INPUT_MAX) return ERR_TOO_LARGE;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) goto out;

    result = ERR_CONFIG;
    pid_t pid = spawn_between(argv, input[READ_END], output[WRITE_END]);
    if (pid < 0) goto out;

    /* The child sees the end of its input, and this process that of the output. */
    close_end(&input[READ_END]);
    close_end(&output[WRITE_END]);
    write_input(input[WRITE_END], in);
    close_end(&input[WRITE_END]);
    err = read_output(output[READ_END], out);
    close_end(&output[READ_END]);
    result = wait_for_end(pid);
    if (err != 0) result = err;

out:
    for (int i = 0; i < 2; i++) {
        close_end(&input[i]);
        close_end(&output[i]);
    }
    if (result < 0 && out->len > before) {
        explicit_bzero(out->data + before, out->len - before);
        out->len = before;
    }
    return result;
}
