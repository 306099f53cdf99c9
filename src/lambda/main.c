/* SPDX-License-Identifier: MIT */
/*
 * bootstrap: the API as a function of AWS Lambda on a custom runtime (docs/AWS.md).  One event at a
 * time.  Everything that a response depends on is done before it is sent, because Lambda freezes
 * the process afterwards.
 */
#include <nss.h>
#include <unistd.h>

#include "admin/admin.h"
#include "api/access/api_tokens.h"
#include "api/brand/brand.h"
#include "api/web/page.h"
#include "base/err.h"
#include "base/harden.h"
#include "base/log.h"
#include "base/text/json.h"
#include "crypto/kdf/pool.h"
#include "http/problem.h"
#include "lambda/event.h"
#include "lambda/runtime.h"
#include "lambda/settings.h"
#include "settings/api_config.h"
#include "store/aws.h"
#include "store/backend.h"

enum {
    CLASSIC_FILE_MAX = 3 * 1024 * 1024, /* so that its response fits Lambda's 6 MB */
    CONNECTIONS = 4,
    SWEEP_MAX = 500,       /* records that a scheduled sweep looks at */
    SWEEP_MS = 15 * 1000,  /* for it; the function has half a minute */
    SURVEY_MS = 20 * 1000, /* for the operator's count */
    RESPONSE_ROOM = 6 * 1024 * 1024,
    REASON_MAX = 512,
};

/* Everything that runs. */
struct function {
    struct settings settings;
    struct runtime runtime;
    struct store_aws *aws;
    struct vault vault;
    struct kdf_pool *kdf;
    struct daily *daily;
    struct api_tokens *tokens;
    struct brand brand;
    struct api api;
};

static const char *
function_variable(void *ctx, const char *name) {
    (void)ctx;
    return getenv(name);
}

static void
function_configure(struct function *f) {
    const struct api_config_limits limits = {
        .text_max = store_aws_records.text_max,
        .classic_file_max = CLASSIC_FILE_MAX,
        .response_max = EVENT_RESPONSE_MAX,
    };
    f->vault.clock = clock_system;
    f->vault.random = random_system;
    f->vault.limits.part_size = (uint32_t)f->settings.part_size;
    f->vault.limits.sweep_ms = SWEEP_MS;
    f->vault.limits.daily = f->daily;
    f->vault.limits.remote[VAULT_RECORDS] = f->vault.limits.remote[VAULT_BLOBS] = true;

    f->api.config = api_config_make(&f->settings, &limits);
    f->api.config.tokens = f->tokens;
    /* Without the key all who come by CloudFront would be one client. */
    if (f->settings.cloudfront_key[0] == '\0')
        f->api.config.rate_create = f->api.config.rate_open = 0;
    f->api.vault = &f->vault;
    f->api.kdf = f->kdf;
    f->api.page = &page_embedded;
    if (f->settings.brand[0] != '\0') f->api.brand = &f->brand;
    f->api.monotonic_ms = clock_monotonic_ms;
}

/* Open the table and the bucket.  Returns 0, or an error with a line in ${reason}. */
static int
open_stores(struct function *f, struct buf *reason) {
    const struct store_config config = {
        .data = "",
        .dynamo_table = f->settings.dynamo_table,
        .s3_bucket = f->settings.s3_bucket,
        .s3_sse = f->settings.s3_sse,
        .aws_http_anywhere = f->settings.aws_http == 1,
        .file_max = (uint64_t)f->settings.file_max,
        .part_size = (uint64_t)f->settings.part_size,
        .aws = f->aws,
    };

    int err = store_backend_check(&store_aws_records, &config, reason);
    if (err == 0) err = store_aws_records.open_records(&config, &f->vault.store, reason);
    if (err == 0) err = store_aws_blobs.open_blobs(&config, &f->vault.blobs, reason);
    return err;
}

