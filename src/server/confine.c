/* SPDX-License-Identifier: MIT */
#include "aws/credentials.h"
#include "base/err.h"
#include "base/log.h"
#include "server/internal.h"
#include "server/process/sandbox.h"

/*
 * Handle ${result} of one layer of the sandbox.  If the kernel lacks ${feature}, log what that
 * means: a flaw in this program ${harm}.
 */
static int
check_confined(struct server *s, int result, const char *feature, const char *harm,
               struct buf *reason) {
    if (result == SANDBOX_ON) return 0;
    if (result < 0) {
        (void)!buf_printf(reason, "the kernel has %s but refuses it", feature);
        return result;
    }
    if (s->settings.sandbox == SETTINGS_SANDBOX_REQUIRED) {
        (void)!buf_printf(reason, "SECRETS_SANDBOX=required: this kernel has no %s", feature);
        return ERR_CONFIG;
    }

    s->sandbox = "partial";
    char meaning[100];
    (void)snprintf(meaning, sizeof(meaning), "a flaw in this program %s", harm);
    log_warn("sandbox", LOG_TEXT("state", "partial"), LOG_TEXT("missing", feature),
             LOG_TEXT("reason", meaning));
    return 0;
}

/* The directory of the unix socket that this process made, in ${out}; NULL if it made none. */
static const char *
socket_directory(const struct listener *l, char out[static sizeof(l->path)]) {
    if (l->path[0] == '\0') return NULL;
    (void)snprintf(out, sizeof(l->path), "%s", l->path);
    char *slash = strrchr(out, '/');
    if (slash == NULL) return ".";
    *slash = '\0';
    return out;
}

int
server_confine_paths(struct server *s, const struct aws_env *aws, struct buf *reason) {
    struct buf keys[AWS_CREDENTIALS_PATHS] = {0};
    const char *tokens[TOKEN_FILE_PATHS] = {NULL};
    char socket_dir[sizeof(s->listener.path)], open_dir[sizeof(s->listener.path)],
        admin_dir[sizeof(s->listener.path)];
    s->sandbox = "on";
    if (s->settings.sandbox == SETTINGS_SANDBOX_OFF) {
        s->sandbox = "off";
        log_warn(
            "sandbox", LOG_TEXT("state", "off"),
            LOG_TEXT("reason", "SECRETS_SANDBOX=off: no protection from a flaw in this program"));
        return 0;
    }

    /* The data directory, the own socket, and the files of credentials and tokens. */
    struct sandbox_paths paths = {
        .outgoing = s->stores.remote,
        .socket_dirs = {socket_directory(&s->listener, socket_dir),
                        socket_directory(&s->open_listener, open_dir),
                        socket_directory(&s->admin_listener, admin_dir)},
    };
    if (s->stores.local) paths.data_dir = s->stores.data;
    int result = 0;
    if (s->stores.aws != NULL) result = aws_credentials_paths(aws, keys);
    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++)
        if (keys[i].len > 0) paths.readable[i] = buf_text(&keys[i]);

    _Static_assert(AWS_CREDENTIALS_PATHS + TOKEN_FILE_PATHS <= SANDBOX_READABLE_MAX,
                   "room for all");
    token_file_paths(s->token_file, tokens);
    for (int i = 0; i < TOKEN_FILE_PATHS; i++)
        paths.readable[AWS_CREDENTIALS_PATHS + i] = tokens[i];

    if (result == 0) result = sandbox_restrict_paths(&paths);
    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++)
        buf_free(&keys[i]);
    return check_confined(s, result, "landlock", "reaches every file of this user", reason);
}

int
server_confine_calls(struct server *s, struct buf *reason) {
    if (s->settings.sandbox == SETTINGS_SANDBOX_OFF) return 0;
    int result = sandbox_restrict_calls(s->stores.remote, s->notify);
    int err = check_confined(s, result, "seccomp", "reaches every system call", reason);
    atomic_store(&s->sources.sandboxed, err == 0 && strcmp(s->sandbox, "on") == 0);
    return err;
}
