/* SPDX-License-Identifier: MIT */
/* Print events as they are, one JSON object a line. */
#include <errno.h>
#include <stdio.h>

#include "ctl/server.h"

enum ctl_exit
ctl_events(struct ctl *ctl) {
    char request[96], line[CTL_LINE_MAX];
    const char *follow = ctl->opt.follow ? "true" : "false";
    (void)snprintf(request, sizeof(request), "{\"events\":{\"after\":%lld,\"follow\":%s}}",
                   (long long)ctl->opt.after, follow);
    FILE *answer = ctl_ask(ctl, request);
    if (answer == NULL) return CTL_FAILED;

    /* The last line is no event: without it the answer is not whole. */
    ssize_t len = 0;
    bool ended = false;
    while ((len = ctl_read_line(answer, line)) > 0) {
        ended = strcmp(line, "{\"end\":true}") == 0;
        if (ended) break;
        /* Who follows sees each event at once. */
        if (printf("%s\n", line) < 0 || (ctl->opt.follow && fflush(stdout) != 0)) {
            ctl_error("the events cannot be printed: %s", strerrordesc_np(errno));
            break;
        }
    }

    (void)fclose(answer);
    if (ended) return CTL_DONE;
    if (len == 0) ctl_error("the server closed the connection");
    return CTL_FAILED;
}
