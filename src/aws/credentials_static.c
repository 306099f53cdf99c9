/* SPDX-License-Identifier: MIT */
/* Keys of the environment and of a profile file. */
#include <ctype.h>
#include <errno.h>

#include "aws/credentials_source.h"
#include "base/err.h"

enum { FILE_MAX = 256 * 1024 };

bool
aws_credentials_copy(const char *text, size_t len, char *out, size_t room) {
    if (len == 0 || len >= room) return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

int
aws_credentials_from_env(const struct aws_credentials_options *o, struct aws_keys *out) {
    const char *id = aws_env_get(&o->env, "AWS_ACCESS_KEY_ID");
    const char *secret = aws_env_get(&o->env, "AWS_SECRET_ACCESS_KEY");
    const char *token = aws_env_get(&o->env, "AWS_SESSION_TOKEN");
    if (id == NULL || secret == NULL) return 0;
    if (!aws_credentials_copy(id, strlen(id), out->id, sizeof(out->id)) ||
        !aws_credentials_copy(secret, strlen(secret), out->secret, sizeof(out->secret)) ||
        (token != NULL &&
         !aws_credentials_copy(token, strlen(token), out->token, sizeof(out->token))))
        return ERR_STORE;
    return 1;
}

int
aws_credentials_read_file(const char *path, struct buf *out) {
    FILE *f = fopen(path, "rbe");
    int err = 1;
    if (f == NULL) return errno == ENOENT || errno == ENOTDIR ? 0 : ERR_STORE;
    (void)setvbuf(f, NULL, _IONBF, 0); /* no copy of keys in a buffer that nobody wipes */
    for (;;) {
        uint8_t *space = buf_space(out, 4096);
        if (space == NULL) {
            err = ERR_STORE;
            break;
        }
        size_t n = fread(space, 1, 4096, f);
        out->len += n;
        if (n == 0) break;
    }
    if (ferror(f)) err = ERR_STORE;
    (void)fclose(f);
    return err;
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

int
aws_credentials_from_profile(const struct aws_credentials_options *o, struct aws_keys *out) {
    const char *file = aws_env_get(&o->env, "AWS_SHARED_CREDENTIALS_FILE");
    const char *home = aws_env_get(&o->env, "HOME");
    const char *profile = aws_env_get(&o->env, "AWS_PROFILE");
    struct buf path = BUF_INIT(4096), text = BUF_INIT(FILE_MAX);
    int err = 0;
    if (file == NULL && home == NULL) return 0;
    if (file != NULL) err = buf_add_text(&path, file);
    else err = buf_printf(&path, "%s/.aws/credentials", home);
    if (err == 0) err = aws_credentials_read_file(buf_text(&path), &text);
    if (err == 1)
        err = aws_credentials_parse_profile(buf_text(&text), profile != NULL ? profile : "default",
                                            out);
    buf_free(&path);
    buf_free(&text);
    return err;
}
