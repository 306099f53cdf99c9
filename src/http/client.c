/* SPDX-License-Identifier: MIT */
#include "http/client.h"

#include <curl/curl.h>
#include <pthread.h>

#include "base/err.h"
#include "base/heap.h"

enum {
    CONNECT_MS_DEFAULT = 10000,
    HEADERS_MAX = 64 * 1024, /* bytes of all header lines of a response */
    TRANSFER_BUFFER = 128 * 1024,
    FIELD_MAX = 64 * 1024,
};

struct http_client {
    char *user_agent;
    char *ca_file;
    char *ca_dir;
    bool proxy_from_env;
    bool netrc;
    long receive_buffer;
    pthread_mutex_t lock; /* for the two below */
    int idle_count;
    int idle_max;
    CURL *idle[];
};

/* One running request. */
struct transfer {
    CURL *curl;
    const struct http_client_request *req;
    struct http_client_response *resp;
    uint64_t offset;           /* of the next byte of the body to send */
    size_t headers_len;        /* bytes of header lines received */
    enum http_failure failure; /* set by a callback that ends the transfer */
};

/* Memory of libcurl is wiped when freed: it holds tokens and bodies. */

static char *
curl_plain_strdup(const char *s) {
    return strdup(s);
}

static void *
curl_plain_calloc(size_t n, size_t size) {
    return calloc(n, size);
}

void
http_client_setup(void) {
    /* libcurl would write the keys of every TLS connection to that file. */
    (void)unsetenv("SSLKEYLOGFILE");

    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, heap_wiping_free,
                                         heap_wiping_realloc, curl_plain_strdup, curl_plain_calloc);
    if (code != CURLE_OK) abort();
}

/* Set ${out} to a copy of ${s}, or NULL for NULL.  Returns false if memory is short. */
static bool
copy_option(const char *s, char **out) {
    *out = NULL;
    if (s == NULL) return true;
    *out = strdup(s);
    return *out != NULL;
}

struct http_client *
http_client_new(const struct http_client_options *o) {
    int idle_max = o->idle_max;
    if (idle_max < 1) idle_max = 1;

    struct http_client *c = calloc(1, sizeof(*c) + (size_t)idle_max * sizeof(CURL *));
    if (c == NULL) return NULL;

    (void)pthread_mutex_init(&c->lock, NULL);
    c->idle_max = idle_max;
    c->proxy_from_env = o->proxy_from_env;
    c->netrc = o->netrc;
    c->receive_buffer = TRANSFER_BUFFER;
    if (o->receive_buffer > 0) c->receive_buffer = (long)o->receive_buffer;
    if (copy_option(o->user_agent, &c->user_agent) && copy_option(o->ca_file, &c->ca_file) &&
        copy_option(o->ca_dir, &c->ca_dir))
        return c;

    http_client_free(c);
    return NULL;
}

void
http_client_free(struct http_client *c) {
    if (c == NULL) return;
    for (int i = 0; i < c->idle_count; i++)
        curl_easy_cleanup(c->idle[i]);
    (void)pthread_mutex_destroy(&c->lock);
    free(c->user_agent);
    free(c->ca_file);
    free(c->ca_dir);
    free(c);
}

/* An idle handle with its kept connections, or a new one.  NULL if memory is short. */
static CURL *
client_take_handle(struct http_client *c) {
    CURL *curl = NULL;
    (void)pthread_mutex_lock(&c->lock);
    if (c->idle_count > 0) curl = c->idle[--c->idle_count];
    (void)pthread_mutex_unlock(&c->lock);
    return curl != NULL ? curl : curl_easy_init();
}

/* Keep ${curl} and its connections for a later request, without the settings of the last one. */
static void
client_keep_handle(struct http_client *c, CURL *curl) {
    curl_easy_reset(curl);
    (void)pthread_mutex_lock(&c->lock);
    if (c->idle_count < c->idle_max) {
        c->idle[c->idle_count++] = curl;
        curl = NULL;
    }
    (void)pthread_mutex_unlock(&c->lock);
    curl_easy_cleanup(curl);
}

/* Callbacks of libcurl. */

static size_t
on_curl_read(char *out, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    size_t room = size * count;
    uint64_t left = t->req->body_len - t->offset;
    if (room > left) room = (size_t)left;
    if (room == 0) return 0;
    ssize_t n = (ssize_t)room;
    if (t->req->read != NULL) n = t->req->read(t->req->ctx, t->offset, out, room);
    else memcpy(out, (const char *)t->req->body + t->offset, room);
    if (n <= 0 || (size_t)n > room) {
        t->failure = HTTP_FAILURE_CANCELLED;
        return CURL_READFUNC_ABORT;
    }
    t->offset += (uint64_t)n;
    return (size_t)n;
}

static int
on_curl_seek(void *arg, curl_off_t offset, int origin) {
    struct transfer *t = arg;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->req->body_len)
        return CURL_SEEKFUNC_FAIL;
    t->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t
