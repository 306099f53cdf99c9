/* SPDX-License-Identifier: MIT */
#include "cli/transfer/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/utf8.h"
#include "cli/local/lockfile.h"
#include "cli/local/name.h"
#include "cli/terminal/say.h"
#include "cli/terminal/terminal.h"

enum {
    VARIANTS_MAX = 1000,
    SHOWN_MAX = 4 * OUTPUT_TEXT_MAX,
    NAME_SHOWN_MAX = 2048,
    PIPE_SIZE = 1024 * 1024,
};

bool
output_is_directory(const char *path) {
    struct stat st;
    size_t len = strlen(path);
    if (len > 0 && path[len - 1] == '/') return true;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum cli_exit
complain_path_too_long(const char *path) {
    say_error("the path of the file is too long: %.64s...", path);
    say_hint("Name a shorter one with --output, then run the command again.");
    return CLI_USAGE;
}

/* Check that a file called ${path} can be created, or replaced with --force. */
static enum cli_exit
check_output_file(const struct cli *cli, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) return CLI_DONE;

    /* Renaming a file to /dev/null would replace the device. */
    if (!S_ISREG(st.st_mode)) {
        say_error("%s is not a regular file", path);
        say_hint("Use --output - and redirect standard output. The secret was not touched.");
        return CLI_EXISTS;
    }
    if (cli->opt.force) return CLI_DONE;

    say_error("%s exists", path);
    if (cli->opt.of_request)
        say_hint("Name another file or a directory with --output. No answer was opened.");
    else
        say_hint("Name another file with --output, or overwrite it with --force. The secret was "
                 "not touched.");
    return CLI_EXISTS;
}

enum cli_exit
output_check(const struct cli *cli) {
    const char *path = cli->opt.output;
    char copy[OUTPUT_PATH_MAX];
    if (path == NULL || strcmp(path, "-") == 0) return CLI_DONE;
    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
        return complain_path_too_long(path);

    /* A directory that is missing is made later, in the one above it. */
    bool is_file = !output_is_directory(path);
    bool is_missing = !is_file && access(path, F_OK) != 0 && errno == ENOENT;
    const char *directory = path;
    if (is_file || is_missing) directory = dirname(copy);
    if (access(directory, W_OK | X_OK) != 0) {
        say_error("cannot write into %s: %s", directory, strerror(errno));
        say_hint("Name another place with --output. The secret was not touched.");
        return CLI_USAGE;
    }
    if (is_file) return check_output_file(cli, path);
    return CLI_DONE;
}

static enum output_kind
choose_output_kind(const struct cli *cli, const struct envelope_meta *meta) {
    const char *path = cli->opt.output;
    if (path != NULL) return strcmp(path, "-") == 0 ? OUTPUT_STDOUT : OUTPUT_FILE;
    if (!cli->opt.json && !isatty(STDOUT_FILENO)) return OUTPUT_STDOUT;

    bool printable = !meta->is_file && meta->size <= OUTPUT_TEXT_MAX;
    if (printable) return OUTPUT_TEXT;
    return OUTPUT_FILE;
}

/* Set o->path to --output, or to the name from the sender, which is not trusted, in that directory.
 * Returns whether it fits: a path that was cut off would be another file. */
static bool
choose_output_path(const struct cli *cli, struct output *o, const struct envelope_meta *meta) {
    char name[NAME_LEN_MAX + 1] = "secret.txt";
    const char *given = cli->opt.output;
    if (given != NULL && !output_is_directory(given))
        return snprintf(o->path, sizeof(o->path), "%s", given) < (int)sizeof(o->path);

    if (meta->is_file) name_sanitise(meta->name, meta->name_len, name);
    int n;
    if (given == NULL) n = snprintf(o->path, sizeof(o->path), "%s", name);
    else if (given[strlen(given) - 1] == '/')
        n = snprintf(o->path, sizeof(o->path), "%s%s", given, name);
    else n = snprintf(o->path, sizeof(o->path), "%s/%s", given, name);
    return n < (int)sizeof(o->path);
}

