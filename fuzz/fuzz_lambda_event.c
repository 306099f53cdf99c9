/* SPDX-License-Identifier: MIT */
/* Any event to the function, and the response in the form of its caller. */
#include "base/text/json.h"
#include "lambda/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct event e;
    struct http_response resp;
    struct buf out = BUF_INIT(1 << 20);

    json_setup();
    http_response_init(&resp, 1 << 16);
    if (event_parse((const char *)data, len, "/share", &e) == 0 && e.kind != EVENT_SCHEDULE) {
        /* What the API relies on.  It gets no event that is refused. */
        bool refused = e.broken || e.too_long;
        if (!refused && (e.request.path[0] != '/' || e.request.query == NULL)) abort();
        event_read_viewer(&e, "0123456789abcdef");
        resp.status = 200;
        http_response_setf(&resp, "X-Test", "%.100s", refused ? "" : e.request.path);
        if (buf_add(&resp.body, data, len < 1000 ? len : 1000) != 0) abort();
        if (event_respond(&e, &resp, &out) == 0) {
            json_t *o = json_loadb((const char *)out.data, out.len, JSON_ALLOW_NUL, NULL);
            if (json_integer_value(json_object_get(o, "statusCode")) != 200) abort();
            json_decref(o);
        }
    }
    http_response_clear(&resp);
    event_clear(&e);
    buf_free(&out);
    return 0;
}
