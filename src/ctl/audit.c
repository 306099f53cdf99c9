/* SPDX-License-Identifier: MIT */
/* Check a file of events: each row follows from the one before it, and none is missing. */
#include <errno.h>
#include <stdio.h>

#include "base/text/hex.h"
#include "crypto/audit/json.h"
#include "ctl/ctl.h"

/* What is known of the file so far. */
struct audit {
    const char *anchor;       /* hash that must be in the file; NULL for none */
    bool anchored;            /* it is there */
    int64_t first;            /* number of the first event; 0 before it */
    struct audit_event event; /* the latest one */
    int64_t gaps;             /* places where numbers are missing */
    long line;
};

static bool
is_hash(const char *hex, const uint8_t hash[static AUDIT_HASH_LEN]) {
    char text[2 * AUDIT_HASH_LEN + 1];
    hex_write(hash, AUDIT_HASH_LEN, text);
    return strcasecmp(text, hex) == 0;
}

static enum ctl_exit
break_at(const struct audit *a, const struct audit_event *e, const char *why) {
    (void)printf("line %ld: event %lld %s\n", a->line, (long long)e->number, why);
    return CTL_BROKEN;
}

static void
report_gap(long line, int64_t from, int64_t to) {
    if (from == to) (void)printf("line %ld: event %lld is missing\n", line, (long long)from);
    else
        (void)printf("line %ld: events %lld to %lld are missing\n", line, (long long)from,
                     (long long)to);
}

/* Check that ${e} follows from what came before it. */
static enum ctl_exit
check_link(struct audit *a, const struct audit_event *e) {
    static const uint8_t none[AUDIT_HASH_LEN];
    const struct audit_event *last = &a->event;

    /* The first row of a file is checked against nothing, unless it is the first of all. */
    if (a->first == 0) {
        if (e->number == 1 && !audit_follows(e, none)) return break_at(a, e, "was changed");
        return CTL_DONE;
    }
    if (e->number <= last->number) return break_at(a, e, "is out of order");
    if (e->number > last->number + 1) {
        report_gap(a->line, last->number + 1, e->number - 1);
        a->gaps++;
        return CTL_DONE;
    }
    if (!audit_follows(e, last->hash))
        return break_at(a, e, "does not follow from the one before it: one of the two was changed");
    return CTL_DONE;
}

static enum ctl_exit
audit_line(struct audit *a, const char *line) {
    struct audit_event e;
    size_t len = strcspn(line, "\n");
    a->line++;
    if (len == 0) return CTL_DONE;
    if (audit_json_read(line, len, &e) != 0) {
        (void)printf("line %ld: not an event\n", a->line);
        return CTL_BROKEN;
    }

    enum ctl_exit status = check_link(a, &e);
    if (a->first == 0) a->first = e.number;
    if (a->anchor != NULL && is_hash(a->anchor, e.hash)) a->anchored = true;
    a->event = e;
    return status;
}

static enum ctl_exit
audit_file(struct audit *a, FILE *file) {
    char line[AUDIT_JSON_MAX + 1];
    enum ctl_exit status = CTL_DONE;

    while (status == CTL_DONE && fgets(line, sizeof(line), file) != NULL)
        status = audit_line(a, line);
    if (ferror(file) == 0) return status;
    ctl_error("the file cannot be read: %s", strerrordesc_np(errno));
    return CTL_FAILED;
}

/* Print what a file without a break has.  Returns the exit code. */
static enum ctl_exit
conclude(const struct audit *a) {
    if (a->first == 0) {
        (void)printf("no events\n");
        return a->anchor == NULL ? CTL_DONE : CTL_BROKEN;
    }

    (void)printf("events %lld to %lld", (long long)a->first, (long long)a->event.number);
    if (a->gaps == 0) (void)printf(": none is missing, none was changed\n");
    else (void)printf(": %lld gaps, none of the rest was changed\n", (long long)a->gaps);
    if (a->anchor != NULL && !a->anchored)
        (void)printf("the event of --anchor is not among them\n");
    return a->gaps > 0 || (a->anchor != NULL && !a->anchored) ? CTL_BROKEN : CTL_DONE;
}

enum ctl_exit
ctl_audit(struct ctl *ctl) {
    struct audit a = {.anchor = ctl->opt.anchor};
    bool piped = strcmp(ctl->opt.operand, "-") == 0;
    FILE *file = piped ? stdin : fopen(ctl->opt.operand, "re");
    if (file == NULL) {
        ctl_error("%s cannot be opened: %s", ctl->opt.operand, strerrordesc_np(errno));
        return CTL_USAGE;
    }

    enum ctl_exit status = audit_file(&a, file);
    if (!piped) (void)fclose(file);
    return status == CTL_DONE ? conclude(&a) : status;
}
