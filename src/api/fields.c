/* SPDX-License-Identifier: MIT */
#include "api/fields.h"

#include <inttypes.h>

#include "api/call.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/flat.h"
#include "base/text/json.h"
#include "base/text/parse.h"
#include "base/text/utf8.h"
#include "crypto/token.h"
#include "http/problem.h"

enum { DETAIL_MAX = 96, NAME_MAX_SHOWN = 32, COUNT_DIGITS = 9 };

static const int64_t count_max = 999999999;
static const double exact_max = 9007199254740992.0; /* 2^53: reals hold every integer up to it */

/* A value of the request, by whichever parser read it. */
struct value {
    enum { VALUE_TEXT, VALUE_NUMBER, VALUE_BOOL, VALUE_OTHER } kind;
    const char *text;
    size_t len;
    double number;
    bool flag;
};

static struct value
value_of_json(const json_t *json) {
    if (json_is_string(json))
        return (struct value){
            .kind = VALUE_TEXT, .text = json_string_value(json), .len = json_string_length(json)};
    if (json_is_real(json))
        return (struct value){.kind = VALUE_NUMBER, .number = json_real_value(json)};
    if (json_is_boolean(json))
        return (struct value){.kind = VALUE_BOOL, .flag = json_is_true(json)};
    return (struct value){.kind = VALUE_OTHER};
}

static struct value
value_of_flat(const struct flat_member *m) {
    switch (m->kind) {
    case FLAT_TEXT: return (struct value){.kind = VALUE_TEXT, .text = m->text, .len = m->len};
    case FLAT_NUMBER: return (struct value){.kind = VALUE_NUMBER, .number = (double)m->number};
    case FLAT_BOOL: return (struct value){.kind = VALUE_BOOL, .flag = m->flag};
    }
    return (struct value){.kind = VALUE_OTHER};
}

static bool
read_text_field(const struct field *f, const struct value *value, struct field_value *out) {
    if (value->kind != VALUE_TEXT) return false;
    out->text = value->text;
    out->len = value->len;
    return out->len >= (uint64_t)f->min && out->len <= (uint64_t)f->max;
}

static bool
read_integer_field(const struct value *value, int64_t min, int64_t max, int64_t *out) {
    double v = value->number;
    if (value->kind != VALUE_NUMBER || !(v >= -exact_max && v <= exact_max)) return false;
    *out = (int64_t)v;
    if ((double)*out < v || (double)*out > v) return false;
    return *out >= min && *out <= max;
}

static bool
read_count_field(const struct value *value, int64_t *out) {
    if (value->kind != VALUE_TEXT) return read_integer_field(value, -count_max, count_max, out);

    /* As a string, like pysecrets. */
    const char *text = value->text;
    size_t len = value->len;
    size_t digits = len - (len > 0 && text[0] == '-');
    return digits <= COUNT_DIGITS && parse_number(text, len, -count_max, count_max, out) == 0;
}

static bool
read_bytes_field(const struct value *value, uint8_t out[static FIELD_BYTES_LEN]) {
    return value->kind == VALUE_TEXT &&
           base64_decode_exact(BASE64_URL, value->text, value->len, out, FIELD_BYTES_LEN) == 0;
}

static bool
read_token_field(const struct value *value, struct field_value *out) {
    if (value->kind != VALUE_TEXT) return false;
    out->text = value->text;
    out->len = value->len;
    return token_is_canonical(out->text, out->len);
}

static bool
read_field(const struct field *f, const struct value *value, struct field_value *out) {
    switch (f->type) {
    case FIELD_TEXT: return read_text_field(f, value, out);
    case FIELD_INTEGER: return read_integer_field(value, f->min, f->max, &out->number);
    case FIELD_COUNT: return read_count_field(value, &out->number);
    case FIELD_BOOL: out->flag = value->flag; return value->kind == VALUE_BOOL;
    case FIELD_BYTES: return read_bytes_field(value, out->bytes);
    case FIELD_TOKEN: return read_token_field(value, out);
    }
    return false;
}

/* Respond that the value of ${f} is invalid. */
static void
refuse_field(const struct field *f, struct http_response *resp) {
    struct buf detail = BUF_INIT(DETAIL_MAX);
    int err = 0;

    switch (f->type) {
    case FIELD_TEXT:
        err = buf_printf(&detail, "It must be a text of %" PRId64 " to %" PRId64 " bytes.", f->min,
                         f->max);
        break;
    case FIELD_INTEGER:
        err = buf_printf(&detail, "It must be an integer from %" PRId64 " to %" PRId64 ".", f->min,
                         f->max);
        break;
    case FIELD_COUNT:
        err = buf_printf(&detail, "It must be an integer of at most %d digits.", COUNT_DIGITS);
        break;
    case FIELD_BOOL: err = buf_add_text(&detail, "It must be true or false."); break;
    case FIELD_BYTES:
    case FIELD_TOKEN:
        err = buf_printf(&detail, "It must be %d bytes as base64url without padding.",
                         FIELD_BYTES_LEN);
        break;
    }

    /* If memory is short, the name of the field has to do. */
    problem_field(resp, f->name, err == 0 ? buf_text(&detail) : NULL);
    buf_free(&detail);
}

/* Whether the name of a field in the request may be repeated in the response. */
static bool
can_show_name(const char *name, size_t len) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return len > 0 && len <= NAME_MAX_SHOWN && strspn(name, plain) >= len;
}

