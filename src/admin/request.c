/* SPDX-License-Identifier: MIT */
/* Requests as JSON. */
#include "admin/admin.h"
#include "base/err.h"
#include "base/text/json.h"

static bool
read_remove(const json_t *value, struct admin_request *out) {
    const char *id = json_string_value(value);
    size_t len = json_string_length(value);
    if (id == NULL || (!token_is_sealed_id(id, len) && !token_is_classic_id(id, len))) return false;
    out->kind = ADMIN_REMOVE;
    memcpy(out->id, id, len);
    return true;
}

static bool
read_events(const json_t *value, struct admin_request *out) {
    const json_t *after = json_object_get(value, "after"),
                 *follow = json_object_get(value, "follow");
    size_t members = (size_t)(after != NULL) + (size_t)(follow != NULL);
    if (!json_is_object(value) || json_object_size(value) != members) return false;

    out->kind = ADMIN_EVENTS;
    out->after = json_integer_value(after);
    out->follow = json_is_true(follow);
    return (after == NULL || (json_is_integer(after) && out->after >= 0)) &&
           (follow == NULL || json_is_boolean(follow));
}

/* Read the object ${o}, which has one member. */
static int
read_request(json_t *o, struct admin_request *out) {
    const json_t *remove = json_object_get(o, "remove"), *stats = json_object_get(o, "stats"),
                 *events = json_object_get(o, "events");
    bool ok = false;
    *out = (struct admin_request){.kind = ADMIN_STATS};
    if (json_object_size(o) != 1) return ERR_INVALID;

    if (remove != NULL) ok = read_remove(remove, out);
    else if (events != NULL) ok = read_events(events, out);
    else ok = json_is_true(stats);
    return ok ? 0 : ERR_INVALID;
}

int
admin_read(const char *text, size_t len, struct admin_request *out) {
    json_t *o = json_parse_object(text, len);
    int err = read_request(o, out);
    json_decref(o);
    return err;
}

int
admin_read_direct(const char *text, size_t len, struct admin_request *out) {
    static const char key[] = "\"secretsctl\"";
    int result = 0;

    /* Most events are those of a gateway, and are parsed elsewhere. */
    if (len > ADMIN_REQUEST_MAX || memmem(text, len, key, sizeof(key) - 1) == NULL) return 0;

    json_t *o = json_parse_object(text, len);
    json_t *request = json_object_get(o, "secretsctl");
    if (json_object_size(o) == 1 && request != NULL) {
        result = read_request(request, out);
        if (result == 0) result = 1;
    }
    json_decref(o);
    return result;
}
