/* SPDX-License-Identifier: MIT */
/* What remote.h says of calls that failed. */
#include "cli/terminal/say.h"
#include "cli/transfer/remote.h"

enum { REASON_MAX = 2048, WAIT_TOLD_MAX = 24 * 3600 };

int
remote_reason(const struct remote *r, const struct remote_response *resp, struct buf *reason) {
    if (resp->failure == HTTP_FAILURE_TOO_LARGE)
        return buf_printf(reason, "unexpected response from %s", r->base);
    const char *separator = resp->detail[0] == '\0' ? "" : ": ";
    if (resp->status == 0)
        return buf_printf(reason, "no response from %s%s%s", r->base, separator, resp->detail);
    if (!resp->foreign) {
        return buf_printf(reason, "%s answered %d%s%s", r->base, resp->status, separator,
                          resp->detail);
    }
    if (resp->location[0] != '\0') {
        return buf_printf(reason, "a proxy responded instead of %s, with a redirect to %s", r->base,
                          resp->location);
    }
    return buf_printf(reason, "a proxy responded instead of %s, with status %d", r->base,
                      resp->status);
}

/* Say what to do about the response of a proxy that has no time for the request, or no server. */
static void
hint_foreign_later(const struct remote_response *resp) {
    long long wait = (long long)resp->retry_after;
    const char *why = "The proxy in front gets no good response from the server";
    if (resp->status == 429) why = "The proxy in front limits how often you may ask";
    if (resp->status == 408) why = "The proxy in front waited too long for the request";

    if (wait > 0 && wait <= WAIT_TOLD_MAX)
        say_hint("%s. Run the same command again in %lld seconds.", why, wait);
    else say_hint("%s. Run the same command again later, or ask the operator.", why);
}

/* Say what to do about the response of a proxy. */
static void
hint_foreign(const struct remote_response *resp) {
    int status = resp->status;
    if (resp->server_len > 0)
        say_hint("Use that address: --server %.*s", (int)resp->server_len, resp->location);
    else if (resp->location[0] != '\0')
        say_hint("It may be a page for signing in. Ask the operator for an address that programs "
                 "can use.");
    else if (status == 413)
        say_hint("A proxy in front limits what may be sent. Share a file without --classic, which "
                 "sends it in parts, or ask the operator (nginx: client_max_body_size).");
    else if (status == 401 || status == 403 || status == 407)
        say_hint("A proxy, firewall or sign-in page may refuse it. Ask the operator.");
    else if (status == 408 || status == 429 || status >= 500) hint_foreign_later(resp);
    else if (status < 300)
        say_hint("Check the address, and whether this network asks you to sign in first. Then run "
                 "the same command again.");
    else
        say_hint("A proxy, or another program at that address, may have answered. Check the "
                 "address, then run the same command again.");
}

static void
complain_network(const struct remote *r, const struct remote_response *resp) {
    struct buf reason = BUF_INIT(REASON_MAX);
    if (resp->failure == HTTP_FAILURE_TLS) {
        say_error("no trusted connection to %s: %s", r->base, resp->detail);
        say_hint("Check the address and this machine's clock. Set SSL_CERT_FILE for a private CA.");
    } else if (remote_reason(r, resp, &reason) == 0) {
        say_error("%s", buf_text(&reason));
        if (resp->foreign) hint_foreign(resp);
        else say_hint("Check the address and the network, then run the same command again.");
    }
    buf_free(&reason);
}

static void
complain_refused(const struct remote_response *resp, const char *what) {
    if (strcmp(resp->code, "uploading") == 0) {
        say_error("the sender is still uploading this secret");
        say_hint("Nothing was used up. Run the same command again later.");
        return;
    }

    const char *separator = resp->detail[0] == '\0' ? "" : ": ";
    say_error("the server refused to %s (%d%s%s)", what, resp->status, separator, resp->detail);

    if (resp->status == 429) say_hint("Too many requests from here. Wait a minute.");
    else if (resp->status == 413 || resp->status == 507)
        say_hint("Share something smaller, or ask the operator of the server.");
    else if (resp->status >= 500) say_hint("Try again later, with --patience to wait longer.");
    else say_hint("Change what the message names, or ask the operator of the server.");
}

static void
complain_wrong(const struct remote_response *resp, const char *what) {
    if (resp->detail[0] != '\0') say_error("cannot %s: %s", what, resp->detail);
    else say_error("cannot %s: the server did not accept the proof", what);
    say_hint("Check the link and the passphrase or token.");
}

void
remote_complain(const struct remote *r, enum cli_exit status, const struct remote_response *resp,
                const char *what) {
    switch (status) {
    case CLI_INTERRUPTED: return; /* main prints it */
    case CLI_NETWORK: complain_network(r, resp); return;
    case CLI_WRONG: complain_wrong(resp, what); return;
    case CLI_GONE:
        say_error("there is no such secret");
        say_hint("It was opened as often as allowed, expired, was burnt, or never existed. Ask the "
                 "sender for a new link.");
        return;

    case CLI_USAGE:
        say_error("%s is not an address", r->base);
        say_hint("An address looks like https://HOST/.");
        return;

    case CLI_DAMAGED:
        say_error("unexpected response from %s", r->base);
        say_hint("Check the address: another program, or a newer version, may answer there.");
        return;

    case CLI_FAILED:
        if (resp->detail[0] == '\0') return;
        say_error("could not %s: %s", what, resp->detail);
        say_hint("Run the same command again.");
        return;

    default: complain_refused(resp, what); return;
    }
}

void
remote_complain_cut(const struct remote *r, enum cli_exit status,
                    const struct remote_response *resp, const char *what, const char *hint) {
    struct buf reason = BUF_INIT(REASON_MAX);
    const char *text = "interrupted";

    if (status == CLI_FAILED) {
        text = resp->detail[0] != '\0' ? resp->detail : "a failure on this machine";
    } else if (status != CLI_INTERRUPTED && remote_reason(r, resp, &reason) == 0) {
        text = buf_text(&reason);
    }
    say_error("%s; %s", text, what);
    say_hint("%s", hint);
    buf_free(&reason);
}