on_curl_write(char *data, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    size_t len = size * count;
    long status = 0;

    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->req->write != NULL && status >= 200 && status < 300) {
        if (t->req->write(t->req->ctx, data, len) == 0) return len;
        t->failure = HTTP_FAILURE_CANCELLED;
        return 0;
    }

    /* The body of an error, or of a caller without ${write}, is kept. */
    int err = buf_add(&t->resp->body, data, len);
    if (err == 0) return len;
    t->failure = err == ERR_NOMEM ? HTTP_FAILURE_NOMEM : HTTP_FAILURE_TOO_LARGE;
    return 0;
}

static size_t
on_curl_header(char *line, size_t size, size_t count, void *arg) {
    struct transfer *t = arg;
    (void)line;
    t->headers_len += size * count;
    if (t->headers_len <= HEADERS_MAX) return size * count;
    t->failure = HTTP_FAILURE_TOO_LARGE;
    return 0;
}

static int
on_curl_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                 curl_off_t up) {
    struct transfer *t = arg;
    (void)down_all, (void)up_all;
    if (t->req->progress(t->req->ctx, (uint64_t)up, (uint64_t)down) == 0) return 0;
    t->failure = HTTP_FAILURE_CANCELLED;

    /* Do not wait for a thread that resolves a host name.  Only on cancel: after a timeout the
     * caller retries, and the abandoned threads would pile up. */
    (void)curl_easy_setopt(t->curl, CURLOPT_QUICK_EXIT, 1L);
    return 1;
}

/* Set up one request.  Each of these functions returns CURLE_OK or the first error. */

#define SET(option, value)                                                                         \
    do {                                                                                           \
        CURLcode set_code_ = curl_easy_setopt(curl, option, value);                                \
        if (set_code_ != CURLE_OK) return set_code_;                                               \
    } while (0)

static CURLcode
set_connection(CURL *curl, const struct http_client *c, const struct http_client_request *req) {
    long connect_ms = req->connect_ms;
    if (connect_ms <= 0) connect_ms = CONNECT_MS_DEFAULT;

    /* What is sent is what was signed: the path stays as it is, and no redirect is followed. */
    SET(CURLOPT_URL, req->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);

    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (c->ca_file != NULL) SET(CURLOPT_CAINFO, c->ca_file);
    if (c->ca_dir != NULL) SET(CURLOPT_CAPATH, c->ca_dir);
    if (c->user_agent != NULL) SET(CURLOPT_USERAGENT, c->user_agent);
    if (!c->proxy_from_env) SET(CURLOPT_PROXY, "");
    if (c->netrc) SET(CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);

    SET(CURLOPT_FRESH_CONNECT, (long)req->fresh_connection);
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    SET(CURLOPT_TIMEOUT_MS, req->deadline_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)(req->stall_seconds > 0));
    SET(CURLOPT_LOW_SPEED_TIME, req->stall_seconds);
    return CURLE_OK;
}

static CURLcode
set_method(CURL *curl, struct transfer *t) {
    static const char *const names[] = {
        [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
    };
    const struct http_client_request *req = t->req;
    if ((size_t)req->method >= ARRAY_LEN(names)) return CURLE_BAD_FUNCTION_ARGUMENT;

    if (req->method == HTTP_HEAD) {
        SET(CURLOPT_NOBODY, 1L);
        return CURLE_OK;
    }
    SET(CURLOPT_CUSTOMREQUEST, names[req->method]);
    if (req->body_len == 0 && req->method != HTTP_POST && req->method != HTTP_PUT) return CURLE_OK;

    /* An empty body of POST and PUT is sent, too: some servers require Content-Length. */
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->body_len);
    SET(CURLOPT_READFUNCTION, on_curl_read);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_SEEKFUNCTION, on_curl_seek);
    SET(CURLOPT_SEEKDATA, t);
    return CURLE_OK;
}

static CURLcode
set_transfer(CURL *curl, const struct http_client *c, struct transfer *t) {
    SET(CURLOPT_ERRORBUFFER, t->resp->detail);
    SET(CURLOPT_BUFFERSIZE, c->receive_buffer);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)TRANSFER_BUFFER);
    SET(CURLOPT_WRITEFUNCTION, on_curl_write);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_curl_header);
    SET(CURLOPT_HEADERDATA, t);
    if (t->req->progress == NULL) return CURLE_OK;
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_curl_progress);
    SET(CURLOPT_XFERINFODATA, t);
    return CURLE_OK;
}

/* Add the line "${name}: ${value}" to ${list}.  Refuses line breaks: they would add a header. */
static CURLcode
client_add_field(struct curl_slist **list, const char *name, const char *value) {
    struct buf line = BUF_INIT(FIELD_MAX);
    CURLcode code = CURLE_BAD_FUNCTION_ARGUMENT;
    struct curl_slist *more = NULL;
    int err;

    if (strpbrk(name, "\r\n:") != NULL || strpbrk(value, "\r\n") != NULL) goto out;

    /* libcurl reads "Name;" as an empty value and "Name:" as a header to leave out. */
    if (buf_add_text(&line, name) != 0) goto out;
    if (value[0] == '\0') err = buf_add_text(&line, ";");
    else err = buf_printf(&line, ": %s", value);
    if (err != 0) goto out;

    code = CURLE_OUT_OF_MEMORY;
    more = curl_slist_append(*list, buf_text(&line));
    if (more == NULL) goto out;
    *list = more;
    code = CURLE_OK;

out:
    buf_free(&line);
    return code;
}

