/* SPDX-License-Identifier: MIT */
/* What tests of the API share: an API over stores in memory, a clock that the test sets, and
 * requests in one line. */
#ifndef API_KIT_H
#define API_KIT_H

#include "api/api.h"
#include "base/text/json.h"

enum { API_KIT_T0 = 1900000000, API_KIT_PART = 65536, API_KIT_TEXT_MAX = 4096, API_KIT_GATE = 71 };

struct api_kit {
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
    const char *authorization, *encoding, *origin, *ask_method;
    const char *client; /* address; NULL is 192.0.2.1 */
    bool unchecked;     /* as an adapter that does not call api_check() */
};

/* Set up and tear down.  Rates are off.  For other settings set kit->api.config and call
 * api_kit_reopen(). */
void api_kit_open(struct api_kit *kit);
void api_kit_reopen(struct api_kit *kit);
void api_kit_close(struct api_kit *kit);

/* The same as setup and teardown of one cmocka test, whose state is the kit. */
int api_kit_setup(void **state);
int api_kit_teardown(void **state);

/* Send one request.  The response is in kit->resp.  Returns its status. */
int api_kit_ask(struct api_kit *kit, struct ask ask);

/* Returns the body of the last response, as text and as JSON (a new reference). */
const char *api_kit_body(struct api_kit *kit);
json_t *api_kit_json(struct api_kit *kit);

/* Copy a text of the last response to ${out}; return a number of it.  The test fails if it is
 * absent. */
void api_kit_text(struct api_kit *kit, const char *name, char *out, size_t len);
int64_t api_kit_number(struct api_kit *kit, const char *name);

/* Whether the last response is the problem ${code}, with ${field} if that is not NULL. */
bool api_kit_problem(struct api_kit *kit, const char *code, const char *field);

/* A v1 secret of ${size} bytes whose access key is all ${key}: the body of its create request.  The
 * envelope is the bytes of api_kit_byte().  Free it with free(). */
struct api_kit_secret {
    int views;
    int64_t ttl;
    int attempts; /* 0: leave it out; else there is a gate, too */
    bool gate;    /* there is a gate, whose bytes are all API_KIT_GATE */
    size_t size;
    bool inside; /* content comes with it */
    uint8_t key;
};
char *api_kit_create_body(struct api_kit_secret s);
uint8_t api_kit_byte(size_t i);

/* Create it, and copy its id and owner token out. */
void api_kit_create(struct api_kit *kit, struct api_kit_secret s, char id[static 23],
                    char owner[static 44]);

/* Open by the key ${key} and the lease token made of the letter ${lease}, with the right gate.
 * Returns the status. */
int api_kit_open_secret(struct api_kit *kit, const char *id, uint8_t key, char lease);

/* The same with a gate whose bytes are all ${gate}; 0 for none. */
int api_kit_open_with_gate(struct api_kit *kit, const char *id, uint8_t key, char lease,
                           uint8_t gate);

/* Returns the token that consists of one letter. */
void api_kit_lease(char letter, char out[static 44]);

#endif
