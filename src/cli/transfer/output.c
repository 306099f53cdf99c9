/* SPDX-License-Identifier: MIT */
#include "cli/transfer/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/utf8.h"
#include "cli/local/lockfile.h"
#include "cli/local/name.h"
#include "cli/terminal/say.h"
#include "cli/terminal/terminal.h"

enum { VARIANTS_MAX = 1000, SHOWN_MAX = 4 * OUTPUT_TEXT_MAX };

static bool
is_folder(const char *path) {
    struct stat st;
    size_t len = strlen(path);
    return (len > 0 && path[len - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static enum cli_exit
too_long(const char *path) {
    say_error("the path of the file is too long: %.64s...", path);
    say_hint("Name a shorter one with --output, then run the command again.");
    return CLI_USAGE;
}

enum cli_exit
output_check(const struct cli *cli) {
    const char *path = cli->opt.output;
    char folder[OUTPUT_PATH_MAX];
    if (path == NULL || strcmp(path, "-") == 0) return CLI_DONE;
    bool file = !is_folder(path);
    if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder)) return too_long(path);
    const char *into = file ? dirname(folder) : path;
    if (access(into, W_OK) != 0) {
        say_error("cannot write into %s: %s", into, strerror(errno));
        say_hint("Name another place with --output. The secret was not touched.");
        return CLI_USAGE;
    }
    struct stat st;
    bool there = file && stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        /* Renamed over /dev/null, a file would take its place. */
        say_error("%s is not a plain file", path);
        say_hint("Use --output - and send standard output there. The secret was not touched.");
        return CLI_EXISTS;
    }
    if (there && !cli->opt.force) {
        say_error("%s exists", path);
        say_hint("Name another with --output, or overwrite it with --force. The secret was not "
                 "touched.");
        return CLI_EXISTS;
    }
    return CLI_DONE;
}

static enum output_kind
choose_kind(const struct cli *cli, const struct envelope_meta *meta) {
    const char *path = cli->opt.output;
    bool shown = !meta->is_file && meta->size <= OUTPUT_TEXT_MAX;
    if (path != NULL) return strcmp(path, "-") == 0 ? OUTPUT_STDOUT : OUTPUT_FILE;
    if (cli->opt.json) return shown ? OUTPUT_TEXT : OUTPUT_FILE;
    if (!isatty(STDOUT_FILENO)) return OUTPUT_STDOUT;
    return shown ? OUTPUT_TEXT : OUTPUT_FILE;
}

/* Set o->path: what --output says, or the sender's name, which is hostile, in its folder.  Returns
 * whether it fits; what is cut off would be another file. */
static bool
choose_path(const struct cli *cli, struct output *o, const struct envelope_meta *meta) {
    char name[NAME_LEN_MAX + 1];
    const char *given = cli->opt.output;
    if (given != NULL && !is_folder(given))
        return snprintf(o->path, sizeof(o->path), "%s", given) < (int)sizeof(o->path);
    if (meta->is_file) name_sanitise(meta->name, meta->name_len, name);
    else memcpy(name, "secret.txt", sizeof("secret.txt"));
    const char *slash = given == NULL || given[strlen(given) - 1] == '/' ? "" : "/";
    int n = snprintf(o->path, sizeof(o->path), "%s%s%s", given == NULL ? "" : given, slash, name);
    return n < (int)sizeof(o->path);
}

/* Go on with ${path}, which an earlier run left; only our own plain file will do, on the file
 * system where it is to get its name, and that no other run is at. */
static int
open_again(struct output *o, const char *path) {
    char folder[OUTPUT_PATH_MAX];
    struct stat st, there;
    (void)snprintf(folder, sizeof(folder), "%s", o->path);
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return -1;
    int err = lockfile_lock(fd, path);
    o->elsewhere = err == ERR_BUSY || err == ERR_NO_LOCK;
    if (err == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        stat(dirname(folder), &there) == 0 && st.st_dev == there.st_dev) {
        (void)snprintf(o->temp, sizeof(o->temp), "%s", path);
        return fd;
    }
    (void)close(fd);
    return -1;
}

static int
open_new(struct output *o) {
    char folder[OUTPUT_PATH_MAX];
    (void)snprintf(folder, sizeof(folder), "%s", o->path);
    int n = snprintf(o->temp, sizeof(o->temp), "%s/.secrets-XXXXXX.part", dirname(folder));
    if (n >= (int)sizeof(o->temp)) return -1;
    int fd = mkostemps(o->temp, (int)strlen(".part"), O_CLOEXEC);
    if (fd < 0) o->temp[0] = '\0';
    /* Nobody knows the name yet; where there are no locks, nobody goes on with it either. */
    else (void)!lockfile_lock(fd, o->temp);
    return fd;
}

