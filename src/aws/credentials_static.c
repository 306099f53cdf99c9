/* SPDX-License-Identifier: MIT */
/* Keys from the environment and from a profile file. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials_source.h"
#include "base/err.h"
#include "base/files/folder.h"
#include "base/log.h"

enum { FILE_MAX = 256 * 1024, PATH_LEN = 4096 };

bool
aws_credentials_copy(const char *text, size_t len, char *out, size_t room) {
    if (len == 0 || len >= room) return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

/* Log why the file or variable ${what} cannot be used.  Returns ERR_STORE. */
static int
refuse_source(const char *what, const char *reason) {
    log_warn("aws.credentials", LOG_TEXT("refused", what), LOG_TEXT("reason", reason));
    return ERR_STORE;
}

/* Append the open file ${fd} of ${len} bytes to ${out}, without a second buffer to wipe. */
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
    if (fd < 0 || fstat(fd, &st) != 0) err = refuse_source(path, strerrordesc_np(errno));
    else if (!S_ISREG(st.st_mode)) err = refuse_source(path, "not a regular file");
    else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        err = refuse_source(path, "writable by others");
    else if ((uint64_t)st.st_size > out->max - out->len) err = refuse_source(path, "too large");
    else if (!read_whole(fd, (size_t)st.st_size, out)) err = refuse_source(path, "cannot be read");

    while (out->len > before && isspace(out->data[out->len - 1]))
        out->len--;
    if (fd >= 0) (void)close(fd);
    return err;
}

int
aws_credentials_value(const struct aws_env *env, const char *name, struct buf *out) {
    const char *value = aws_env_get(env, name),
               *directory = aws_env_get(env, "CREDENTIALS_DIRECTORY");
    struct buf path = BUF_INIT(PATH_LEN);
    int got = 0;

    if (directory != NULL) {
        got = ERR_STORE;
        if (buf_printf(&path, "%s/%s", directory, name) == 0)
            got = aws_credentials_read_file(buf_text(&path), out);
        buf_free(&path);
    }
    if (got == 1 && value != NULL) return refuse_source(name, "set as a variable and as a file");
    if (got != 0 || value == NULL) return got;
    return buf_add_text(out, value) == 0 ? 1 : ERR_STORE;
}

/* Copy the value of ${name} to ${out}, which has ${room} bytes.  Returns as
 * aws_credentials_value(). */
static int
copy_value(const struct aws_env *env, const char *name, char *out, size_t room) {
    struct buf value = BUF_INIT(AWS_TOKEN_MAX);
    int got = aws_credentials_value(env, name, &value);
    if (got == 1 && !aws_credentials_copy(buf_text(&value), value.len, out, room))
        got = refuse_source(name, "empty or too long, or not printable ASCII");
    buf_free(&value);
    return got;
}

int
aws_credentials_from_env(const struct aws_credentials_config *o, struct aws_keys *out) {
    int id = copy_value(&o->env, "AWS_ACCESS_KEY_ID", out->id, sizeof(out->id));
    int secret = copy_value(&o->env, "AWS_SECRET_ACCESS_KEY", out->secret, sizeof(out->secret));
    int token = copy_value(&o->env, "AWS_SESSION_TOKEN", out->token, sizeof(out->token));
    if (id < 0 || secret < 0 || token < 0) return ERR_STORE;
    return id == 1 && secret == 1;
}

/* Returns the ${len} characters at ${text} without the white space around them. */
static const char *
trim_text(const char *text, size_t *len) {
    while (*len > 0 && isspace((unsigned char)text[0]))
        text++, (*len)--;
    while (*len > 0 && isspace((unsigned char)text[*len - 1]))
        (*len)--;
    return text;
}

