/* SPDX-License-Identifier: MIT */
/*
 * bootstrap: the API as a function of AWS Lambda on a custom runtime (docs/AWS.md).  One event at a
 * time; all that an answer depends on is done before it is sent, since the sandbox stops after it.
 */
#include <nss.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/web/page.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/json.h"
#include "crypto/kdf/pool.h"
#include "http/problem.h"
#include "lambda/event.h"
#include "lambda/runtime.h"
#include "lambda/settings.h"
#include "store/aws.h"

enum {
    DAY = 24 * 60 * 60,
    CLASSIC_FILE_MAX = 3 * 1024 * 1024, /* so that its answer fits Lambda's 6 MB */
    INLINE_MAX = 128 * 1024,
    CONNECTIONS = 4,
    SWEEP_MAX = 500,      /* records a scheduled sweep looks at */
    SWEEP_MS = 15 * 1000, /* for it: the function has half a minute */
    ANSWER_ROOM = 6 * 1024 * 1024,
};

/* Everything that runs. */
struct function {
    struct lambda_settings settings;
    struct runtime runtime;
    struct store_aws *aws;
    struct vault vault;
    struct kdf_pool *kdf;
    struct api api;
};

static const char *
get_variable(void *ctx, const char *name) {
    (void)ctx;
    return getenv(name);
}

static void
configure(struct function *f) {
    const struct lambda_settings *s = &f->settings;
    f->vault.clock = clock_system;
    f->vault.random = random_system;
    f->vault.limits.part_size = (uint32_t)s->part_size;
    f->vault.limits.sweep_ms = SWEEP_MS;
    f->api.config = (struct api_config){.version = VERSION,
                                        .ttl_default = s->ttl_days * DAY,
                                        .ttl_max = s->ttl_max_days * DAY,
                                        .text_max = (uint64_t)s->text_max,
                                        .classic_file_max = CLASSIC_FILE_MAX,
                                        .file_max = (uint64_t)s->file_max,
                                        .inline_max = INLINE_MAX,
                                        .response_max = EVENT_ANSWER_MAX,
                                        .page = s->page,
                                        .origins = &s->origins};
    f->api.vault = &f->vault;
    f->api.kdf = f->kdf;
    f->api.page = &page_embedded;
    f->api.monotonic_ms = clock_monotonic_ms;
}

/* Open what the function needs.  Returns 0, or an error with the setting at fault, if any, in
 * ${wrong}. */
static int
start(struct function *f, char wrong[static 64]) {
    const struct aws_env env = {get_variable, NULL};
    const char *name = NULL;
    int err = lambda_settings_read(&f->settings, environ, wrong);
    if (err != 0) return err;
    f->aws = store_aws_new(&env, CONNECTIONS);
    f->kdf = kdf_pool_new(1, CONNECTIONS, KDF_CLASSIC);
    if (f->aws == NULL || f->kdf == NULL) return ERR_NOMEM;
    err = store_aws_open_records(f->aws, f->settings.table, f->settings.bucket, &f->vault.store,
                                 &name);
    if (err == 0)
        err = store_aws_open_blobs(f->aws, f->settings.bucket, f->settings.sse, &f->vault.blobs,
                                   &name);
    if (err != 0) {
        (void)snprintf(wrong, 64, "%s", name);
        return err;
    }
    configure(f);
    return api_open(&f->api);
}

static void
answer_request(struct function *f, struct event *e, struct http_response *resp) {
    struct api_admission admission;
    struct http_request *req = &e->request;
    int64_t body_len = req->body.len > 0 ? (int64_t)req->body.len : -1;
    f->api.config.response_max =
        e->kind == EVENT_BALANCER ? EVENT_ANSWER_MAX_BALANCER : EVENT_ANSWER_MAX;
    if (e->broken) {
        problem_respond(resp, PROBLEM_MALFORMED, NULL);
        return;
    }
    if (api_admit(&f->api, req, body_len, &admission, resp) == 0) return;
    if (req->body.len > admission.body_max) {
        problem_respond(resp, PROBLEM_TOO_LARGE, NULL);
        return;
    }
    api_handle(&f->api, admission.route, req, resp);
}

static int
answer_schedule(struct function *f, struct buf *out) {
    struct vault_sweep_result result = {0};
    int err = vault_sweep(&f->vault, SWEEP_MAX, &result);
    log_info("swept", LOG_NUMBER("records", result.records), LOG_NUMBER("erased", result.erased),
             LOG_NUMBER("errors", result.errors));
    if (err != 0) return err;
    return buf_printf(out, "{\"records\":%d,\"erased\":%d}", result.records, result.erased);
}

/* Answer one event into ${out}.  Returns 0, or an error that is to be reported. */
static int
handle(struct function *f, const struct buf *text, struct buf *out) {
    struct event e;
    struct http_response resp;
    http_response_init(&resp, ANSWER_ROOM);
    int err = event_parse((const char *)text->data, text->len, &e);
    if (err == 0 && e.kind == EVENT_SCHEDULE) err = answer_schedule(f, out);
    else if (err == 0) {
        answer_request(f, &e, &resp);
        log_info("request", LOG_TEXT("route", resp.route != NULL ? resp.route : "-"),
                 LOG_NUMBER("status", resp.status),
                 LOG_TEXT("secret", resp.log_tag[0] != '\0' ? resp.log_tag : NULL));
        err = event_answer(&e, &resp, out);
    }
    http_response_clear(&resp);
    event_clear(&e);
    return err;
}

/* One round.  Returns 0, or ERR_IO if the Runtime API does not answer. */
static int
serve_one(struct function *f) {
    struct buf event = BUF_INIT(EVENT_MAX), answer = BUF_INIT(ANSWER_ROOM);
    char id[RUNTIME_ID_MAX + 1];
    int err = runtime_next(&f->runtime, &event, id);
    if (err == 0) err = handle(f, &event, &answer);
    else if (id[0] == '\0') goto out;
    if (err == 0) err = runtime_answer(&f->runtime, id, &answer);
    if (err != 0) {
        log_error("event", LOG_TEXT("error", err_text(err)));
        err = runtime_fail(&f->runtime, id,
                           err == ERR_INVALID ? "Function.BadEvent" : "Function.Failed",
                           err_text(err));
    }
out:
    buf_free(&event);
    buf_free(&answer);
    return err;
}

int
main(void) {
    static struct function f;
    char wrong[64] = "";
    struct rlimit none = {0, 0};
    const char *host = getenv("AWS_LAMBDA_RUNTIME_API");
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    /* The two that libc has built in; a static program must not load others from the system. */
    (void)__nss_configure_lookup("hosts", "files dns");
    json_setup();
    http_client_setup();
    struct http_client_options options = {.idle_max = 1};
    f.runtime = (struct runtime){http_client_new(&options), host};
    if (host == NULL || f.runtime.client == NULL) {
        log_error("start",
                  LOG_TEXT("reason", "AWS_LAMBDA_RUNTIME_API is not set: this runs on Lambda"));
        return 1;
    }
    int err = start(&f, wrong);
    if (err != 0) {
        log_error("start", LOG_TEXT("error", err_text(err)), LOG_TEXT("setting", wrong));
        (void)!runtime_fail(&f.runtime, NULL, "Runtime.Start",
                            wrong[0] != '\0' ? wrong : err_text(err));
        return 1;
    }
    while (serve_one(&f) == 0) {
    }
    log_error("stopped", LOG_TEXT("reason", "the Runtime API does not answer"));
    return 1;
}
