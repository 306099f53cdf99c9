/* SPDX-License-Identifier: MIT */
/*
 * Calls of the server.  A call is repeated as long as that can do no harm, and every failure
 * becomes an exit code.  Callers see the responses of the server and no others: a response of
 * anything before it is CLI_NETWORK (docs/DESIGN.md, P11).
 */
#ifndef CLI_TRANSFER_REMOTE_H
#define CLI_TRANSFER_REMOTE_H

#include "base/random.h"
#include "base/text/json.h"
#include "cli/address/link.h"
#include "cli/exit.h"
#include "cli/transfer/verdict.h"
#include "http/client.h"

enum {
    REMOTE_URL_MAX = LINK_PAGE_MAX + 128,
    REMOTE_PATH_MAX = 128,
    REMOTE_LOCATION_MAX = 600,
    REMOTE_JSON_MAX = 512 * 1024,
};

struct remote {
    struct http_client *http;
    const struct random *random;
    char base[LINK_PAGE_MAX]; /* address of the server; ends with '/' */
    long patience_ms;         /* how long a call is repeated without a response */
    _Atomic int marks;        /* enum server_marks of the server at the base */
    _Atomic bool found;       /* the name of a server was resolved */

    /* For what asks for a password before the server: the value of an Authorization header, for the
     * origin of login_base only.  A secret, wiped by remote_close(). */
    struct buf login;
    char login_base[LINK_PAGE_MAX];
    _Atomic bool second_header; /* something claims Authorization: tokens go in Secrets-Token */
};

/* When a call may be repeated although its outcome is unknown. */
enum remote_retry {
    REMOTE_RETRY_ALWAYS, /* the call is idempotent */
    REMOTE_RETRY_UNSENT, /* only if no byte of it was sent, or the server refused it unread */
};

struct remote_call {
    enum http_method method;
    const char *path;   /* relative to the base */
    const char *token;  /* of the secret: Authorization or Secrets-Token; NULL for none */
    const json_t *json; /* the body; NULL: the body is that of ${http} */
    enum remote_retry retry;
    struct expectation expect; /* what a success looks like */
    const char *content_type;  /* of a body that is not JSON; NULL: application/octet-stream */
    struct http_client_request http; /* only read, write, body, progress, ctx and fresh_connection
                                        are used */
    /* Called with the ctx of ${http} before the call is repeated, to take back what progress
     * counted; ${cut} says that no response came.  Returns whether to repeat it now.  May be
     * NULL. */
    bool (*again)(void *ctx, bool cut);
};

struct remote_response {
    int status;                         /* 0 without a response */
    bool foreign;                       /* something before the server sent it */
    bool marked;                        /* it has the mark of the server */
    char location[REMOTE_LOCATION_MAX]; /* where a redirect leads; "" if nowhere */
    size_t server_len; /* of the server's address in it; 0 if it leads to something else */
    char code[64];     /* of a problem document; "" if none */
    char detail[256];  /* of a problem document or of a network failure, for people */
    json_t *json;      /* body that is JSON; NULL if it is not */
    struct buf body;   /* initialised with its limit by a caller that does not expect JSON; else its
                         limit is 0 and it is not used */
    int64_t retry_after;
    enum http_failure failure; /* of the last attempt */
    bool unsure;               /* an attempt without a response may have been carried out */
};

/*
 * Take the address ${server} of a server as the base.  A user and password in it become the login
 * for its origin and appear nowhere else.  Returns 0 or an ERR_* code.
 */
MUST_CHECK
int remote_set_server(struct remote *r, const char *server);

/* Close the connections and wipe the login. */
void remote_close(struct remote *r);

/* Release what ${resp} holds, the body included. */
void remote_response_clear(struct remote_response *resp);

/*
 * Make the call ${call} and fill ${resp}, which the caller clears in every case.  Prints only, and
 * once, that it takes longer.  Any thread.  Returns
 *   CLI_DONE         the expected success
 *   CLI_GONE         404 of the server, or a file that the static host does not have
 *   CLI_WRONG        401 or 403 of the server
 *   CLI_REFUSED      any other status of the server
 *   CLI_NETWORK      no response, or one that something before the server sent (resp->foreign)
 *   CLI_DAMAGED      a response that is too large
 *   CLI_USAGE        an invalid address
 *   CLI_INTERRUPTED  the program was asked to stop
 *   CLI_FAILED       an allocation failed
 */
MUST_CHECK
enum cli_exit remote_call(struct remote *r, const struct remote_call *call,
                          struct remote_response *resp);

/* Write to ${out} the path of the secret ${id}, followed by ${suffix}, such as "/open". */
void remote_secret_path(char out[static REMOTE_PATH_MAX], const char *id, const char *suffix);

/*
 * Make a call without a body for the secret ${id}, with ${suffix} in its path and ${token}, which
 * may be NULL.  Its success has the field ${field}, or is empty if that is NULL.  Fills ${resp} and
 * returns as remote_call().  Any thread.
 */
MUST_CHECK
enum cli_exit remote_call_secret(struct remote *r, enum http_method method, const char *id,
                                 const char *suffix, const char *token, const char *field,
                                 struct remote_response *resp);

/*
 * Print an error for a call that was to ${what} ("open the secret") and ended with ${status} and
 * ${resp}.  ${resp} may be NULL for CLI_DAMAGED.  Prints nothing for CLI_INTERRUPTED.
 */
void remote_complain(const struct remote *r, enum cli_exit status,
                     const struct remote_response *resp, const char *what);

/* Print an error for a transfer that stopped with ${status} and the last response ${resp}, and that
 * can go on: why, ${what} ("the upload is not finished"), and the ${hint}. */
void remote_complain_cut(const struct remote *r, enum cli_exit status,
                         const struct remote_response *resp, const char *what, const char *hint);

/* Append to ${reason} why a call ended with ${resp}, but for CLI_DONE and CLI_INTERRUPTED: "no
 * response from ...", "... answered 503".  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int remote_reason(const struct remote *r, const struct remote_response *resp, struct buf *reason);

/* Return whether a DELETE with the right token, which ended with ${status} and ${resp}, shows that
 * the server has nothing more, so that what is kept for it can be dropped.  Only a response that is
 * marked as the server's does. */
bool remote_shows_erased(enum cli_exit status, const struct remote_response *resp);

/* Print a note if such a DELETE shows nothing only because the mark is missing.  After a success
 * without the mark it is the whole message. */
void remote_note_unproven(enum cli_exit status, const struct remote_response *resp);

/* Return whether the server itself refused a call for good with ${resp}, so that what is kept for
 * it can be dropped. */
bool remote_refused_for_good(const struct remote_response *resp);

/* Return the text called ${name} in ${json}; NULL if it is not there. */
const char *remote_text(const json_t *json, const char *name);

/* Return whether the list called ${name} in ${json} contains the text ${word}. */
bool remote_lists(const json_t *json, const char *name, const char *word);

/* Return the integer called ${name} in ${json}; ${absent} if it is not there. */
int64_t remote_number(const json_t *json, const char *name, int64_t absent);

/* Add ${data} as base64url, or the number ${n}, to the object ${json} under ${name}.  Return
 * whether that worked: a ${json} of NULL or too little memory returns false. */
bool remote_set_bytes(json_t *json, const char *name, const void *data, size_t len);
bool remote_set_number(json_t *json, const char *name, uint64_t n);

#endif
