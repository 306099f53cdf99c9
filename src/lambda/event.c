/* SPDX-License-Identifier: MIT */
#include "lambda/event.h"

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/json.h"
#include "base/text/utf8.h"

static const json_t *
member(const json_t *o, const char *a, const char *b) {
    const json_t *v = json_object_get(o, a);
    return b != NULL ? json_object_get(v, b) : v;
}

/* The text at ${v} without a NUL in it, or NULL. */
static const char *
text_of(const json_t *v) {
    const char *s = json_string_value(v);
    return s != NULL && strlen(s) == json_string_length(v) ? s : NULL;
}

static int
find_kind(const json_t *o, struct event *out) {
    const char *version = text_of(json_object_get(o, "version"));
    const char *source = text_of(json_object_get(o, "source"));
    if (member(o, "requestContext", "elb") != NULL) out->kind = EVENT_BALANCER;
    else if (version != NULL && strcmp(version, "2.0") == 0) out->kind = EVENT_HTTP;
    else if (json_object_get(o, "httpMethod") != NULL) out->kind = EVENT_REST;
    else if (source != NULL &&
             (strcmp(source, "aws.events") == 0 || strcmp(source, "aws.scheduler") == 0))
        out->kind = EVENT_SCHEDULE;
    else return ERR_INVALID;
    return 0;
}

/* Take header ${name}; ${list} (may be NULL) has all its values. */
static void
take_header(struct event *e, const char *name, const json_t *value, const json_t *list) {
    int h = http_header_find(name);
    if (h < 0) return;
    const char *text = text_of(value);
    if (text == NULL || json_array_size(list) > 1 || e->request.headers[h] != NULL)
        e->broken = true;
    e->request.headers[h] = text;
}

static void
take_headers(struct event *e) {
    const char *name;
    json_t *value;
    json_t *lists = json_object_get(e->json, "multiValueHeaders");
    json_t *plain = json_object_get(e->json, "headers");
    e->multi_value = e->kind == EVENT_BALANCER && json_is_object(lists);
    if (json_is_object(lists) && e->kind != EVENT_HTTP) {
        json_object_foreach(lists, name, value) {
            take_header(e, name, json_array_get(value, 0), value);
        }
    } else {
        json_object_foreach(plain, name, value) {
            take_header(e, name, value, NULL);
        }
    }
}

/* Append ${text}, percent-encoded if it came decoded. */
static int
add_encoded(const char *text, bool decoded, struct buf *out) {
    int err = 0;
    if (!decoded) return buf_add_text(out, text);
    for (; *text != '\0' && err == 0; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        err = plain ? buf_add_byte(out, c) : buf_printf(out, "%%%02X", c);
    }
    return err;
}

static int
add_parameter(struct event *e, size_t from, const char *name, const json_t *value) {
    bool decoded = e->kind == EVENT_REST; /* a load balancer passes them as they came */
    const char *text = text_of(value);
    if (text == NULL) return ERR_INVALID;
    int err = e->text.len > from ? buf_add_byte(&e->text, '&') : 0;
    if (err == 0) err = add_encoded(name, decoded, &e->text);
    if (err == 0) err = buf_add_byte(&e->text, '=');
    if (err == 0) err = add_encoded(text, decoded, &e->text);
    return err;
}

/* Append the query made of its parameters. */
static int
add_query(struct event *e) {
    json_t *lists = json_object_get(e->json, "multiValueQueryStringParameters");
    json_t *plain = json_object_get(e->json, "queryStringParameters");
    const char *name;
    json_t *value, *one;
    size_t from = e->text.len, i;
    int err = 0;
    if (json_is_object(lists)) {
        json_object_foreach(lists, name, value) {
            json_array_foreach(value, i, one) {
                if (err == 0) err = add_parameter(e, from, name, one);
            }
        }
    } else {
        json_object_foreach(plain, name, value) {
            if (err == 0) err = add_parameter(e, from, name, value);
        }
    }
    return err;
}

/* The path behind the stage, where it names one. */
static const char *
behind_stage(const struct event *e, const char *path) {
    const char *stage = text_of(member(e->json, "requestContext", "stage"));
    size_t len = stage != NULL ? strlen(stage) : 0;
    if (e->kind != EVENT_HTTP || len == 0 || path[0] != '/' || strncmp(path + 1, stage, len) != 0)
        return path;
    return path[len + 1] == '/' ? path + len + 1 : path[len + 1] == '\0' ? "/" : path;
}

/* Path and query, each with a NUL behind, into e->text. */
static int
take_target(struct event *e) {
    bool http = e->kind == EVENT_HTTP;
    const char *path = text_of(json_object_get(e->json, http ? "rawPath" : "path"));
    const char *query = text_of(json_object_get(e->json, "rawQueryString"));
    if (path == NULL || path[0] != '/') return ERR_INVALID;
    int err = buf_add_text(&e->text, behind_stage(e, path));
    if (err == 0) err = buf_add_byte(&e->text, '\0');
    size_t at = e->text.len;
    if (err == 0) err = http ? buf_add_text(&e->text, query != NULL ? query : "") : add_query(e);
    if (err == 0) err = buf_add_byte(&e->text, '\0');
    if (err != 0) return err;
    e->request.path = (const char *)e->text.data;
    e->request.query = (const char *)e->text.data + at;
    return 0;
}

