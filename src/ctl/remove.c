/* SPDX-License-Identifier: MIT */
/* Take secrets down by their links or ids.  Only the id of a link leaves the program. */
#include <stdio.h>

#include "base/text/json.h"
#include "ctl/named.h"
#include "ctl/server.h"

enum { REQUEST_MAX = 128 };

/* Print what became of a secret. */
static enum ctl_exit
report_removal(const struct ctl *ctl, const char *line, size_t len) {
    json_t *o = json_parse_object(line, len);
    const char *ref = json_string_value(json_object_get(o, "ref"));
    const char *state = json_string_value(json_object_get(o, "state"));
    bool removed = json_is_true(json_object_get(o, "removed"));
    bool erased = json_is_true(json_object_get(o, "erased"));
    bool known = ref != NULL && state != NULL;

    if (!known) ctl_error("the answer of the server is not understood");
    else if (ctl->opt.json) (void)printf("%s\n", line);
    else if (removed && erased) (void)printf("%s: removed, and its content is erased\n", ref);
    else if (removed) (void)printf("%s: removed; its content is erased within a minute\n", ref);
    else if (strcmp(state, "absent") == 0) (void)printf("%s: there is no such secret\n", ref);
    else (void)printf("%s: it was gone already (%s)\n", ref, state);

    json_decref(o);
    if (!known) return CTL_FAILED;
    return removed ? CTL_DONE : CTL_GONE;
}

/* Remove what ${text} names, and wipe it.  ${line_number} is that of standard input, or 0. */
static enum ctl_exit
remove_one(struct ctl *ctl, char *text, long line_number) {
    char id[TOKEN_SEALED_ID_LEN + 1], request[REQUEST_MAX], line[CTL_LINE_MAX];
    enum ctl_exit status = CTL_FAILED;
    if (!named_take_id(text, id)) {
        if (line_number > 0) ctl_error("line %ld is neither a link nor an id", line_number);
        else ctl_error("that is neither a link nor an id");
        return CTL_USAGE;
    }

    /* Only the id is sent. */
    (void)snprintf(request, sizeof(request), "{\"remove\":\"%s\"}", id);
    FILE *answer = ctl_ask(ctl, request);
    explicit_bzero(id, sizeof(id));
    explicit_bzero(request, sizeof(request));
    if (answer == NULL) return CTL_FAILED;

    ssize_t len = ctl_read_line(answer, line);
    if (len > 0) status = report_removal(ctl, line, (size_t)len);
    else if (len == 0) ctl_error("the server closed the connection without an answer");
    (void)fclose(answer);
    return status;
}

/* Remove what each line of standard input names.  Returns the worst result, which is the lowest
 * exit code but CTL_DONE. */
static enum ctl_exit
remove_lines(struct ctl *ctl) {
    char text[NAMED_LINK_MAX], *at;
    enum ctl_exit worst = CTL_DONE;
    long number = 0;
    bool any = false;

    while ((at = named_next_line(text, &number)) != NULL) {
        any = true;
        enum ctl_exit status = remove_one(ctl, at, number);
        if (status != CTL_DONE && (worst == CTL_DONE || status < worst)) worst = status;
    }

    explicit_bzero(text, sizeof(text));
    if (ferror(stdin) != 0) {
        ctl_error("standard input cannot be read");
        return CTL_FAILED;
    }
    if (any) return worst;

    /* Without a line there is nothing to report but that. */
    ctl_error("standard input has no link");
    return CTL_USAGE;
}

enum ctl_exit
ctl_remove(struct ctl *ctl) {
    if (strcmp(ctl->opt.operand, "-") == 0) return remove_lines(ctl);
    return remove_one(ctl, ctl->opt.operand, 0);
}
