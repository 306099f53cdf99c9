/* SPDX-License-Identifier: MIT */
#include "cli/transfer/verdict.h"

#include <string.h>

static bool
is_success(int status) {
    return status >= 200 && status < 300;
}

/* Return whether ${type} is ${name}, with or without parameters. */
static bool
is_content_type(const char *type, const char *name) {
    size_t len = strlen(name);
    return strncasecmp(type, name, len) == 0 && (type[len] == '\0' || type[len] == ';');
}

static bool
has_expected_json(const struct response_facts *f, const struct expectation *expected) {
    if (f->json == NULL) return false;
    return expected->field == NULL || json_object_get(f->json, expected->field) != NULL;
}

/* A response that no body tells apart from that of a proxy is ours by its mark, or by nothing. */
static enum verdict
verdict_by_mark(const struct response_facts *f, enum server_marks marks) {
    if (f->marked) return VERDICT_OURS;
    switch (marks) {
    case MARKS_PRESENT: return VERDICT_FOREIGN;
    case MARKS_ABSENT: return VERDICT_OURS;
    case MARKS_UNKNOWN: break;
    }
    return VERDICT_UNKNOWN;
}

static enum verdict
verdict_of_success(const struct response_facts *f, const struct expectation *expected,
                   enum server_marks marks) {
    bool ours = false;
    switch (expected->kind) {
    case EXPECT_EMPTY:
        if (f->status == 204) return verdict_by_mark(f, marks);
        break;
    case EXPECT_BYTES:
        ours = is_content_type(f->content_type, "application/octet-stream") &&
               f->body_len == expected->length;
        break;
    case EXPECT_JSON:
    case EXPECT_DECRYPTED:
        ours =
            is_content_type(f->content_type, "application/json") && has_expected_json(f, expected);
        break;
    case EXPECT_FILE: ours = has_expected_json(f, expected); break;
    }
    return ours ? VERDICT_OURS : VERDICT_FOREIGN;
}

static enum verdict
verdict_of_refusal(const struct response_facts *f, const struct expectation *expected,
                   enum server_marks marks) {
    bool problem = is_content_type(f->content_type, "application/problem+json") &&
                   json_is_string(json_object_get(f->json, "code"));
    if (problem || f->marked) return VERDICT_OURS;

    bool empty_404 = f->status == 404 && f->body_len == 0;
    if (expected->kind == EXPECT_DECRYPTED && empty_404) return verdict_by_mark(f, marks);
    return VERDICT_FOREIGN;
}

enum verdict
verdict_of(const struct response_facts *f, const struct expectation *expected,
           enum server_marks marks) {
    enum verdict verdict = VERDICT_FOREIGN; /* we send no redirects */
    if (is_success(f->status)) verdict = verdict_of_success(f, expected, marks);
    else if (f->status >= 400) verdict = verdict_of_refusal(f, expected, marks);

    /* A static host answers a missing file by an error of its own, or by its start page. */
    bool refused = f->status >= 400 && f->status < 500;
    bool elsewhere = is_success(f->status) ||
                     (refused && (f->status == 404 || !verdict_is_transient(f->status)));
    if (expected->kind == EXPECT_FILE && verdict != VERDICT_OURS && elsewhere)
        return VERDICT_ABSENT;
    return verdict;
}

bool
verdict_is_final(int status, bool marked) {
    bool later = status == 408 || status == 425 || status == 429;
    return marked && status >= 400 && status < 500 && !later;
}

bool
verdict_is_transient(int status) {
    if (status >= 500 || is_success(status)) return true;
    return status == 404 || status == 408 || status == 425 || status == 429;
}