/* Read the API tokens, which the setting itself holds.  Returns 0, or an error with a reason. */
static int
read_tokens(struct function *f, struct buf *reason) {
    struct buf fault = BUF_INIT(REASON_MAX);
    if (f->settings.api_tokens[0] == '\0') return 0;
    f->tokens = api_tokens_new();
    if (f->tokens == NULL) return ERR_NOMEM;

    int err = api_tokens_load(f->tokens, f->settings.api_tokens, &fault);
    if (err == ERR_INVALID) {
        (void)!buf_printf(reason, "SECRETS_API_TOKENS: %s", buf_text(&fault));
        err = ERR_CONFIG;
    }
    buf_free(&fault);
    return err;
}

/* Open what the function needs.  Returns 0, or an error with a line in ${reason} if a setting is at
 * fault. */
static int
function_start(struct function *f, struct buf *reason) {
    const struct aws_env env = {function_variable, NULL};
    int err = lambda_settings_read(&f->settings, environ, reason);
    if (err != 0) return err;

    err = read_tokens(f, reason);
    if (err != 0) return err;
    f->aws = store_aws_new(&env, CONNECTIONS);

    /* One event at a time needs one key at a time. */
    f->kdf = kdf_pool_new(&(struct kdf_pool_config){
        .threads = 1,
        .queue_max = CONNECTIONS,
        .params = KDF_CLASSIC,
    });
    if (f->aws == NULL || f->kdf == NULL) return ERR_NOMEM;
    if (f->settings.daily_bytes > 0) {
        f->daily = daily_new((uint64_t)f->settings.daily_bytes);
        if (f->daily == NULL) return ERR_NOMEM;
    }
    err = open_stores(f, reason);
    if (err == 0 && f->settings.brand[0] != '\0')
        err = brand_load(f->settings.brand, &f->brand, reason);
    if (err != 0) return err;

    function_configure(f);
    return api_open(&f->api);
}

/*
 * Whether the request of ${e} asks for the service's folder without its slash.  Then ${resp} leads
 * to the folder with its slash, from which the page finds its files.
 */
static bool
lead_to_folder(struct function *f, const struct event *e, struct http_response *resp) {
    const struct http_request *req = &e->request;
    bool page = req->method == HTTP_GET || req->method == HTTP_HEAD;
    if (e->folder == NULL || !page) return false;

    api_headers(&f->api, req, resp);
    resp->status = 308;
    http_response_setf(resp, "Location", "%s/", e->folder);
    return true;
}

/* Make the response to the request of ${e}. */
static void
respond(struct function *f, struct event *e, struct http_response *resp) {
    struct api_admission admission;
    struct http_request *req = &e->request;
    int64_t body_len = -1;

    /* What is wrong with the event itself is answered as the server's parser does. */
    if (e->broken || e->too_long) {
        api_headers(&f->api, req, resp);
        problem_respond(resp, e->broken ? PROBLEM_MALFORMED : PROBLEM_TARGET_TOO_LONG, NULL);
        return;
    }
    if (lead_to_folder(f, e, resp)) return;

    if (req->body.len > 0) body_len = (int64_t)req->body.len;
    f->api.config.response_max = EVENT_RESPONSE_MAX;
    if (e->kind == EVENT_BALANCER) f->api.config.response_max = EVENT_RESPONSE_MAX_BALANCER;
    if (api_admit(&f->api, req, body_len, &admission, resp) == 0) return;
    if (req->body.len > admission.body_max) {
        problem_respond(resp, PROBLEM_TOO_LARGE, NULL);
        return;
    }
    api_handle(&f->api, admission.route, req, resp);
}

/* Answer the request of ${e} into ${out}.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
static int
answer_request(struct function *f, struct event *e, struct buf *out) {
    struct http_response resp;
    http_response_init(&resp, RESPONSE_ROOM);
    if (f->settings.cloudfront_key[0] != '\0') event_read_viewer(e, f->settings.cloudfront_key);
    if (f->settings.user_claim[0] != '\0') event_read_user(e, f->settings.user_claim);
    respond(f, e, &resp);
    log_info("request", LOG_TEXT("route", resp.route != NULL ? resp.route : "-"),
             LOG_NUMBER("status", resp.status),
             LOG_TEXT("secret", resp.log_tag[0] != '\0' ? resp.log_tag : NULL),
             LOG_TEXT("limit", resp.limit));
    int err = event_respond(e, &resp, out);
    http_response_clear(&resp);
    return err;
}

/* Sweep.  Returns 0, or an error of the store. */
static int
answer_schedule(struct function *f, struct buf *out) {
    struct vault_sweep_result result = {0};
    int err = vault_sweep(&f->vault, SWEEP_MAX, &result);
    log_info("sweep", LOG_NUMBER("records", result.records), LOG_NUMBER("erased", result.erased),
             LOG_NUMBER("errors", result.errors));
    if (err != 0) return err;
    return buf_printf(out, "{\"records\":%d,\"erased\":%d}", result.records, result.erased);
}

