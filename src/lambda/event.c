/* SPDX-License-Identifier: MIT */
#include "lambda/event.h"

#include <ctype.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/json.h"
#include "base/text/utf8.h"
#include "crypto/token.h"
#include "http/user.h"

enum { STAGE_MAX = 256 }; /* "/" and the name of a stage */

static const json_t *
event_member(const json_t *o, const char *a, const char *b) {
    const json_t *v = json_object_get(o, a);
    if (b != NULL) v = json_object_get(v, b);
    return v;
}

/* The text at ${v} without a NUL in it, or NULL. */
static const char *
text_of(const json_t *v) {
    const char *s = json_string_value(v);
    if (s != NULL && strlen(s) != json_string_length(v)) s = NULL;
    return s;
}

static int
find_event_kind(const json_t *o, struct event *out) {
    const char *version = text_of(json_object_get(o, "version"));
    const char *source = text_of(json_object_get(o, "source"));
    if (event_member(o, "requestContext", "elb") != NULL) out->kind = EVENT_BALANCER;
    else if (version != NULL && strcmp(version, "2.0") == 0) out->kind = EVENT_HTTP;
    else if (json_object_get(o, "httpMethod") != NULL) out->kind = EVENT_REST;
    else if (source != NULL &&
             (strcmp(source, "aws.events") == 0 || strcmp(source, "aws.scheduler") == 0))
        out->kind = EVENT_SCHEDULE;
    else return ERR_INVALID;
    return 0;
}

/*
 * Keep header ${name} if the API reads it.  ${list}, which may be NULL, holds all its values.  Of a
 * header that is a list the last value counts: it is the one that the gateway's own side wrote.
 */
static void
read_event_header(struct event *e, const char *name, const json_t *value, const json_t *list) {
    int h = http_header_find(name);
    if (h < 0) return;
    size_t count = json_array_size(list);
    bool is_list = http_header_is_list((enum http_header)h);
    if (count > 0) value = json_array_get(list, count - 1);

    const char *text = text_of(value);
    bool again = count > 1 || e->request.headers[h] != NULL;
    if (text == NULL || (again && !is_list)) e->broken = true;

    /* An HTTP API has joined the values with commas, which a token never has. */
    if (h == HTTP_SECRETS_TOKEN && text != NULL && strchr(text, ',') != NULL) e->broken = true;
    e->request.headers[h] = text;
}

static void
read_event_headers(struct event *e) {
    const char *name;
    json_t *value;
    json_t *lists = json_object_get(e->json, "multiValueHeaders");
    json_t *plain = json_object_get(e->json, "headers");

    /* A load balancer that sends lists expects lists. */
    e->multi_value = e->kind == EVENT_BALANCER && json_is_object(lists);
    if (json_is_object(lists) && e->kind != EVENT_HTTP) {
        json_object_foreach(lists, name, value) {
            read_event_header(e, name, NULL, value);
        }
    } else {
        json_object_foreach(plain, name, value) {
            read_event_header(e, name, value, NULL);
        }
    }
}

/* Append ${text}; percent-encode it if the event holds it decoded. */
static int
add_encoded(const char *text, bool decoded, struct buf *out) {
    int err = 0;
    if (!decoded) return buf_add_text(out, text);
    for (; *text != '\0' && err == 0; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || (c != '\0' && strchr("-._~", c) != NULL)) err = buf_add_byte(out, c);
        else err = buf_printf(out, "%%%02X", c);
    }
    return err;
}

static int
add_query_parameter(struct event *e, size_t from, const char *name, const json_t *value) {
    bool decoded = e->kind == EVENT_REST; /* a load balancer passes them undecoded */
    const char *text = text_of(value);
    if (text == NULL) return ERR_INVALID;

    int err = 0;
    if (e->text.len > from) err = buf_add_byte(&e->text, '&');
    if (err == 0) err = add_encoded(name, decoded, &e->text);
    if (err == 0) err = buf_add_byte(&e->text, '=');
    if (err == 0) err = add_encoded(text, decoded, &e->text);
    return err;
}

