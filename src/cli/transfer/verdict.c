/* SPDX-License-Identifier: MIT */
#include "cli/transfer/verdict.h"

#include <string.h>

#include "http/problem.h"

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

/* Return whether ${f} has the form of an error of this service: a problem document without a type
 * of its own, and with a code of ours. */
static bool
is_our_problem(const struct response_facts *f) {
    static const char *const codes[] = {
#define X(name, code, status, title) code,
        PROBLEM_LIST(X)
#undef X
    };
    const json_t *type = json_object_get(f->json, "type");
    const char *code = json_string_value(json_object_get(f->json, "code"));
    if (!is_content_type(f->content_type, "application/problem+json") || code == NULL) return false;
    bool plain = type == NULL ||
                 (json_is_string(type) && strcmp(json_string_value(type), "about:blank") == 0);
    if (!plain) return false;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(code, codes[i]) == 0) return true;
    return false;
}

/* An unmarked response, which something before the server may have sent, is ours only if the server
 * does not mark its responses. */
static enum verdict
verdict_of_unmarked(enum server_marks marks) {
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
        /* Anything may send it: there is nothing in it. */
        ours = f->status == 204;
        if (ours && !f->marked) return verdict_of_unmarked(marks);
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
    if (f->marked) return VERDICT_OURS;

    bool empty_404 = f->status == 404 && f->body_len == 0;
    bool classic = expected->kind == EXPECT_DECRYPTED && empty_404;
    if (!classic && !is_our_problem(f)) return VERDICT_FOREIGN;

    /* Whose answer it is decides only where the server is looked for. */
    enum verdict verdict = verdict_of_unmarked(marks);
    if (expected->kind == EXPECT_FILE && verdict == VERDICT_UNKNOWN) return VERDICT_OURS;
    return verdict;
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
verdict_is_transient(int status) {
    if (status >= 500 || is_success(status)) return true;
    return status == 404 || status == 408 || status == 425 || status == 429;
}