/* Answer the operator's request ${req} into ${out}.  There are no events here. */
static int
answer_operator(struct function *f, const struct admin_request *req, struct buf *out) {
    const struct admin admin = {.api = &f->api, .survey_ms = SURVEY_MS};
    if (req->kind == ADMIN_EVENTS) return admin_refuse(out, "this store writes no events");
    return admin_answer(&admin, req, out);
}

/* Answer one event into ${out}.  Returns 0, or an error to report to Lambda. */
static int
answer_event(struct function *f, const struct buf *text, struct buf *out) {
    struct event e;
    struct admin_request req;

    /* Who may invoke the function directly is up to IAM.  No event of a gateway looks like it. */
    int direct = admin_read_direct((const char *)text->data, text->len, &req);
    if (direct < 0) return direct;
    if (direct == 1) return answer_operator(f, &req, out);

    int err = event_parse((const char *)text->data, text->len, f->settings.path_prefix, &e);
    if (err == 0 && e.kind == EVENT_SCHEDULE) err = answer_schedule(f, out);
    else if (err == 0) err = answer_request(f, &e, out);
    event_clear(&e);
    return err;
}

/* Handle one event.  Returns 0, or ERR_IO if the Runtime API does not respond. */
static int
serve_one(struct function *f) {
    struct buf event = BUF_INIT(EVENT_MAX), answer = BUF_INIT(RESPONSE_ROOM);
    char id[RUNTIME_ID_MAX + 1];
    int err = runtime_next(&f->runtime, &event, id);
    if (err != 0 && id[0] == '\0') goto out;

    if (err == 0) err = answer_event(f, &event, &answer);
    if (err == 0) err = runtime_answer(&f->runtime, id, &answer);
    if (err != 0) {
        const char *type = "Function.Failed";
        if (err == ERR_INVALID) type = "Function.BadEvent";
        log_error("event", LOG_TEXT("error", err_text(err)));
        err = runtime_fail(&f->runtime, id, type, err_text(err));
    }
out:
    buf_free(&event);
    buf_free(&answer);
    return err;
}

/* What secretsd does in process_harden(), as far as Lambda allows it. */
static void
function_harden(void) {
    (void)harden_memory();

    /* The two sources that libc has built in: a static program must load no others. */
    (void)__nss_configure_lookup("hosts", "files dns");
}

int
main(void) {
    static struct function f;
    struct buf reason = BUF_INIT(REASON_MAX);
    const char *host = getenv("AWS_LAMBDA_RUNTIME_API");

    /* Before anything of a client is read. */
    function_harden();
    json_setup();
    http_client_setup();

    struct http_client_options options = {.idle_max = 1};
    f.runtime = (struct runtime){http_client_new(&options), host};
    if (host == NULL || f.runtime.client == NULL) {
        log_error("start",
                  LOG_TEXT("reason", "AWS_LAMBDA_RUNTIME_API is not set: this runs on Lambda"));
        return 1;
    }

    int err = function_start(&f, &reason);
    if (err != 0) {
        const char *text = reason.len > 0 ? buf_text(&reason) : err_text(err);
        log_error("start", LOG_TEXT("error", err_text(err)), LOG_TEXT("reason", text));
        (void)!runtime_fail(&f.runtime, NULL, "Runtime.Start", text);
        return 1;
    }

    while (serve_one(&f) == 0) {
    }
    log_error("stopped", LOG_TEXT("reason", "the Runtime API does not respond"));
    return 1;
}
