/* SPDX-License-Identifier: MIT */
/*
 * Pass events on, one after the other and each at least once.  The place is written after a
 * delivery, so an event is repeated after a crash, with the same id.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "crypto/audit/json.h"
#include "ctl/delivery.h"
#include "ctl/line.h"
#include "ctl/place.h"
#include "ctl/server.h"
#include "http/url.h"

enum {
    FIRST_MS = 500, /* before the first repetition; it doubles */
    LONGEST_MS = 5 * 60 * 1000,
    PATIENCE_SECONDS = 3 * 24 * 60 * 60, /* of refusals of one event */
    RECONNECT_MS = 1000, /* after the end of a connection; it doubles while nothing comes */
    RECONNECT_LONGEST_MS = 60 * 1000,
    KEY_TEXT_MAX = 128,
    URL_MAX = 4096,
};

struct forward {
    struct ctl *ctl;
    struct delivery delivery;
    char path[PLACE_PATH_MAX]; /* of the place */
    struct place place;
    bool from_now; /* begin after the events that the server has */
    bool away;     /* an error message said that the server could not be reached */
    bool resumed;  /* a chain that was broken is taken as it is now, once */
};

static void
sleep_ms(int64_t ms) {
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Say that it is parked, and why. */
static enum ctl_exit
complain_parked(const struct forward *f) {
    ctl_error("forwarding is parked after event %lld: %s", (long long)f->place.number,
              f->place.parked);
    ctl_hint(
        "Once that is mended, or to take the events of the server as they are now, run it with "
        "--resume.");
    return CTL_PARKED;
}

/* Deliver nothing any more until somebody has looked at it. */
static enum ctl_exit
park(struct forward *f, const char *reason) {
    (void)snprintf(f->place.parked, sizeof(f->place.parked), "%s", reason);
    (void)!place_save(f->path, &f->place);
    return complain_parked(f);
}

/* How long to wait after ${tries} failures: twice as long each time, or as the receiver asks. */
static int64_t
pause_ms(const struct forward *f, int tries) {
    int64_t ms = FIRST_MS;
    if (f->delivery.retry_after > LONGEST_MS / 1000) return LONGEST_MS;
    for (int i = 1; i < tries && ms < LONGEST_MS; i++)
        ms *= 2;
    if (f->delivery.retry_after * 1000 > ms) ms = f->delivery.retry_after * 1000;
    return ms < LONGEST_MS ? ms : LONGEST_MS;
}

/* Set the place to ${e}.  Returns CTL_DONE, or CTL_FAILED after printing an error. */
static enum ctl_exit
advance_place(struct forward *f, const struct audit_event *e) {
    f->place.number = e->number;
    memcpy(f->place.hash, e->hash, sizeof(f->place.hash));
    return place_save(f->path, &f->place) == 0 ? CTL_DONE : CTL_FAILED;
}

/* Deliver ${e}, as ${line}, however long it takes. */
static enum ctl_exit
deliver(struct forward *f, const struct audit_event *e, const char *line, size_t len) {
    int64_t begun = clock_now(&clock_system);
    for (int tries = 1;; tries++) {
        enum delivery_result result = delivery_try(&f->delivery, e, line, len);
        if (result == DELIVERY_DONE && tries > 1)
            ctl_error("event %lld was taken: forwarding continues", (long long)e->number);
        if (result == DELIVERY_DONE) return advance_place(f, e);
        if (result == DELIVERY_GONE) return park(f, f->delivery.reason);

        if (tries == 1)
            ctl_error("event %lld is repeated until it is taken: %s", (long long)e->number,
                      f->delivery.reason);
        if (clock_now(&clock_system) - begun > PATIENCE_SECONDS) return park(f, f->delivery.reason);
        sleep_ms(pause_ms(f, tries));
    }
}

/* Check that ${e} comes after what was delivered.  Returns CTL_DONE, or the exit code. */
static enum ctl_exit
check_order(struct forward *f, const struct audit_event *e) {
    const struct place *last = &f->place;
    if (e->number == last->number + 1 && !audit_follows(e, last->hash)) {
        if (!f->resumed) return park(f, "the chain is broken: an event was changed");
        ctl_error("event %lld does not follow from event %lld", (long long)e->number,
                  (long long)last->number);
    }

    f->resumed = false;
    if (last->number > 0 && e->number > last->number + 1)
        ctl_error("events %lld to %lld were dropped before they could be forwarded",
                  (long long)last->number + 1, (long long)e->number - 1);
    return CTL_DONE;
}

/* Read the event ${line} into ${out}.  Returns CTL_DONE, or the exit code. */
static enum ctl_exit
read_event(const char *line, size_t len, struct audit_event *out) {
    if (audit_json_read(line, len, out) == 0) return CTL_DONE;
    ctl_error("the server sent a line that is no event");
    return CTL_FAILED;
}

static enum ctl_exit
forward_line(struct forward *f, const char *line, size_t len) {
    struct audit_event e;
    enum ctl_exit status = read_event(line, len, &e);
    if (status == CTL_DONE) status = check_order(f, &e);
    return status == CTL_DONE ? deliver(f, &e, line, len) : status;
}

/* Ask for the events after ${number}.  Returns the answer, or NULL after printing an error. */
static FILE *
ask_events(struct forward *f, int64_t number, bool follow) {
    char request[96];
    (void)snprintf(request, sizeof(request), "{\"events\":{\"after\":%lld,\"follow\":%s}}",
                   (long long)number, follow ? "true" : "false");
    FILE *answer = ctl_ask(f->ctl, request);
    if (answer != NULL && f->away)
        ctl_error("the server can be reached: forwarding continues after event %lld",
                  (long long)f->place.number);
    f->away = answer == NULL;
    return answer;
}

/*
 * Set the place to the last event that the server has.  Sets ${present} to whether the server gave
 * all events.  Returns CTL_DONE, or the exit code.
 */
static enum ctl_exit
skip_kept(struct forward *f, bool *present) {
    char line[CTL_LINE_MAX];
    struct audit_event last = {0};
    enum ctl_exit status = CTL_DONE;
    ssize_t len;
    *present = false;
    FILE *answer = ask_events(f, 0, false);
    if (answer == NULL) return CTL_DONE;

    while (status == CTL_DONE && !*present && (len = ctl_read_line(answer, line)) > 0) {
        *present = ctl_is_end(line);
        if (!*present) status = read_event(line, (size_t)len, &last);
    }
    (void)fclose(answer);
    if (status != CTL_DONE || !*present) return status;
    f->from_now = false;
    return advance_place(f, &last);
}

/*
 * Check that the server still has the event that was delivered last, or only later ones: else its
 * data is that of another server, or an older copy.  Sets ${present} if the server answers.
 * Returns CTL_DONE, or the exit code.
 */
static enum ctl_exit
check_place(struct forward *f, bool *present) {
    char line[CTL_LINE_MAX];
    struct audit_event e = {0};
    *present = true;
    if (f->from_now) return skip_kept(f, present);
    if (f->place.number == 0) return CTL_DONE;

    FILE *answer = ask_events(f, f->place.number - 1, false);
    ssize_t len = answer != NULL ? ctl_read_line(answer, line) : -1;
    if (answer != NULL) (void)fclose(answer);
    *present = len > 0;
    if (!*present) return CTL_DONE;

    /* The line that ends the answer is no event. */
    bool any = audit_json_read(line, (size_t)len, &e) == 0;
    bool same = memcmp(e.hash, f->place.hash, sizeof(e.hash)) == 0;
    if (any && (e.number > f->place.number || same)) return CTL_DONE;
    if (!f->resumed) return park(f, "the events of the server are not those that were forwarded");
    f->place = (struct place){0};
    return CTL_DONE;
}

/* Forward what the server sends until the connection ends.  Returns CTL_DONE then. */
static enum ctl_exit
forward_some(struct forward *f) {
    char line[CTL_LINE_MAX];
    bool present = false;
    enum ctl_exit status = check_place(f, &present);
    ssize_t len = 0;
    if (status != CTL_DONE || !present) return status;

    FILE *answer = ask_events(f, f->place.number, true);
    if (answer == NULL) return CTL_DONE;
    while (status == CTL_DONE && (len = ctl_read_line(answer, line)) > 0)
        status = forward_line(f, line, (size_t)len);
    (void)fclose(answer);
    return status;
}

/* Read the key that ${method} names into the delivery. */
static enum ctl_exit
take_key(struct forward *f, const char *method) {
    char text[KEY_TEXT_MAX] = "";
    const char *value = NULL;
    if (method != NULL && strncmp(method, "env:", 4) == 0) value = f->ctl->env(method + 4);
    if (method != NULL && strncmp(method, "file:", 5) == 0) {
        FILE *file = fopen(method + 5, "re");
        bool ended;
        if (file != NULL && line_read(file, text, sizeof(text), &ended) > 0) value = text;
        if (file != NULL) (void)fclose(file);
    }

    int err = ERR_INVALID;
    if (value == text) text[strcspn(text, "\r")] = '\0';
    if (value != NULL) err = delivery_read_key(&f->delivery, value);
    explicit_bzero(text, sizeof(text));
    if (err == 0) return CTL_DONE;
    ctl_error("no signing key: --key must name one of the form whsec_BASE64, of 24 to 64 bytes");
    ctl_hint("Name it by env:NAME or file:PATH, for instance file:/etc/secretsd/webhook.key.");
    return CTL_USAGE;
}

/* Check the address of the webhook: what can never work is told before anything is sent. */
static enum ctl_exit
check_url(const char *url) {
    char plain[URL_MAX];
    if (http_url_ascii(url, plain, sizeof(plain)) != 0) {
        ctl_error("--url is not an address of https, or names a user or password");
        ctl_hint("An address looks like https://HOST/PATH.");
        return CTL_USAGE;
    }
    if (!http_url_is_exposed(plain)) return CTL_DONE;
    ctl_error("--url would send the events unencrypted to another host");
    ctl_hint("Use https, or --exec with a program that sends them.");
    return CTL_USAGE;
}

/* Set up where events go. */
static enum ctl_exit
choose_way(struct forward *f) {
    const struct ctl_options *opt = &f->ctl->opt;
    if ((opt->url == NULL) == (opt->command == NULL)) {
        ctl_error("name one way: --url or --exec");
        return CTL_USAGE;
    }
    f->delivery.url = opt->url;
    f->delivery.command = opt->command;
    if (opt->command != NULL) return CTL_DONE;

    const struct http_client_options options = {.user_agent = "secretsctl/" VERSION,
                                                .ca_file = f->ctl->env("SSL_CERT_FILE"),
                                                .ca_dir = f->ctl->env("SSL_CERT_DIR"),
                                                .proxy_from_env = true,
                                                .idle_max = 1};
    enum ctl_exit status = check_url(opt->url);
    if (status == CTL_DONE) status = take_key(f, opt->key);
    if (status == CTL_DONE) f->delivery.client = http_client_new(&options);
    return status == CTL_DONE && f->delivery.client == NULL ? CTL_FAILED : status;
}

/* Find and read the place. */
static enum ctl_exit
take_place(struct forward *f) {
    const char *dir = f->ctl->env("STATE_DIRECTORY"), *named = f->ctl->opt.place;
    if (named == NULL && dir == NULL) {
        ctl_error("--place must name a file that keeps how far events were forwarded");
        return CTL_USAGE;
    }
    if (named != NULL) (void)snprintf(f->path, sizeof(f->path), "%s", named);
    else (void)snprintf(f->path, sizeof(f->path), "%s/place", dir);
    if (place_load(f->path, &f->place) != 0) return CTL_FAILED;

    /* Somebody has to know that it is parked. */
    if (f->place.parked[0] != '\0' && !f->ctl->opt.resume) return complain_parked(f);
    f->resumed = f->place.parked[0] != '\0';
    f->place.parked[0] = '\0';
    f->from_now = f->ctl->opt.from_now && !f->place.found;
    return CTL_DONE;
}

enum ctl_exit
ctl_forward(struct ctl *ctl) {
    struct forward f = {.ctl = ctl};
    enum ctl_exit status = choose_way(&f);
    if (status == CTL_DONE) status = take_place(&f);

    /* A server that is away for long is asked less often, since each time is a line in the log. */
    int64_t wait = RECONNECT_MS;
    while (status == CTL_DONE) {
        int64_t before = f.place.number;
        status = forward_some(&f);
        if (f.place.number != before) wait = RECONNECT_MS;
        if (status == CTL_DONE) sleep_ms(wait);
        wait = wait < RECONNECT_LONGEST_MS / 2 ? 2 * wait : RECONNECT_LONGEST_MS;
    }
    http_client_free(f.delivery.client);
    explicit_bzero(&f.delivery, sizeof(f.delivery));
    return status;
}
