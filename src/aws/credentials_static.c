/* SPDX-License-Identifier: MIT */
/* Keys of the environment and of a profile file. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials_source.h"
#include "base/err.h"
#include "base/log.h"

enum { FILE_MAX = 256 * 1024, PATH_LEN = 4096 };

bool
aws_credentials_copy(const char *text, size_t len, char *out, size_t room) {
    if (len == 0 || len >= room) return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

/* Say why the file or variable ${what} is of no use. */
static int
refuse(const char *what, const char *reason) {
    log_warn("aws.credentials", LOG_TEXT("refused", what), LOG_TEXT("reason", reason));
    return ERR_STORE;
}

/* Append the open file ${fd} of ${len} bytes to ${out}, with no copy in a buffer that
 * nobody wipes. */
static bool
read_whole(int fd, size_t len, struct buf *out) {
    uint8_t *space = buf_space(out, len);
    size_t done = 0;
    while (space != NULL && done < len) {
        ssize_t n = read(fd, space + done, len - done);
        if (n == 0 || (n < 0 && errno != EINTR)) break;
        if (n > 0) done += (size_t)n;
    }
    out->len += done;
    return space != NULL && done == len;
}

int
aws_credentials_read_file(const char *path, struct buf *out) {
    struct stat st;
    size_t before = out->len;
    int err = 1, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return 0;
    if (fd < 0 || fstat(fd, &st) != 0) err = refuse(path, strerrordesc_np(errno));
    else if (!S_ISREG(st.st_mode)) err = refuse(path, "it is no file");
    else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) err = refuse(path, "others can write it");
    else if ((uint64_t)st.st_size > out->max - out->len) err = refuse(path, "it is too large");
    else if (!read_whole(fd, (size_t)st.st_size, out)) err = refuse(path, "it cannot be read");
    while (out->len > before && isspace(out->data[out->len - 1]))
        out->len--;
    if (fd >= 0) (void)close(fd);
    return err;
}

int
aws_credentials_value(const struct aws_env *env, const char *name, struct buf *out) {
    const char *value = aws_env_get(env, name), *folder = aws_env_get(env, "CREDENTIALS_DIRECTORY");
    struct buf path = BUF_INIT(PATH_LEN);
    int got = 0;
    if (folder != NULL) {
        got = buf_printf(&path, "%s/%s", folder, name) != 0
                  ? ERR_STORE
                  : aws_credentials_read_file(buf_text(&path), out);
        buf_free(&path);
    }
    if (got == 1 && value != NULL) return refuse(name, "it is both a variable and a file");
    if (got != 0 || value == NULL) return got;
    return buf_add_text(out, value) == 0 ? 1 : ERR_STORE;
}

/* Take the value of ${name} into ${out} of ${room} bytes.  Returns as aws_credentials_value(). */
static int
take_value(const struct aws_env *env, const char *name, char *out, size_t room) {
    struct buf value = BUF_INIT(AWS_TOKEN_MAX);
    int got = aws_credentials_value(env, name, &value);
    if (got == 1 && !aws_credentials_copy(buf_text(&value), value.len, out, room))
        got = refuse(name, "it is empty or too long");
    buf_free(&value);
    return got;
}

int
aws_credentials_from_env(const struct aws_credentials_options *o, struct aws_keys *out) {
    int id = take_value(&o->env, "AWS_ACCESS_KEY_ID", out->id, sizeof(out->id));
    int secret = take_value(&o->env, "AWS_SECRET_ACCESS_KEY", out->secret, sizeof(out->secret));
    int token = take_value(&o->env, "AWS_SESSION_TOKEN", out->token, sizeof(out->token));
    if (id < 0 || secret < 0 || token < 0) return ERR_STORE;
    return id == 1 && secret == 1 ? 1 : 0;
}

/* The ${len} characters at ${text} without white space around them. */
static const char *
trim(const char *text, size_t *len) {
    while (*len > 0 && isspace((unsigned char)text[0]))
        text++, (*len)--;
    while (*len > 0 && isspace((unsigned char)text[*len - 1]))
        (*len)--;
    return text;
}