/* Respond with ${p}, which names the field ${name} of the request if that can be shown. */
static void
refuse_named_field(enum problem p, const char *name, size_t len, const char *detail,
                   struct http_response *resp) {
    char shown[NAME_MAX_SHOWN + 1] = "";
    struct problem_more more = {.detail = detail};

    if (can_show_name(name, len)) {
        memcpy(shown, name, len);
        more.field = shown;
    }
    problem_respond(resp, p, &more);
}

/* What a person has to know of a body that is no JSON object. */
static const char *
what_is_wrong(const char *text, size_t len) {
    bool utf16 =
        len >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0 ||
                     text[0] == '\0' || text[1] == '\0');
    if (utf16) return "The body must be UTF-8 and not UTF-16.";
    if (!utf8_valid(text, len)) return "The body must be UTF-8.";
    return "The body must be one JSON object.";
}

/* Parse the body into ${doc}, which the caller frees.  Returns 0 or ERR_INVALID. */
static int
parse_fields(const struct http_request *req, enum fields_mode mode, json_t **doc,
             struct http_response *resp) {
    static const char mark[] = {'\xEF', '\xBB', '\xBF'};
    const char *text = (const char *)req->body.data;
    size_t len = req->body.len;
    struct json_twice twice;
    enum problem p = PROBLEM_MALFORMED;

    /* Some editors write a byte order mark. */
    if (len >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0) {
        text += sizeof(mark);
        len -= sizeof(mark);
    }
    *doc = json_parse_fields(text, len, &twice);
    if (*doc != NULL) return 0;

    if (twice.key == NULL) {
        struct problem_more more = {.detail = what_is_wrong(text, len)};
        problem_respond(resp, p, &more);
    } else {
        if (mode == FIELDS_EXACT) p = PROBLEM_FIELD;
        refuse_named_field(p, twice.key, twice.len, "It occurs twice.", resp);
    }
    return ERR_INVALID;
}

/* The row of ${table} that is named ${name}; ${count} if there is none. */
static size_t
find_row(const struct field *table, size_t count, const char *name) {
    size_t i = 0;
    while (i < count && strcmp(table[i].name, name) != 0)
        i++;
    return i;
}

/* Refuse fields that ${table} does not have.  Returns 0 or ERR_INVALID. */
static int
check_known_fields(json_t *doc, const struct field *table, size_t count,
                   struct http_response *resp) {
    const char *key;
    json_t *value;

    json_object_foreach(doc, key, value) {
        if (find_row(table, count, key) < count) continue;

        refuse_named_field(PROBLEM_FIELD, key, strlen(key), "It is unknown.", resp);
        return ERR_INVALID;
    }
    return 0;
}

/* Read the fields of ${doc}.  Returns 0 or ERR_INVALID. */
static int
read_document(const json_t *doc, const struct field *table, size_t count, struct fields *out,
              struct http_response *resp) {
    for (size_t i = 0; i < count; i++) {
        const json_t *json = json_object_get(doc, table[i].name);
        out->values[i].present = json != NULL;
        if (json == NULL && !table[i].required) continue;

        if (json == NULL) {
            problem_field(resp, table[i].name, "It is missing.");
            return ERR_INVALID;
        }
        struct value value = value_of_json(json);
        if (!read_field(&table[i], &value, &out->values[i])) {
            refuse_field(&table[i], resp);
            return ERR_INVALID;
        }
    }
    return 0;
}

/* --- bodies of the simple form ---------------------------------------------------------------- */

/* Read the fields of ${members}.  Returns whether each is known, valid and there once, and none is
 * missing. */
static bool
read_members(const struct flat_member *members, int n, const struct field *table, size_t count,
             struct fields *out) {
    for (int k = 0; k < n; k++) {
        size_t i = find_row(table, count, members[k].name);
        if (i == count || out->values[i].present) return false;
        struct value value = value_of_flat(&members[k]);
        if (!read_field(&table[i], &value, &out->values[i])) return false;
        out->values[i].present = true;
    }

    for (size_t i = 0; i < count; i++)
        if (table[i].required && !out->values[i].present) return false;
    return true;
}

/* Read a body of the simple form (base/text/flat.h), as most are.  Returns false, with ${out}
 * cleared, if it has another form or is to be refused: then read_document() finds the reason. */
static bool
read_simple(const struct http_request *req, const struct field *table, size_t count,
            struct fields *out) {
    struct flat_member members[FIELDS_MAX];
    const struct buf *body = &req->body;
    buf_init(&out->copy, body->len);

    int n = -1;
    if (buf_add(&out->copy, body->data, body->len) == 0)
        n = flat_read((char *)out->copy.data, out->copy.len, members, ARRAY_LEN(members));
    if (n >= 0 && read_members(members, n, table, count, out)) return true;
    fields_clear(out);
    return false;
}

/* --- all bodies ------------------------------------------------------------------------------- */

int
fields_read(const struct http_request *req, const struct field *table, size_t count,
            enum fields_mode mode, struct fields *out, struct http_response *resp) {
    *out = (struct fields){0};
    if (read_simple(req, table, count, out)) return 0;

    if (parse_fields(req, mode, &out->doc, resp) != 0) return ERR_INVALID;
    if (read_document(out->doc, table, count, out, resp) != 0) return ERR_INVALID;

    /* Only now: a field of the table is reported before an unknown one. */
    if (mode == FIELDS_OPEN) return 0;
    return check_known_fields(out->doc, table, count, resp);
}

void
fields_clear(struct fields *f) {
    json_decref(f->doc);
    buf_free(&f->copy);
    explicit_bzero(f, sizeof(*f));
}