/* Whom the gateway saw: it wrote the address itself, no header that a client can set. */
static void
take_client(struct event *e) {
    const char *ip = NULL;
    e->request.client = (struct http_address){.local = true};
    if (e->kind == EVENT_HTTP)
        ip = text_of(json_object_get(member(e->json, "requestContext", "http"), "sourceIp"));
    else if (e->kind == EVENT_REST)
        ip = text_of(json_object_get(member(e->json, "requestContext", "identity"), "sourceIp"));
    else if (e->request.headers[HTTP_FORWARDED_FOR] != NULL) {
        /* A load balancer puts its peer last. */
        const char *comma = strrchr(e->request.headers[HTTP_FORWARDED_FOR], ',');
        ip = comma != NULL ? comma + 1 : e->request.headers[HTTP_FORWARDED_FOR];
        ip += strspn(ip, " ");
    }
    if (ip != NULL) (void)!http_address_parse(ip, strlen(ip), &e->request.client);
}

static int
take_body(struct event *e) {
    const json_t *body = json_object_get(e->json, "body");
    const char *text = json_string_value(body);
    size_t len = json_string_length(body);
    if (text == NULL || len == 0) return 0;
    if (!json_is_true(json_object_get(e->json, "isBase64Encoded")))
        return buf_add(&e->request.body, text, len);
    int err = base64_decode(BASE64_STD, text, len, &e->request.body);
    if (err == ERR_INVALID) e->broken = true;
    return err == ERR_INVALID ? 0 : err;
}

int
event_parse(const char *text, size_t len, struct event *out) {
    *out = (struct event){.text = BUF_INIT(EVENT_TEXT_MAX)};
    buf_init(&out->request.body, EVENT_MAX);
    if (len > EVENT_MAX) return ERR_TOO_LARGE;
    /* Without the bounds of json_parse_object(): events have more headers than those allow. */
    out->json = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(out->json)) return ERR_INVALID;
    int err = find_kind(out->json, out);
    if (err != 0 || out->kind == EVENT_SCHEDULE) return err;
    const json_t *method =
        out->kind == EVENT_HTTP
            ? json_object_get(member(out->json, "requestContext", "http"), "method")
            : json_object_get(out->json, "httpMethod");
    if (text_of(method) == NULL) return ERR_INVALID;
    out->request.method = http_method_parse(text_of(method));
    take_headers(out);
    err = take_target(out);
    if (err != 0) return err;
    take_client(out);
    return take_body(out);
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
add_string(const char *text, size_t len, struct buf *out) {
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
    return err != 0 ? err : buf_add_byte(out, '"');
}

static int
add_field(const struct event *e, const char *name, const char *value, bool first, struct buf *out) {
    int err = first ? 0 : buf_add_byte(out, ',');
    if (err == 0) err = add_string(name, strlen(name), out);
    if (err == 0) err = buf_add_text(out, e->multi_value ? ":[" : ":");
    if (err == 0) err = add_string(value, strlen(value), out);
    if (err == 0 && e->multi_value) err = buf_add_byte(out, ']');
    return err;
}

/* The headers; ${len} is the length of the body, which an answer to HEAD tells without
 * having it. */
static int
add_fields(const struct event *e, const struct http_response *resp, size_t len, struct buf *out) {
    int err = buf_add_text(out, e->multi_value ? ",\"multiValueHeaders\":{" : ",\"headers\":{");
    for (int i = 0; i < resp->field_count && err == 0; i++)
        err = add_field(e, resp->fields[i].name, resp->fields[i].value, i == 0, out);
    if (err == 0 && e->request.method == HTTP_HEAD) {
        char number[24];
        (void)snprintf(number, sizeof(number), "%zu", len);
        err = add_field(e, "Content-Length", number, resp->field_count == 0, out);
    }
    return err != 0 ? err : buf_add_byte(out, '}');
}

/* Text goes as it is, everything else as base64. */
static bool
is_text(const struct http_response *resp, const char *body, size_t len) {
    const char *type = http_response_get(resp, "Content-Type");
    if (http_response_get(resp, "Content-Encoding") != NULL || !utf8_valid(body, len)) return false;
    return len == 0 ||
           (type != NULL && (strstr(type, "json") != NULL || strncmp(type, "text/", 5) == 0));
}

int
event_answer(const struct event *e, const struct http_response *resp, struct buf *out) {
    const uint8_t *body = resp->constant != NULL ? resp->constant : resp->body.data;
    size_t len = resp->constant != NULL ? resp->constant_len : resp->body.len;
    int err = buf_printf(out, "{\"statusCode\":%d", resp->status);
    if (err == 0) err = add_fields(e, resp, len, out);
    /* HEAD is GET without its body. */
    if (e->request.method == HTTP_HEAD) len = 0;
    bool text = is_text(resp, len > 0 ? (const char *)body : "", len);
    if (err == 0)
        err = buf_printf(out, ",\"isBase64Encoded\":%s,\"body\":", text ? "false" : "true");
    if (err == 0 && text) err = add_string(len > 0 ? (const char *)body : "", len, out);
    else if (err == 0) {
        err = buf_add_byte(out, '"');
        if (err == 0) err = base64_encode(BASE64_STD, body, len, out);
        if (err == 0) err = buf_add_byte(out, '"');
    }
    return err != 0 ? err : buf_add_byte(out, '}');
}
