/* SPDX-License-Identifier: MIT */
/* What tests of the API share: an API over stores in memory, a clock that the test sets, and
 * requests in one line. */
#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include "api/api.h"
#include "base/text/json.h"

enum {
    API_FIXTURE_T0 = 1900000000,
    API_FIXTURE_PART = 65536,
    API_FIXTURE_TEXT_MAX = 4096,
    API_FIXTURE_GATE = 71
};

struct api_fixture {
    struct api api;
    struct vault vault;
    int64_t now; /* seconds */
    int64_t ms;  /* of the monotonic clock */
    struct http_request req;
    struct http_response resp; /* of the last request */
    int64_t room;              /* bytes that a response can reserve; below 0: any */
    uint64_t reserved;         /* what the last request reserved */
    char path[512];
};

/* One request.  What is 0 or NULL is left out. */
struct ask {
    const char *method; /* NULL: POST with a body, else GET */
    const char *target;
    const void *body;
    size_t len;            /* of body; 0 with a body means that it is text */
    const char *type;      /* NULL with a body: application/json */
    const char *token;     /* bearer */
    const char *own_token; /* Secrets-Token */
    const char *authorization, *encoding, *origin, *fetch_site, *ask_method;
    const char *client; /* address; NULL is 192.0.2.1 */
    const char *user;   /* whom a trusted proxy names */
    enum http_plane plane;
    bool unchecked; /* as an adapter that does not call api_check() */
};

struct CMUnitTest;

/* Run the ${n} ${tests} on stores whose creates and opens block, and then on stores with the
 * functions of store_later.  Returns how many failed. */
int api_fixture_run(const struct CMUnitTest *tests, size_t n);

/* Set up and tear down.  Rates are off.  For other settings set fixture->api.config and call
 * api_fixture_reopen(). */
void api_fixture_open(struct api_fixture *fixture);
void api_fixture_reopen(struct api_fixture *fixture);
void api_fixture_close(struct api_fixture *fixture);

/* The same as setup and teardown of one cmocka test, whose state is the fixture. */
int api_fixture_setup(void **state);
int api_fixture_teardown(void **state);

/* Send one request.  The response is in fixture->resp.  Returns its status. */
int api_fixture_ask(struct api_fixture *fixture, struct ask ask);

/* Returns the body of the last response, as text and as JSON (a new reference). */
const char *api_fixture_body(struct api_fixture *fixture);
json_t *api_fixture_json(struct api_fixture *fixture);

/* Copy a text of the last response to ${out}; return a number of it.  The test fails if it is
 * absent. */
void api_fixture_text(struct api_fixture *fixture, const char *name, char *out, size_t len);
int64_t api_fixture_number(struct api_fixture *fixture, const char *name);

/* Whether the last response is the problem ${code}, with ${field} if that is not NULL. */
bool api_fixture_problem(struct api_fixture *fixture, const char *code, const char *field);

/* A v1 secret of ${size} bytes whose access key is all ${key}: the body of its create request.  The
 * envelope is the bytes of api_fixture_byte().  Free it with free(). */
struct api_fixture_secret {
    int views;
    int64_t ttl;
    int attempts; /* 0: leave it out; else there is a gate, too */
    bool gate;    /* there is a gate, whose bytes are all API_FIXTURE_GATE */
    size_t size;
    bool inside; /* content comes with it */
    uint8_t key;
    bool passphrase;
    size_t wrap_len; /* bytes of api_fixture_byte() that are its wrap; 0: there is none */
};
char *api_fixture_create_body(struct api_fixture_secret s);
uint8_t api_fixture_byte(size_t i);

/* Create it, and copy its id and owner token out. */
void api_fixture_create(struct api_fixture *fixture, struct api_fixture_secret s,
                        char id[static 23], char owner[static 44]);

/* Open by the key ${key} and the lease token made of the letter ${lease}, with the right gate.
 * Returns the status. */
int api_fixture_open_secret(struct api_fixture *fixture, const char *id, uint8_t key, char lease);

/* The same with a gate whose bytes are all ${gate}; 0 for none. */
int api_fixture_open_with_gate(struct api_fixture *fixture, const char *id, uint8_t key, char lease,
                               uint8_t gate);

/* Ask for the wrap, by a gate whose bytes are all ${gate}.  Returns the status. */
int api_fixture_ask_wrap(struct api_fixture *fixture, const char *id, uint8_t gate);

/* Returns the token that consists of one letter. */
void api_fixture_lease(char letter, char out[static 44]);

#endif