enum cli_exit
output_begin(struct cli *cli, struct output *o, const struct envelope_meta *meta,
             const char *again) {
    *o = (struct output){.kind = choose_kind(cli, meta),
                         .begun = true,
                         .force = cli->opt.force,
                         .fd = -1,
                         .text = BUF_INIT(OUTPUT_TEXT_MAX)};
    if (o->kind == OUTPUT_STDOUT) o->fd = STDOUT_FILENO;
    if (o->kind != OUTPUT_FILE) return CLI_DONE;
    if (!choose_path(cli, o, meta)) return too_long(o->path);
    if (again != NULL) o->fd = open_again(o, again);
    if (o->fd < 0) o->fd = open_new(o);
    if (o->fd >= 0) return CLI_DONE;
    say_error("cannot write beside %s: %s", o->path, strerror(errno));
    say_hint("Name another place with --output, then run the command again.");
    return CLI_FAILED;
}

uint64_t
output_have(const struct output *o) {
    struct stat st;
    if (o->kind != OUTPUT_FILE || fstat(o->fd, &st) != 0) return 0;
    return (uint64_t)st.st_size;
}

static ssize_t
write_some(struct output *o, uint64_t offset, const uint8_t *data, size_t len) {
    return o->kind == OUTPUT_FILE ? pwrite(o->fd, data, len, (off_t)offset)
                                  : write(o->fd, data, len);
}

static void
complain_write(const struct output *o) {
    if (o->kind == OUTPUT_FILE) {
        say_error("cannot write %s: %s", o->path, strerror(errno));
        say_hint("Make room or name another place with --output, then run the same command again.");
    } else {
        say_error("cannot write to standard output: %s", strerror(errno));
        say_hint("See where the output goes, then run the same command again.");
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

/* Rename without ever replacing a file.  Returns whether it worked; errno tells. */
static bool
rename_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    return link(from, to) == 0 && unlink(from) == 0; /* file systems without that flag */
}

/* Give the file its name, or the next one that is free. */
static bool
take_name(struct output *o) {
    char folder[OUTPUT_PATH_MAX], wanted[NAME_LEN_MAX + 1], name[NAME_LEN_MAX + 1];
    if (o->force) return rename(o->temp, o->path) == 0;
    if (rename_new(o->temp, o->path)) return true;
    (void)snprintf(wanted, sizeof(wanted), "%s", name_of_path(o->path));
    (void)snprintf(folder, sizeof(folder), "%s", o->path);
    folder[strlen(o->path) - strlen(name_of_path(o->path))] = '\0';
    for (unsigned n = 1; errno == EEXIST && n <= VARIANTS_MAX; n++) {
        name_variant(wanted, n, name);
        int len = snprintf(o->path, sizeof(o->path), "%s%s", folder, name);
        if (len < (int)sizeof(o->path) && rename_new(o->temp, o->path)) return true;
    }
    return false;
}

static void
sync_folder(const char *path) {
    char folder[OUTPUT_PATH_MAX];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

static enum cli_exit
finish_file(struct output *o, const struct envelope_meta *meta) {
    /* An earlier run may have gone further than the content: never, unless the file was changed. */
    bool ok = ftruncate(o->fd, (off_t)meta->size) == 0 && fsync(o->fd) == 0;
    /* The lock is held until the file has its name: no other run takes it up in between. */
    if (ok && take_name(o)) {
        o->temp[0] = '\0';
        (void)close(o->fd);
        o->fd = -1;
        sync_folder(o->path);
        return CLI_DONE;
    }
    say_error("cannot finish %s: %s", o->path, strerror(errno));
    say_hint("Name another place with --output, then run the same command again.");
    return errno == EEXIST ? CLI_EXISTS : CLI_FAILED;
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
print_json(const struct output *o, const struct envelope_meta *meta) {
    json_t *json = json_object();
    bool text = o->kind == OUTPUT_TEXT;
    bool ok = json_object_set_new(json, "size", json_integer((json_int_t)meta->size)) == 0;
    if (ok && text && utf8_valid((const char *)o->text.data, o->text.len))
        ok = json_object_set_new(json, "text",
                                 json_stringn((const char *)o->text.data, o->text.len)) == 0;
    if (ok && meta->is_file)
        ok = json_object_set_new(json, "name", json_stringn(meta->name, meta->name_len)) == 0;
    if (ok && o->kind == OUTPUT_FILE)
        ok = json_object_set_new(json, "path", json_string(o->path)) == 0;
    if (ok) return cli_print_json(json);
    json_decref(json);
    return cli_print_json(NULL);
}

enum cli_exit
output_finish(struct cli *cli, struct output *o, const struct envelope_meta *meta) {
    enum cli_exit status = CLI_DONE;
    if (o->kind == OUTPUT_FILE) status = finish_file(o, meta);
    else if (o->kind == OUTPUT_TEXT && !cli->opt.json) status = show_text(o);
    if (status != CLI_DONE) return status;
    if (cli->opt.json && o->kind != OUTPUT_STDOUT) return print_json(o, meta);
    if (o->kind == OUTPUT_FILE) say_note("Saved as %s", o->path);
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
