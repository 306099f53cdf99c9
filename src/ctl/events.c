/* SPDX-License-Identifier: MIT */
/* Print events as they are, one JSON object a line: all of them, or those of one secret. */
#include <errno.h>
#include <stdio.h>

#include "base/text/hex.h"
#include "base/text/json.h"
#include "crypto/audit/audit.h"
#include "ctl/named.h"
#include "ctl/server.h"

enum { REF_TEXT = 2 * AUDIT_REF_LEN + 1 };

/*
 * Write the ref of what the operand names to ${ref}, "" without an operand.  Nothing of a link is
 * sent.  Returns CTL_DONE; or another code after printing an error.
 */
static enum ctl_exit
find_ref(struct ctl *ctl, char ref[static REF_TEXT]) {
    char line[NAMED_LINK_MAX], id[TOKEN_SEALED_ID_LEN + 1];
    char *text = ctl->opt.operand;
    uint8_t hash[TOKEN_HASH_LEN];
    long number = 0;
    ref[0] = '\0';
    if (text == NULL) return CTL_DONE;

    if (strcmp(text, "-") == 0) text = named_next_line(line, &number);
    bool found = text != NULL && named_take_id(text, id);
    explicit_bzero(line, sizeof(line));
    if (!found) {
        ctl_error("that is neither a link nor an id");
        return CTL_USAGE;
    }
    token_hash(id, strlen(id), hash);
    hex_write(hash, AUDIT_REF_LEN, ref);
    explicit_bzero(id, sizeof(id));
    return CTL_DONE;
}

/* Whether the event ${line} is of the secret ${ref}. */
static bool
event_is_of(const char *line, size_t len, const char *ref) {
    json_t *o = json_parse_object(line, len);
    const char *got = json_string_value(json_object_get(o, "ref"));
    bool same = got != NULL && strcmp(got, ref) == 0;
    json_decref(o);
    return same;
}

/* Print the events of ${answer}, those of ${ref} unless that is "". */
static enum ctl_exit
print_events(const struct ctl *ctl, FILE *answer, const char *ref) {
    char line[CTL_LINE_MAX];
    bool any = false;
    ssize_t len;

    while ((len = ctl_read_line(answer, line)) > 0) {
        if (ctl_is_end(line)) {
            if (any || ref[0] == '\0') return CTL_DONE;
            ctl_error("the server keeps no event of that");
            return CTL_GONE;
        }
        if (ref[0] != '\0' && !event_is_of(line, (size_t)len, ref)) continue;

        /* Who follows sees each event at once. */
        any = true;
        if (printf("%s\n", line) < 0 || (ctl->opt.follow && fflush(stdout) != 0)) {
            ctl_error("the events cannot be printed: %s", strerrordesc_np(errno));
            return CTL_FAILED;
        }
    }
    if (len == 0) ctl_error("the server closed the connection");
    return CTL_FAILED;
}

enum ctl_exit
ctl_events(struct ctl *ctl) {
    char request[96], ref[REF_TEXT];
    const char *follow = ctl->opt.follow ? "true" : "false";
    enum ctl_exit status = find_ref(ctl, ref);
    if (status != CTL_DONE) return status;

    (void)snprintf(request, sizeof(request), "{\"events\":{\"after\":%lld,\"follow\":%s}}",
                   (long long)ctl->opt.after, follow);
    FILE *answer = ctl_ask(ctl, request);
    if (answer == NULL) return CTL_FAILED;
    status = print_events(ctl, answer, ref);
    (void)fclose(answer);
    return status;
}
