/* SPDX-License-Identifier: MIT */
/* Print what the server holds. */
#include <stdio.h>

#include "base/text/json.h"
#include "ctl/server.h"

/* Print the members of ${o}, one a line, each after ${prefix}. */
static void
print_members(json_t *o, const char *prefix) {
    const char *name;
    json_t *value;
    json_object_foreach(o, name, value) {
        char key[80];
        (void)snprintf(key, sizeof(key), "%s%s", prefix, name);
        if (json_is_integer(value))
            (void)printf("%-22s %lld\n", key, (long long)json_integer_value(value));
        else if (json_is_string(value)) (void)printf("%-22s %s\n", key, json_string_value(value));
        else if (json_is_boolean(value))
            (void)printf("%-22s %s\n", key, json_is_true(value) ? "yes" : "no");
        else if (prefix[0] == '\0') {
            char inner[72];
            (void)snprintf(inner, sizeof(inner), "%s.", name);
            print_members(value, inner);
        }
    }
}

enum ctl_exit
ctl_stats(struct ctl *ctl) {
    char line[CTL_LINE_MAX];
    FILE *answer = ctl_ask(ctl, "{\"stats\":true}");
    if (answer == NULL) return CTL_FAILED;

    ssize_t len = ctl_read_line(answer, line);
    (void)fclose(answer);
    if (len == 0) ctl_error("the server closed the connection without an answer");
    if (len <= 0) return CTL_FAILED;
    if (ctl->opt.json) {
        (void)printf("%s\n", line);
        return CTL_DONE;
    }

    json_t *o = json_parse_object(line, (size_t)len);
    print_members(o, "");
    json_decref(o);
    return CTL_DONE;
}