static bool
is(const char *text, size_t len, const char *word) {
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* Take "name = value" into ${out} if it is one of the three.  Returns false if it does not fit. */
static bool
take_setting(const char *line, size_t len, struct aws_keys *out) {
    const char *equals = memchr(line, '=', len);
    if (equals == NULL) return true;
    size_t name_len = (size_t)(equals - line), value_len = len - name_len - 1;
    const char *name = trim(line, &name_len), *value = trim(equals + 1, &value_len);
    if (is(name, name_len, "aws_access_key_id"))
        return aws_credentials_copy(value, value_len, out->id, sizeof(out->id));
    if (is(name, name_len, "aws_secret_access_key"))
        return aws_credentials_copy(value, value_len, out->secret, sizeof(out->secret));
    if (is(name, name_len, "aws_session_token"))
        return aws_credentials_copy(value, value_len, out->token, sizeof(out->token));
    return true;
}

int
aws_credentials_parse_profile(const char *text, const char *profile, struct aws_keys *out) {
    bool inside = false, seen = false;
    while (*text != '\0') {
        size_t whole = strcspn(text, "\n"), len = whole;
        const char *line = trim(text, &len);
        if (len >= 2 && line[0] == '[' && line[len - 1] == ']') {
            size_t name_len = len - 2;
            const char *name = trim(line + 1, &name_len);
            inside = is(name, name_len, profile);
            seen |= inside;
        } else if (inside && len > 0 && line[0] != '#' && line[0] != ';') {
            if (!take_setting(line, len, out)) return ERR_STORE;
        }
        text += whole;
        if (*text == '\n') text++;
    }
    if (!seen) return 0;
    return out->id[0] != '\0' && out->secret[0] != '\0' ? 1 : ERR_STORE;
}

/* Put the path of the profile file into ${path}.  Returns 1, 0 for none, or ERR_STORE. */
static int
profile_path(const struct aws_env *env, struct buf *path) {
    const char *file = aws_env_get(env, "AWS_SHARED_CREDENTIALS_FILE");
    const char *home = aws_env_get(env, "HOME");
    if (file == NULL && home == NULL) return 0;
    int err =
        file != NULL ? buf_add_text(path, file) : buf_printf(path, "%s/.aws/credentials", home);
    return err == 0 ? 1 : ERR_STORE;
}

int
aws_credentials_from_profile(const struct aws_credentials_options *o, struct aws_keys *out) {
    const char *profile = aws_env_get(&o->env, "AWS_PROFILE");
    struct buf path = BUF_INIT(PATH_LEN), text = BUF_INIT(FILE_MAX);
    int err = profile_path(&o->env, &path);
    if (err == 1) err = aws_credentials_read_file(buf_text(&path), &text);
    if (err == 1)
        err = aws_credentials_parse_profile(buf_text(&text), profile != NULL ? profile : "default",
                                            out);
    buf_free(&path);
    buf_free(&text);
    return err;
}

/* Whether folder ${path} can be read and has no folders in it, but for those that its files are
 * links into ("..data", as Kubernetes has them). */
static bool
is_flat(const char *path) {
    DIR *dir = opendir(path);
    bool flat = dir != NULL;
    const struct dirent *e = NULL;
    while (flat && (e = readdir(dir)) != NULL) {
        struct stat st;
        flat =
            strncmp(e->d_name, "..", 2) == 0 || strcmp(e->d_name, ".") == 0 ||
            (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode));
    }
    if (dir != NULL) (void)closedir(dir);
    return flat;
}

/*
 * Append to ${out} the folder of ${file}, so that a new file that takes its place is found: if it
 * is flat, or ${own} to AWS by its name, and never the root.  Else nothing, and the log says so.
 */
static int
add_folder(const char *file, bool own, struct buf *out) {
    const char *slash = strrchr(file, '/');
    if (slash == NULL) return 0;
    while (slash > file && slash[-1] == '/')
        slash--;
    int err = buf_add(out, file, (size_t)(slash - file));
    if (err != 0 || (out->len > 0 && (own || is_flat(buf_text(out))))) return err;
    buf_reset(out);
    log_warn("aws.credentials", LOG_TEXT("file", file),
             LOG_TEXT("reason", "its folder has others in it and stays closed: a new file that "
                                "takes its place is not read before the next start"));
    return 0;
}

int
aws_credentials_paths(const struct aws_env *env, struct buf paths[static AWS_CREDENTIALS_PATHS]) {
    const char *folder = aws_env_get(env, "CREDENTIALS_DIRECTORY");
    const char *token = aws_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    bool own = aws_env_get(env, "AWS_SHARED_CREDENTIALS_FILE") == NULL; /* ~/.aws */
    int err = 0;
    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++)
        buf_init(&paths[i], PATH_LEN);
    if (folder != NULL) err = buf_add_text(&paths[0], folder);
    if (err == 0 && token != NULL) err = buf_add_text(&paths[1], token);
    if (err == 0 && token != NULL) err = add_folder(token, false, &paths[2]);
    if (err != 0 || profile_path(env, &paths[3]) < 0) return ERR_NOMEM;
    if (paths[3].len > 0) err = add_folder(buf_text(&paths[3]), own, &paths[4]);
    return err == 0 ? 0 : ERR_NOMEM;
}
