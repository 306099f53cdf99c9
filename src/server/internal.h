/* SPDX-License-Identifier: MIT */
/*
 * Everything that runs in secretsd, and its three phases: start.c, main.c, stop.c.
 */
#ifndef SERVER_INTERNAL_H
#define SERVER_INTERNAL_H

#include "api/brand/brand.h"
#include "aws/transport.h"
#include "crypto/kdf/pool.h"
#include "server/admin/socket.h"
#include "server/http/daemon.h"
#include "server/http/listen.h"
#include "server/metrics/http.h"
#include "server/metrics/sources.h"
#include "server/process/watchdog.h"
#include "server/stores.h"
#include "server/sweeper.h"
#include "server/token_file.h"
#include "settings/table.h"

/* Members are in the order in which they are started. */
struct server {
    struct settings settings;
    struct metrics_sources sources;
    int notify; /* systemd's socket, -1 for none */
    struct listener listener;
    struct listener open_listener; /* for clients that only open secrets */
    struct listener metrics_listener;
    struct token_file *token_file; /* NULL for none */
    struct listener admin_listener;
    struct stores stores;
    const char *sandbox; /* on, partial or off */
    struct vault vault;
    struct kdf_pool *kdf;
    struct brand brand;
    struct api api;
    struct sweeper *sweeper;
    struct metrics_http *metrics;
    struct admin_socket *admin;
    struct daemon *daemon;
    struct watchdog *watchdog;
};

/*
 * Start everything, as s->settings say; ${env} is the environment.  Returns 0: connections are
 * accepted.  Or an error, with the reason in ${reason} where there is more to say than the error's
 * text; call server_stop() in this case too.
 */
MUST_CHECK
int server_start(struct server *s, char *const env[], struct buf *reason);

/* Stop everything that server_start() started, requests first.  Ends the process with code 1 if
 * that takes too long. */
void server_stop(struct server *s);

/*
 * The two steps of the sandbox, in this order: paths before the first thread is started, system
 * calls before the first connection is accepted.  Both do as the settings say and log what the
 * kernel lacks.  Each returns 0, or an error with the reason in ${reason}.
 */
MUST_CHECK
int server_confine_paths(struct server *s, const struct aws_env *aws, struct buf *reason);
MUST_CHECK
int server_confine_calls(struct server *s, struct buf *reason);

#endif
