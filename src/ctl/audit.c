/* SPDX-License-Identifier: MIT */
/* Check a file of events: each row follows from the one before it, and none is missing. */
#include <errno.h>
#include <stdio.h>

#include "base/text/base64.h"
#include "base/text/hex.h"
#include "crypto/audit/json.h"
#include "ctl/ctl.h"
#include "ctl/line.h"

enum { GAPS_MAX = 64 * 1024 /* bytes of lines about gaps, more than one secret can have */ };

/* What is known of the file so far. */
struct audit {
    bool anchors;                   /* the file must have the hash ${anchor} */
    uint8_t anchor[AUDIT_HASH_LEN]; /* in an event that was kept elsewhere */
    int64_t anchored;               /* number of the event that has it; 0 before it */
    struct audit_event first;       /* number 0 before it */
    struct audit_event event;       /* the latest one */
    bool several;                   /* they are not all of one secret */
    int64_t gaps;                   /* places where numbers are missing */
    struct buf gap_lines;           /* about gaps, not printed yet */
    long line;
};

/* Read the hash ${text}, in hexadecimal digits as events have it or in base64url as the place of
 * forward has it.  Returns whether it is one. */
static bool
read_anchor(const char *text, uint8_t out[static AUDIT_HASH_LEN]) {
    size_t len = strlen(text);
    if (len == 2 * (size_t)AUDIT_HASH_LEN && hex_read(text, out, AUDIT_HASH_LEN) == 0) return true;
    return base64_decode_exact(BASE64_URL, text, len, out, AUDIT_HASH_LEN) == 0;
}

static void
print_gaps(struct audit *a) {
    (void)fwrite(a->gap_lines.data, 1, a->gap_lines.len, stdout);
    buf_reset(&a->gap_lines);
}

static enum ctl_exit
break_at(struct audit *a, const struct audit_event *e, const char *why) {
    print_gaps(a);
    (void)printf("line %ld: event %lld %s\n", a->line, (long long)e->number, why);
    return CTL_BROKEN;
}

/* Note that the events ${from} to ${to} are missing.  It is printed later, since the events of one
 * secret have gaps that mean nothing. */
static void
note_gap(struct audit *a, int64_t from, int64_t to) {
    char line[96];
    if (from == to)
        (void)snprintf(line, sizeof(line), "line %ld: event %lld is missing\n", a->line,
                       (long long)from);
    else
        (void)snprintf(line, sizeof(line), "line %ld: events %lld to %lld are missing\n", a->line,
                       (long long)from, (long long)to);

    a->gaps++;
    if (buf_add(&a->gap_lines, line, strlen(line)) == 0) return;
    print_gaps(a);
    (void)fputs(line, stdout);
}

/* Check that ${e} follows from what came before it. */
static enum ctl_exit
check_link(struct audit *a, const struct audit_event *e) {
    static const uint8_t none[AUDIT_HASH_LEN];
    const struct audit_event *last = &a->event;

    /* The first row of a file is checked against nothing, unless it is the first of all. */
    if (a->first.number == 0) {
        if (e->number == 1 && !audit_follows(e, none)) return break_at(a, e, "was changed");
        return CTL_DONE;
    }
    if (e->number <= last->number) return break_at(a, e, "is out of order");
    if (e->number > last->number + 1) {
        note_gap(a, last->number + 1, e->number - 1);
        return CTL_DONE;
    }
    if (!audit_follows(e, last->hash))
        return break_at(a, e, "does not follow from the one before it: one of the two was changed");
    return CTL_DONE;
}

static enum ctl_exit
audit_line(struct audit *a, const char *line, ssize_t len) {
    struct audit_event e;
    a->line++;
    if (len == 0) return CTL_DONE;
    if (len == LINE_BAD || audit_json_read(line, (size_t)len, &e) != 0) {
        print_gaps(a);
        (void)printf("line %ld: not an event as secretsctl events prints it\n", a->line);
        return CTL_BROKEN;
    }

    enum ctl_exit status = check_link(a, &e);
    if (a->first.number == 0) a->first = e;
    if (!audit_has_ref(e.kind) || memcmp(e.ref, a->first.ref, sizeof(e.ref)) != 0)
        a->several = true;
    if (a->anchors && memcmp(a->anchor, e.hash, sizeof(e.hash)) == 0) a->anchored = e.number;
    a->event = e;
    return status;
}

static enum ctl_exit
audit_file(struct audit *a, FILE *file) {
    char line[AUDIT_JSON_MAX + 1];
    enum ctl_exit status = CTL_DONE;
    bool ended = true;

    while (status == CTL_DONE && ended) {
        ssize_t len = line_read(file, line, sizeof(line), &ended);
        if (len != 0 || ended) status = audit_line(a, line, len);
    }
    if (ferror(file) == 0) return status;
    ctl_error("the file cannot be read: %s", strerrordesc_np(errno));
    return CTL_FAILED;
}

/* Print what the check cannot tell. */
static void
print_unchecked(const struct audit *a) {
    long long first = a->first.number, last = a->event.number;
    if (a->anchored != 0)
        (void)printf(
            "the event of --anchor is event %lld: none up to it was replaced or cut off at "
            "the end\n",
            (long long)a->anchored);
    else
        (void)printf("not checked without --anchor: whether events after %lld were cut off, or all "
                     "were replaced\n",
                     last);
    if (first > 1)
        (void)printf("not checked: event %lld itself, and whether events before it were cut off or "
                     "were too old\n",
                     first);
}

/* Print what a file without a break has.  Returns the exit code. */
static enum ctl_exit
conclude(struct audit *a) {
    long long first = a->first.number, last = a->event.number;
    if (first == 0) {
        (void)printf("there are no events\n");
        return CTL_BROKEN;
    }

    /* Between the events of one secret those of the others are missing. */
    if (a->gaps > 0 && !a->several) {
        ctl_error("these are the events of one secret, which cannot be audited");
        ctl_hint("Give audit the events of all secrets, as secretsctl events prints them.");
        return CTL_USAGE;
    }

    print_gaps(a);
    if (a->anchors && a->anchored == 0) {
        (void)printf("the event of --anchor is not among events %lld to %lld: it was cut off or "
                     "replaced, or was too old\n",
                     first, last);
        return CTL_BROKEN;
    }

    (void)printf("events %lld to %lld: ", first, last);
    if (a->gaps == 0) (void)printf("none is missing between them, none was changed\n");
    else (void)printf("%lld gaps, none of the rest was changed\n", (long long)a->gaps);
    print_unchecked(a);
    return a->gaps > 0 ? CTL_BROKEN : CTL_DONE;
}

enum ctl_exit
ctl_audit(struct ctl *ctl) {
    const struct ctl_options *opt = &ctl->opt;
    struct audit a = {.anchors = opt->anchor != NULL, .gap_lines = BUF_INIT(GAPS_MAX)};
    if (a.anchors && !read_anchor(opt->anchor, a.anchor)) {
        ctl_error("--anchor must be the hash of an event, from its member hash or from the file of "
                  "--place");
        return CTL_USAGE;
    }

    /* The operand "-" is standard input. */
    bool piped = strcmp(opt->operand, "-") == 0;
    FILE *file = piped ? stdin : fopen(opt->operand, "re");
    if (file == NULL) {
        ctl_error("%s cannot be opened: %s", opt->operand, strerrordesc_np(errno));
        return CTL_USAGE;
    }

    enum ctl_exit status = audit_file(&a, file);
    if (!piped) (void)fclose(file);
    if (status == CTL_DONE) status = conclude(&a);
    buf_free(&a.gap_lines);
    return status;
}