static bool
equals_word(const char *text, size_t len, const char *word) {
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* Copy the value of "name = value" to ${out} if it is part of the keys.  Returns false if it
 * does not fit. */
static bool
read_profile_line(const char *line, size_t len, struct aws_keys *out) {
    const char *equals = memchr(line, '=', len);
    if (equals == NULL) return true;

    size_t name_len = (size_t)(equals - line), value_len = len - name_len - 1;
    const char *name = trim_text(line, &name_len), *value = trim_text(equals + 1, &value_len);
    if (equals_word(name, name_len, "aws_access_key_id"))
        return aws_credentials_copy(value, value_len, out->id, sizeof(out->id));
    if (equals_word(name, name_len, "aws_secret_access_key"))
        return aws_credentials_copy(value, value_len, out->secret, sizeof(out->secret));
    if (equals_word(name, name_len, "aws_session_token"))
        return aws_credentials_copy(value, value_len, out->token, sizeof(out->token));
    return true;
}

int
aws_credentials_parse_profile(const char *text, const char *profile, struct aws_keys *out) {
    bool inside = false, seen = false;

    while (*text != '\0') {
        size_t whole = strcspn(text, "\n"), len = whole;
        const char *line = trim_text(text, &len);

        /* "[profile]", or a setting of the profile that we are inside. */
        if (len >= 2 && line[0] == '[' && line[len - 1] == ']') {
            size_t name_len = len - 2;
            const char *name = trim_text(line + 1, &name_len);
            inside = equals_word(name, name_len, profile);
            seen |= inside;
        } else if (inside && len > 0 && line[0] != '#' && line[0] != ';') {
            if (!read_profile_line(line, len, out)) return ERR_STORE;
        }

        text += whole;
        if (*text == '\n') text++;
    }

    if (!seen) return 0;
    return out->id[0] != '\0' && out->secret[0] != '\0' ? 1 : ERR_STORE;
}

/* Put the path of the profile file into ${path}.  Returns 1, 0 if there is none, or ERR_STORE. */
static int
find_profile(const struct aws_env *env, struct buf *path) {
    const char *file = aws_env_get(env, "AWS_SHARED_CREDENTIALS_FILE");
    const char *home = aws_env_get(env, "HOME");
    int err = 0;

    if (file != NULL) err = buf_add_text(path, file);
    else if (home != NULL) err = buf_printf(path, "%s/.aws/credentials", home);
    else return 0;
    return err == 0 ? 1 : ERR_STORE;
}

int
aws_credentials_from_profile(const struct aws_credentials_config *o, struct aws_keys *out) {
    const char *profile = aws_env_get(&o->env, "AWS_PROFILE");
    struct buf path = BUF_INIT(PATH_LEN), text = BUF_INIT(FILE_MAX);
    if (profile == NULL) profile = "default";

    int err = find_profile(&o->env, &path);
    if (err == 1) err = aws_credentials_read_file(buf_text(&path), &text);
    if (err == 1) err = aws_credentials_parse_profile(buf_text(&text), profile, out);

    buf_free(&path);
    buf_free(&text);
    return err;
}

/*
 * Append to ${out} the directory of ${file}, so that a new file that replaces it can be read.  It
 * must be flat, or be reserved for AWS by its name (${own}), and must not be the root.  Otherwise
 * nothing is appended, and the log says so.
 */
static int
add_directory(const char *file, bool own, struct buf *out) {
    const char *slash = strrchr(file, '/');

    if (slash == NULL) return 0;
    while (slash > file && slash[-1] == '/')
        slash--;
    int err = buf_add(out, file, (size_t)(slash - file));
    if (err != 0 || (out->len > 0 && (own || folder_is_flat(buf_text(out))))) return err;

    buf_reset(out);
    log_warn("aws.credentials", LOG_TEXT("file", file),
             LOG_TEXT("reason", "its directory has subdirectories, so access to it stays denied: a "
                                "new file that replaces it is read at the next start only"));
    return 0;
}

int
aws_credentials_paths(const struct aws_env *env, struct buf paths[static AWS_CREDENTIALS_PATHS]) {
    const char *directory = aws_env_get(env, "CREDENTIALS_DIRECTORY");
    const char *token = aws_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *identity = aws_env_get(env, "AWS_WEB_IDENTITY_TOKEN_FILE");
    bool own = aws_env_get(env, "AWS_SHARED_CREDENTIALS_FILE") == NULL; /* ~/.aws */
    int err = 0;

    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++)
        buf_init(&paths[i], PATH_LEN);

    if (directory != NULL) err = buf_add_text(&paths[0], directory);
    if (err == 0 && token != NULL) err = buf_add_text(&paths[1], token);
    if (err == 0 && token != NULL) err = add_directory(token, false, &paths[2]);

    if (err != 0 || find_profile(env, &paths[3]) < 0) return ERR_NOMEM;
    if (paths[3].len > 0) err = add_directory(buf_text(&paths[3]), own, &paths[4]);

    if (err == 0 && identity != NULL) err = buf_add_text(&paths[5], identity);
    if (err == 0 && identity != NULL) err = add_directory(identity, false, &paths[6]);
    return err == 0 ? 0 : ERR_NOMEM;
}