/* Append the query, made from its parameters. */
static int
add_query(struct event *e) {
    json_t *lists = json_object_get(e->json, "multiValueQueryStringParameters");
    json_t *plain = json_object_get(e->json, "queryStringParameters");
    const char *name;
    json_t *value, *one;
    size_t from = e->text.len, i;
    int err = 0;

    /* The lists are complete; the plain object has only the last value of each name. */
    if (json_is_object(lists)) {
        json_object_foreach(lists, name, value) {
            json_array_foreach(value, i, one) {
                if (err == 0) err = add_query_parameter(e, from, name, one);
            }
        }
    } else {
        json_object_foreach(plain, name, value) {
            if (err == 0) err = add_query_parameter(e, from, name, value);
        }
    }
    return err;
}

/* ${path} without the folder ${name}, "/" and segments, if it begins with it. */
static const char *
path_after_folder(const char *path, const char *name) {
    size_t len = strlen(name);
    if (len == 0 || strncmp(path, name, len) != 0) return path;
    return path[len] == '/' || path[len] == '\0' ? path + len : path;
}

/* Write the folder that an HTTP API puts before the path, "/" and its stage, to ${out}.  "" for any
 * other event: a REST API has no stage in the path. */
static void
print_stage(const struct event *e, struct buf *out) {
    const char *stage = text_of(event_member(e->json, "requestContext", "stage"));
    bool http_api = e->kind == EVENT_HTTP || json_object_get(e->json, "version") != NULL;
    if (e->kind != EVENT_BALANCER && http_api && stage != NULL && stage[0] != '\0')
        (void)!buf_printf(out, "/%s", stage);
}

/*
 * The path ${whole} without the folders that it may begin with: the stage, and then ${prefix}.  If
 * nothing is left, the address is that of the folder without its slash: then e->folder is set, and
 * the result is "/".
 */
static const char *
path_of_service(struct event *e, const char *whole, const char *prefix) {
    struct buf stage = BUF_INIT(STAGE_MAX);
    const char *path = whole;
    print_stage(e, &stage);
    if (stage.len > 0) path = path_after_folder(path, buf_text(&stage));
    path = path_after_folder(path, prefix);
    buf_free(&stage);

    if (path[0] != '\0') return path;
    e->folder = strrchr(whole, '/') + 1;
    return "/";
}

/* Write ${path} and the query, each with its NUL, into e->text, and point the request at them.
 * Returns 0, ERR_INVALID, ERR_TOO_LARGE or ERR_NOMEM. */
static int
write_target(struct event *e, const char *path, const char *prefix) {
    bool http = e->kind == EVENT_HTTP;
    const char *query = text_of(json_object_get(e->json, "rawQueryString"));
    int err = buf_add_text(&e->text, path_of_service(e, path, prefix));
    if (err == 0) err = buf_add_byte(&e->text, '\0');
    size_t at = e->text.len;
    if (err == 0 && http && query != NULL) err = buf_add_text(&e->text, query);
    if (err == 0 && !http) err = add_query(e);
    if (err == 0) err = buf_add_byte(&e->text, '\0');
    if (err != 0) return err;

    /* The text no longer grows, so its addresses stay. */
    e->request.path = (const char *)e->text.data;
    e->request.query = (const char *)e->text.data + at;
    return 0;
}

/* Read path and query.  A gateway passes on what a client sent, also a NUL in it (%00) and what is
 * longer than any address of ours. */
static int
read_target(struct event *e, const char *prefix) {
    const char *name = e->kind == EVENT_HTTP ? "rawPath" : "path";
    const json_t *path = json_object_get(e->json, name);
    if (!json_is_string(path)) return ERR_INVALID;
    e->request.path = e->request.query = "";

    const char *text = text_of(path);
    int err = ERR_INVALID;
    if (text != NULL && text[0] == '/') err = write_target(e, text, prefix);
    e->broken = e->broken || err == ERR_INVALID;
    e->too_long = err == ERR_TOO_LARGE;
    return err == ERR_NOMEM ? ERR_NOMEM : 0;
}

/* The last address in X-Forwarded-For, which a load balancer wrote: its own peer.  NULL if none. */
static const char *
last_forwarded(const struct event *e) {
    const char *list = e->request.headers[HTTP_FORWARDED_FOR];
    if (list == NULL) return NULL;
    const char *comma = strrchr(list, ',');
    const char *last = list;
    if (comma != NULL) last = comma + 1;
    return last + strspn(last, " ");
}