/* Return whether the open file ${fd} is our own regular file, in the file system of o->path. */
static bool
is_own_file_near(int fd, const struct output *o) {
    char copy[OUTPUT_PATH_MAX];
    struct stat st, directory;
    (void)snprintf(copy, sizeof(copy), "%s", o->path);
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           stat(dirname(copy), &directory) == 0 && st.st_dev == directory.st_dev;
}

void
output_note_left(const char *path) {
    struct stat st;
    if (lstat(path, &st) != 0) return;
    say_note("Note: the unfinished file %s cannot be continued, so the download begins anew. It "
             "may hold content of the secret. Delete it if nobody needs it.",
             path);
}

/* Open the unfinished file ${path} of an earlier run, unless another process has it.  Returns the
 * descriptor or -1. */
static int
open_unfinished(struct output *o, const char *path) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        output_note_left(path);
        return -1;
    }

    int err = lockfile_lock(fd, path);
    o->elsewhere = err == ERR_BUSY || err == ERR_NO_LOCK;
    if (err == 0 && is_own_file_near(fd, o)) {
        (void)snprintf(o->temp, sizeof(o->temp), "%s", path);
        return fd;
    }
    if (err == ERR_CONFLICT) output_note_left(path);
    (void)close(fd);
    return -1;
}

/* Name an unfinished file in the directory of o->path.  Returns whether the name fits. */
static bool
name_unfinished(const struct cli *cli, struct output *o) {
    char copy[OUTPUT_PATH_MAX];
    uint64_t number;
    (void)snprintf(copy, sizeof(copy), "%s", o->path);
    random_fill(cli->random, &number, sizeof(number));
    int n = snprintf(o->temp, sizeof(o->temp), "%s/.secrets-%016" PRIx64 ".part", dirname(copy),
                     number);
    return n < (int)sizeof(o->temp);
}

enum cli_exit
output_begin(struct cli *cli, struct output *o, const struct envelope_meta *meta,
             const char *again) {
    *o = (struct output){
        .kind = choose_output_kind(cli, meta),
        .begun = true,
        .force = cli->opt.force,
        .in_directory = cli->opt.output != NULL && output_is_directory(cli->opt.output),
        .fd = -1,
        .text = BUF_INIT(OUTPUT_TEXT_MAX),
    };
    if (o->kind == OUTPUT_STDOUT) {
        o->fd = STDOUT_FILENO;
        (void)fcntl(o->fd, F_SETPIPE_SZ, PIPE_SIZE); /* fewer waits for the reader of a pipe */
    }
    if (o->kind != OUTPUT_FILE) return CLI_DONE;

    if (!choose_output_path(cli, o, meta)) return complain_path_too_long(o->path);
    if (again != NULL) o->fd = open_unfinished(o, again);
    if (o->fd < 0 && !name_unfinished(cli, o)) return complain_path_too_long(o->path);
    return CLI_DONE;
}

/* Make the directory of o->path if --output names one that is missing.  Returns whether it is
 * there, with errno. */
static bool
make_output_directory(const struct output *o) {
    char copy[OUTPUT_PATH_MAX];
    if (!o->in_directory) return true;
    (void)snprintf(copy, sizeof(copy), "%s", o->path);
    return mkdir(dirname(copy), 0700) == 0 || errno == EEXIST;
}