static CURLcode
set_fields(CURL *curl, const struct http_client_request *req, struct curl_slist **list) {
    CURLcode code = CURLE_OK;

    /* Waiting for "100 Continue" costs a round trip and gains nothing. */
    *list = curl_slist_append(NULL, "Expect:");
    if (*list == NULL) return CURLE_OUT_OF_MEMORY;
    for (size_t i = 0; i < req->field_count && code == CURLE_OK; i++)
        code = client_add_field(list, req->fields[i].name, req->fields[i].value);
    if (code == CURLE_OK) SET(CURLOPT_HTTPHEADER, *list);
    return code;
}

/* The failure for an error of libcurl.  A connection that breaks has many codes. */
static enum http_failure
failure_of_code(CURLcode code) {
    switch (code) {
    case CURLE_OK: return HTTP_FAILURE_NONE;
    case CURLE_OUT_OF_MEMORY: return HTTP_FAILURE_NOMEM;

    /* The request is at fault. */
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_LOGIN_DENIED: /* a user name in the address */
    case CURLE_BAD_FUNCTION_ARGUMENT: return HTTP_FAILURE_REQUEST;

    /* The way to the server is. */
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return HTTP_FAILURE_RESOLVE;
    case CURLE_COULDNT_CONNECT: return HTTP_FAILURE_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_PEER_FAILED_VERIFICATION: return HTTP_FAILURE_TLS;
    case CURLE_OPERATION_TIMEDOUT: return HTTP_FAILURE_TIMEOUT;
    default: return HTTP_FAILURE_RESET;
    }
}

/* Fill ${resp} with status and headers. */
static void
collect_response(CURL *curl, struct http_client_response *resp) {
    long status = 0, sent = 0;
    curl_off_t retry_after = 0, up = 0, down = 0;
    struct curl_header *h = NULL;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);

    resp->status = (int)status;
    resp->sent = sent > 0;
    (void)curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &up);
    (void)curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &down);
    resp->moved = (uint64_t)(up + down);

    /* Retry-After may be a date, which libcurl turns into seconds. */
    if (curl_easy_header(curl, "Retry-After", 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
        resp->retry_after = (int64_t)retry_after;

    for (size_t i = 0; i < resp->header_count; i++) {
        struct http_client_header *want = &resp->headers[i];
        if (curl_easy_header(curl, want->name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
            strlen(h->value) <= HTTP_VALUE_MAX)
            memcpy(want->value, h->value, strlen(h->value) + 1);
    }
}

static void
reset_response(struct http_client_response *resp) {
    buf_reset(&resp->body);
    for (size_t i = 0; i < resp->header_count; i++)
        resp->headers[i].value[0] = '\0';
    resp->status = 0;
    resp->retry_after = -1;
    resp->sent = false;
    resp->moved = 0;
    resp->detail[0] = '\0';
}

/* Whether a response began.  libcurl before 8.6 then has CURLE_OUT_OF_MEMORY for a line of the head
 * that is too long. */
static bool
has_begun(CURL *curl) {
    curl_off_t first_byte = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
    return first_byte > 0;
}

enum http_failure
http_client_send(struct http_client *c, const struct http_client_request *req,
                 struct http_client_response *resp) {
    struct curl_slist *fields = NULL;
    reset_response(resp);
    CURL *curl = client_take_handle(c);
    if (curl == NULL) return HTTP_FAILURE_NOMEM;

    struct transfer t = {.curl = curl, .req = req, .resp = resp};
    CURLcode code = set_connection(curl, c, req);
    if (code == CURLE_OK) code = set_method(curl, &t);
    if (code == CURLE_OK) code = set_transfer(curl, c, &t);
    if (code == CURLE_OK) code = set_fields(curl, req, &fields);
    if (code == CURLE_OK) {
        code = curl_easy_perform(curl);
        collect_response(curl, resp);
    }

    enum http_failure failure = t.failure;
    if (failure == HTTP_FAILURE_NONE) failure = failure_of_code(code);
    if (failure == HTTP_FAILURE_NOMEM && has_begun(curl)) failure = HTTP_FAILURE_TOO_LARGE;
    if (failure != HTTP_FAILURE_NONE && resp->detail[0] == '\0')
        (void)snprintf(resp->detail, sizeof(resp->detail), "%s", curl_easy_strerror(code));

    /* After a failure the state of the handle is unknown, and its connection is lost. */
    if (code == CURLE_OK) client_keep_handle(c, curl);
    else curl_easy_cleanup(curl);
    curl_slist_free_all(fields);
    return failure;
}