/* Read the client's address as the gateway saw it, never from a header that a client can set. */
static void
read_client(struct event *e) {
    const char *part = "identity";
    if (e->kind == EVENT_HTTP) part = "http";
    const json_t *context = event_member(e->json, "requestContext", part);
    const char *ip = text_of(json_object_get(context, "sourceIp"));
    if (e->kind == EVENT_BALANCER) ip = last_forwarded(e);

    e->request.client = (struct http_address){.local = true};
    if (ip != NULL) (void)!http_address_parse(ip, strlen(ip), &e->request.client);
}

/* The value of header ${name}, which the API does not read.  NULL if it is absent or comes
 * twice. */
static const char *
find_event_header(const struct event *e, const char *name) {
    json_t *lists = json_object_get(e->json, "multiValueHeaders");
    json_t *fields = json_object_get(e->json, "headers"), *value;
    const char *key, *found = NULL;

    if (json_is_object(lists) && e->kind != EVENT_HTTP) fields = lists;
    json_object_foreach(fields, key, value) {
        if (strcasecmp(key, name) != 0) continue;
        if (found != NULL || json_array_size(value) > 1) return NULL;
        if (json_is_array(value)) value = json_array_get(value, 0);
        found = text_of(value);
    }
    return found;
}

void
event_read_viewer(struct event *e, const char *key) {
    const char *sent = find_event_header(e, EVENT_KEY_HEADER);
    const char *viewer = find_event_header(e, EVENT_VIEWER_HEADER);
    uint8_t want[TOKEN_HASH_LEN], got[TOKEN_HASH_LEN];
    struct http_address client;

    if (sent == NULL || viewer == NULL) return;
    token_hash(key, strlen(key), want);
    token_hash(sent, strlen(sent), got);
    if (!token_hash_equal(want, got)) return;

    /* "192.0.2.1:46532", and without brackets "2001:db8::1:46532". */
    const char *port = strrchr(viewer, ':');
    if (port == NULL) return;
    if (http_address_parse(viewer, (size_t)(port - viewer), &client) == 0)
        e->request.client = client;
}

void
event_read_user(struct event *e, const char *claim) {
    const json_t *authorizer = event_member(e->json, "requestContext", "authorizer");
    const json_t *context = authorizer, *claims = json_object_get(authorizer, "claims");
    if (e->kind == EVENT_BALANCER) return;
    if (e->kind == EVENT_HTTP) {
        context = json_object_get(authorizer, "lambda");
        claims = event_member(authorizer, "jwt", "claims");
    }

    const char *user = text_of(json_object_get(claims, claim));
    if (user == NULL) user = text_of(json_object_get(context, claim));
    if (user != NULL && http_user_is_name(user)) e->request.user = user;
}

static int
read_event_body(struct event *e) {
    const json_t *body = json_object_get(e->json, "body");
    const char *text = json_string_value(body);
    size_t len = json_string_length(body);
    if (text == NULL || len == 0) return 0;
    if (!json_is_true(json_object_get(e->json, "isBase64Encoded")))
        return buf_add(&e->request.body, text, len);

    int err = base64_decode(BASE64_STD, text, len, &e->request.body);
    if (err != ERR_INVALID) return err;
    e->broken = true;
    return 0;
}

/* The name of the method of ${e}, or NULL. */
static const char *
event_method(const struct event *e) {
    const json_t *holder = e->json;
    if (e->kind != EVENT_HTTP) return text_of(json_object_get(holder, "httpMethod"));
    holder = event_member(e->json, "requestContext", "http");
    return text_of(json_object_get(holder, "method"));
}

int
event_parse(const char *text, size_t len, const char *prefix, struct event *out) {
    *out = (struct event){.text = BUF_INIT(EVENT_TEXT_MAX)};
    buf_init(&out->request.body, EVENT_MAX);
    if (len > EVENT_MAX) return ERR_TOO_LARGE;

    /* Without the limits of json_parse_object(): events have more headers than those allow. */
    json_error_t error;
    out->json = json_loadb(text, len, JSON_ALLOW_NUL, &error);
    if (out->json == NULL && json_error_code(&error) == json_error_null_byte_in_key) {
        out->broken = true; /* a parameter of the query with a NUL in its name */
        return 0;
    }
    if (!json_is_object(out->json)) return ERR_INVALID;
    int err = find_event_kind(out->json, out);
    if (err != 0 || out->kind == EVENT_SCHEDULE) return err;

    const char *method = event_method(out);
    if (method == NULL) return ERR_INVALID;
    out->request.method = http_method_parse(method);
    read_event_headers(out);
    err = read_target(out, prefix);
    if (err != 0) return err;

    /* The client last: a load balancer names it in a header. */
    read_client(out);
    return read_event_body(out);
}