enum cli_exit
output_create(struct output *o) {
    if (o->kind != OUTPUT_FILE || o->fd >= 0) return CLI_DONE;
    if (make_output_directory(o))
        o->fd = open(o->temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (o->fd < 0) {
        o->temp[0] = '\0';
        say_error("cannot write next to %s: %s", o->path, strerror(errno));
        say_hint("Name another place with --output, then run the command again.");
        return CLI_FAILED;
    }

    /* No other process writes to it yet.  Without lock support none will continue it either. */
    (void)!lockfile_lock(o->fd, o->temp);
    return CLI_DONE;
}

uint64_t
output_have(const struct output *o) {
    struct stat st;
    if (o->kind != OUTPUT_FILE || fstat(o->fd, &st) != 0) return 0;
    return (uint64_t)st.st_size;
}

static ssize_t
write_some(struct output *o, uint64_t offset, const uint8_t *data, size_t len) {
    if (o->kind == OUTPUT_FILE) return pwrite(o->fd, data, len, (off_t)offset);
    return write(o->fd, data, len);
}

static void
complain_write(const struct output *o) {
    if (o->kind == OUTPUT_FILE) {
        say_error("cannot write %s: %s", o->path, strerror(errno));
        say_hint("Free some space or name another place with --output, then run the same command "
                 "again.");
    } else {
        say_error("cannot write to standard output: %s", strerror(errno));
        say_hint("Check where the output goes, then run the same command again.");
    }
}

int
output_write(struct output *o, uint64_t offset, const uint8_t *data, size_t len) {
    if (o->kind == OUTPUT_TEXT) return buf_add(&o->text, data, len) == 0 ? 0 : ERR_IO;

    while (len > 0) {
        ssize_t n = write_some(o, offset, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            complain_write(o);
            return ERR_IO;
        }
        data += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/*
 * Rename without replacing a file.  Returns whether it worked, with errno.  A file system that
 * neither has that flag nor hard links (vboxsf, some of FUSE) gets an empty file of that name,
 * which nobody else has, and has it replaced.
 */
static bool
rename_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return false;
    if (link(from, to) == 0) return unlink(from) == 0;
    if (errno == EEXIST) return false;

    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    (void)close(fd);
    if (rename(from, to) == 0) return true;

    /* What never replaces a file needs no empty one. */
    int saved_errno = errno;
    (void)unlink(to);
    if (saved_errno == EEXIST) return rename(from, to) == 0;
    errno = saved_errno;
    return false;
}

/* Rename the unfinished file to o->path, or to the next variant of it that is free.  Returns
 * whether it worked, with errno. */
static bool
take_free_name(struct output *o) {
    char directory[OUTPUT_PATH_MAX], wanted[NAME_LEN_MAX + 1], name[NAME_LEN_MAX + 1];
    if (o->force) return rename(o->temp, o->path) == 0;
    if (rename_new(o->temp, o->path)) return true;

    (void)snprintf(wanted, sizeof(wanted), "%s", name_of_path(o->path));
    (void)snprintf(directory, sizeof(directory), "%s", o->path);
    directory[strlen(o->path) - strlen(name_of_path(o->path))] = '\0';
    for (unsigned n = 1; errno == EEXIST && n <= VARIANTS_MAX; n++) {
        name_variant(wanted, n, name);
        int len = snprintf(o->path, sizeof(o->path), "%s%s", directory, name);
        if (len < (int)sizeof(o->path) && rename_new(o->temp, o->path)) return true;
    }
    return false;
}

/* Flush the directory of ${path}, so that its new name survives a power loss. */
static void
sync_directory_of(const char *path) {
    char copy[OUTPUT_PATH_MAX];
    (void)snprintf(copy, sizeof(copy), "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

/* Flush the file.  Returns whether it worked, with errno.  Not every file system can. */
static bool
sync_output_file(const struct output *o) {
    if (fsync(o->fd) == 0) return true;
    return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
}

/* Leave the whole file under the name that it has: its view may have been the last one. */
static void
keep_temporary_name(struct output *o) {
    say_note("Note: the file cannot be called %s: %s", o->path, strerror(errno));
    memcpy(o->path, o->temp, sizeof(o->path));
    o->nameless = true;
}

static enum cli_exit
finish_output_file(struct output *o, const struct envelope_meta *meta) {
    /* The file is longer than the content only if somebody else wrote to it. */
    if (ftruncate(o->fd, (off_t)meta->size) != 0 || !sync_output_file(o)) {
        say_error("cannot finish %s: %s", o->path, strerror(errno));
        say_hint("Name another place with --output, then run the same command again.");
        return CLI_FAILED;
    }

    /* The lock is held until the file has its name, so that no other process continues it.  Some
     * hosts of virtual machines rename no open file. */
    bool named = take_free_name(o);
    (void)close(o->fd);
    o->fd = -1;
    if (!named && !take_free_name(o)) keep_temporary_name(o);
    o->temp[0] = '\0';
    sync_directory_of(o->path);
    return CLI_DONE;
}

static enum cli_exit
show_text(struct output *o) {
    struct buf shown = BUF_INIT(SHOWN_MAX);
    int err = terminal_escape(o->text.data, o->text.len, &shown);
    if (err == 0 && shown.len > 0 && shown.data[shown.len - 1] != '\n')
        err = buf_add_byte(&shown, '\n');

    enum cli_exit status = err == 0 ? cli_print(&shown) : CLI_FAILED;
    buf_free(&shown);
    return status;
}

static enum cli_exit
print_output_json(const struct output *o, const struct envelope_meta *meta) {
    const char *text = (const char *)o->text.data;
    if (o->text.len == 0) text = "";
    bool is_text = o->kind == OUTPUT_TEXT && utf8_valid(text, o->text.len);
    json_t *json = json_object();

    bool ok = json_object_set_new(json, "size", json_integer((json_int_t)meta->size)) == 0;
    if (ok && is_text) ok = json_object_set_new(json, "text", json_stringn(text, o->text.len)) == 0;
    if (ok && meta->is_file)
        ok = json_object_set_new(json, "name", json_stringn(meta->name, meta->name_len)) == 0;
    if (ok && o->kind == OUTPUT_FILE)
        ok = json_object_set_new(json, "path", json_string(o->path)) == 0;

    if (ok) return cli_print_json(json);
    json_decref(json);
    return cli_print_json(NULL);
}

/* If the file was saved under another name than that of the sender, such as "_env" for ".env", say
 * what that is. */
static void
note_other_name(const struct cli *cli, const struct envelope_meta *meta) {
    char name[NAME_LEN_MAX + 1];
    struct buf shown = BUF_INIT(NAME_SHOWN_MAX);
    const char *given = cli->opt.output;
    if (!meta->is_file || (given != NULL && !output_is_directory(given))) return;

    /* The directories before the last component tell nothing. */
    name_sanitise(meta->name, meta->name_len, name);
    size_t len = strlen(name);
    bool same = len <= meta->name_len && memcmp(meta->name + meta->name_len - len, name, len) == 0;
    if (!same && terminal_escape((const uint8_t *)meta->name, meta->name_len, &shown) == 0) {
        for (size_t i = 0; i < shown.len; i++)
            if (shown.data[i] == '\n' || shown.data[i] == '\t') shown.data[i] = '?';
        say_note("The sender calls it %s", buf_text(&shown));
    }
    buf_free(&shown);
}

enum cli_exit
output_finish(struct cli *cli, struct output *o, const struct envelope_meta *meta) {
    enum cli_exit status = CLI_DONE;
    if (o->kind == OUTPUT_FILE) status = finish_output_file(o, meta);
    else if (o->kind == OUTPUT_TEXT && !cli->opt.json) status = show_text(o);
    if (status != CLI_DONE) return status;

    if (cli->opt.json && o->kind != OUTPUT_STDOUT) return print_output_json(o, meta);
    if (o->kind == OUTPUT_FILE) say_note("Saved as %s", o->path);
    if (o->kind == OUTPUT_FILE && !o->nameless) note_other_name(cli, meta);
    return CLI_DONE;
}

void
output_drop(struct output *o, bool keep) {
    if (!o->begun) return;
    if (o->temp[0] != '\0' && !keep) (void)unlink(o->temp);
    if (o->kind == OUTPUT_FILE && o->fd >= 0) (void)close(o->fd);
    buf_free(&o->text);
    o->begun = false;
}
