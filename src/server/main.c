/* SPDX-License-Identifier: MIT */
/*
 * secretsd: share secrets by links that stop working (docs/DESIGN.md).
 */
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text/json.h"
#include "server/internal.h"
#include "server/options.h"
#include "server/process/process.h"

enum {
    TEXT_MAX = 16 * 1024, /* of what --help prints */
    EXIT_FAILED = 1,
    EXIT_REFUSED = 2, /* an option or setting is wrong, so a restart would not help */
};

/* Serve until a signal comes.  Returns the exit code. */
static int
serve(struct server *s, struct buf *reason) {
    int err = server_start(s, environ, reason);
    if (err != 0) {
        log_error("start", LOG_TEXT("error", err_text(err)), LOG_TEXT("reason", buf_text(reason)));
        server_stop(s);
        return err == ERR_CONFIG ? EXIT_REFUSED : EXIT_FAILED;
    }

    process_settle();
    log_info("listening", LOG_TEXT("version", VERSION), LOG_TEXT("open", s->listener.open),
             LOG_TEXT("open_only", s->open_listener.fd >= 0 ? s->open_listener.open : NULL),
             LOG_TEXT("sandbox", s->sandbox));
    int sig = process_wait();

    log_info("stopping", LOG_NUMBER("signal", sig));
    server_stop(s);
    log_info("stopped", LOG_NONE);
    return 0;
}

/* Read the brand, before the sandbox closes its directory.  Returns 0, or an error that standard
 * error names. */
static int
read_brand(struct server *s, struct buf *text) {
    int err = brand_load(s->settings.brand, &s->brand, text);
    if (err == 0) return 0;
    if (text->len == 0) (void)!buf_add_text(text, err_text(err));
    (void)fprintf(stderr, "secretsd: %s\n", buf_text(text));
    return err;
}

static int
run(struct server *s, int argc, char *argv[], struct buf *text) {
    bool root = geteuid() == 0;
    switch (options_read(&s->settings, argc, argv, environ, process_cores(), root, text)) {
    case OPTIONS_PRINT: return fputs(buf_text(text), stdout) < 0 ? EXIT_FAILED : 0;
    case OPTIONS_RUN: break;
    case OPTIONS_REFUSE:
    default: (void)fputs(buf_text(text), stderr); return EXIT_REFUSED;
    }

    if (s->settings.brand[0] != '\0' && read_brand(s, text) != 0) return EXIT_REFUSED;
    log_set_format((enum log_format)s->settings.log_format);
    log_set_level((enum log_level)s->settings.log_level);
    return serve(s, text);
}

int
main(int argc, char *argv[]) {
    static struct server server = {.notify = -1,
                                   .listener.fd = -1,
                                   .open_listener.fd = -1,
                                   .metrics_listener.fd = -1,
                                   .admin_listener.fd = -1,
                                   .sources.statm = -1};
    struct buf text = BUF_INIT(TEXT_MAX);

    /* Before anything of a client or of the environment is read. */
    if (process_harden() != 0) {
        log_error("start", LOG_TEXT("reason", "this process cannot be protected"));
        return EXIT_FAILED;
    }
    json_setup();
    int code = run(&server, argc, argv, &text);
    buf_free(&text);
    return code;
}