void
event_clear(struct event *e) {
    json_decref(e->json);
    buf_free(&e->text);
    buf_free(&e->request.body);
    *e = (struct event){0};
}

/* Append ${text} as a JSON string. */
static int
add_json_string(const char *text, size_t len, struct buf *out) {
    int err = buf_add_byte(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < len && err == 0; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        err = buf_add(out, text + from, i - from);
        if (err == 0 && c < 0x20) err = buf_printf(out, "\\u%04x", c);
        else if (err == 0) err = buf_printf(out, "\\%c", c);
        from = i + 1;
    }
    if (err == 0) err = buf_add(out, text + from, len - from);
    if (err == 0) err = buf_add_byte(out, '"');
    return err;
}

static int
add_response_field(const struct event *e, const char *name, const char *value, bool first,
                   struct buf *out) {
    int err = 0;
    if (!first) err = buf_add_byte(out, ',');
    if (err == 0) err = add_json_string(name, strlen(name), out);
    if (err == 0) err = buf_add_byte(out, ':');
    if (err == 0 && e->multi_value) err = buf_add_byte(out, '[');
    if (err == 0) err = add_json_string(value, strlen(value), out);
    if (err == 0 && e->multi_value) err = buf_add_byte(out, ']');
    return err;
}

/* Append the headers.  A response to HEAD has no body, but tells its length ${len}. */
static int
add_response_fields(const struct event *e, const struct http_response *resp, size_t len,
                    struct buf *out) {
    const char *name = e->multi_value ? "multiValueHeaders" : "headers";
    int err = buf_printf(out, ",\"%s\":{", name);
    for (int i = 0; i < resp->field_count && err == 0; i++)
        err = add_response_field(e, resp->fields[i].name, resp->fields[i].value, i == 0, out);
    if (err == 0 && e->request.method == HTTP_HEAD) {
        char number[24];
        (void)snprintf(number, sizeof(number), "%zu", len);
        err = add_response_field(e, "Content-Length", number, resp->field_count == 0, out);
    }
    if (err == 0) err = buf_add_byte(out, '}');
    return err;
}

/* Whether the body is sent as text.  Everything else is sent as base64. */
static bool
is_text_response(const struct http_response *resp, const char *body, size_t len) {
    const char *type = http_response_get(resp, "Content-Type");
    if (http_response_get(resp, "Content-Encoding") != NULL || !utf8_valid(body, len)) return false;
    return len == 0 ||
           (type != NULL && (strstr(type, "json") != NULL || strncmp(type, "text/", 5) == 0));
}

/* Append the ${len} bytes at ${body} as a JSON string of base64. */
static int
add_json_base64(const uint8_t *body, size_t len, struct buf *out) {
    int err = buf_add_byte(out, '"');
    if (err == 0) err = base64_encode(BASE64_STD, body, len, out);
    if (err == 0) err = buf_add_byte(out, '"');
    return err;
}

int
event_respond(const struct event *e, const struct http_response *resp, struct buf *out) {
    size_t len;
    const void *body = http_response_body(resp, &len);
    int err = buf_printf(out, "{\"statusCode\":%d", resp->status);
    if (err == 0) err = add_response_fields(e, resp, len + resp->omitted, out);

    /* HEAD is GET without its body. */
    if (e->request.method == HTTP_HEAD) len = 0;
    if (len == 0) body = "";
    if (is_text_response(resp, body, len)) {
        if (err == 0) err = buf_add_text(out, ",\"isBase64Encoded\":false,\"body\":");
        if (err == 0) err = add_json_string(body, len, out);
    } else {
        if (err == 0) err = buf_add_text(out, ",\"isBase64Encoded\":true,\"body\":");
        if (err == 0) err = add_json_base64(body, len, out);
    }
    if (err == 0) err = buf_add_byte(out, '}');
    return err;
}
