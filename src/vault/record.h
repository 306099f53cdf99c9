/* SPDX-License-Identifier: MIT */
/*
 * The record of one secret or request, which is everything but its content.  Plain data, the same
 * for every store.  Times are seconds since 1970-01-01 UTC, and 0 means "not yet".
 */
#ifndef VAULT_RECORD_H
#define VAULT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/classic.h"
#include "crypto/envelope/header.h"
#include "crypto/token.h"

enum {
    RECORD_VIEWS_MAX = 100,
    RECORD_CLASSIC_VIEWS_MAX = 10,
    RECORD_ATTEMPTS_MAX = 100,
    RECORD_NAME_MAX = 255, /* bytes of a classic file's name */
    RECORD_WRAP_MAX = 16 * 1024,
    RECORD_TTL_MIN = 60,
    RECORD_REV_FIRST = 2, /* of a new record.  In SQLite 2 and 3 have the same length, 1 and 2 have
                             not, and a row that keeps its length is changed in place */
    RECORD_MARK_LEN = 16, /* idempotency key of a classic claim, random */
    RECORD_ANSWERS_MAX = RECORD_VIEWS_MAX, /* to one request */
    RECORD_ANSWER_WRAP_MAX = 4 * 1024,     /* bytes of the wrap of an answer */
};

/*
 * Bytes that a record counts for besides its content (record_cost()).  They are a little more than
 * it occupies in SQLite: 300 to 550 bytes for its row and index entries, 66 for each lease but the
 * first, and up to 2.3 KB for the space around its content.  A part occupies about as much in a
 * file system.
 */
enum {
    RECORD_ROW_COST = 1024,
    RECORD_VIEW_COST = 64,
    RECORD_CONTENT_COST = 3072, /* while there is content, and as much for a wrap */
};

enum record_kind {
    RECORD_CLASSIC_TEXT = 1,
    RECORD_CLASSIC_FILE = 2,
    RECORD_SEALED = 3,  /* end-to-end encrypted (v1) */
    RECORD_REQUEST = 4, /* asks for answers, which are sealed secrets */
};

enum record_phase {
    PHASE_UPLOADING = 1, /* parts are missing */
    PHASE_OPEN = 2,
    PHASE_LOCKED = 3, /* too many wrong proofs */
    PHASE_BURNT = 4,
};

enum record_content {
    CONTENT_NONE = 0,   /* erased */
    CONTENT_INLINE = 1, /* with the record, in its store */
    CONTENT_BLOBS = 2,  /* in the blob store under record.blob; an upload has it from its create */
    CONTENT_DOOMED = 3, /* in the blob store, no longer readable, to be erased; of a request that
                           has ended: its answers are to be burnt */
};

enum lease_end {
    LEASE_LIVE = 0,
    LEASE_CONFIRMED = 1,
    LEASE_LAPSED = 2, /* set by the sweeper; see policy_lease_end() */
    LEASE_BURNT = 3,
};

enum record_burnt_by {
    BURNT_BY_OPENER = 0, /* also: not burnt */
    BURNT_BY_OWNER = 1,
    BURNT_BY_OPERATOR = 2, /* taken down */
};

/*
 * The address of a record in a store.  Stores on this machine use the SHA-256 of the id, so that no
 * full id is ever on disk.  DynamoDB uses the id itself, as pysecrets did.
 */
struct store_ref {
    uint8_t bytes[32];
    size_t len;
};

/* A completed answer to a request. */
struct record_answer {
    struct store_ref ref;
    int64_t at; /* time it was counted */
};

/* One view of a sealed secret.  The holder of the token with this hash may fetch the content until
 * the lease ends. */
struct lease {
    uint8_t hash[TOKEN_HASH_LEN];
    int64_t opened_at;
    int64_t renewed_at; /* last recorded fetch */
    int64_t ended_at;   /* time of confirm, lapse or burn */
    enum lease_end end;
};

/* Who makes a change.  It is for events: no store keeps it with the record. */
struct actor {
    bool known;                     /* it is a client, and has a network */
    uint8_t network[16];            /* http_address_network() of the client */
    char name[RECORD_NAME_MAX + 1]; /* of the user or the API token; "" if it is not to be told */
};

struct record {
    enum record_kind kind;
    enum record_phase phase;
    enum record_content content;
    uint64_t rev; /* incremented by every change */
    int64_t created_at;
    int64_t expires_at;
    int views; /* as created; of a request: the answers that it asks for */
    int views_left;
    uint64_t size; /* bytes of content: ciphertext (classic) or whole envelope (sealed, request) */
    struct actor creator;          /* of a record that is being created */
    char blob[TOKEN_BLOB_LEN + 1]; /* name in the blob store; "" if inline or erased */

    /* Classic records. */
    struct classic_record classic;
    char file_name[RECORD_NAME_MAX + 1]; /* "" for texts */

    /* Sealed records. */
    uint8_t verifier[TOKEN_HASH_LEN];   /* SHA-256 of the access key */
    uint8_t owner_hash[TOKEN_HASH_LEN]; /* SHA-256 of the owner token */
    uint8_t header[ENVELOPE_HEADER_LEN];
    bool has_gate; /* false in records of 0.1, and if the creator set none */
    uint8_t gate_verifier[TOKEN_HASH_LEN]; /* SHA-256 of the gate */
    bool passphrase;                       /* whether the page asks for one */
    uint32_t wrap_len; /* bytes of the wrap as created, see record_has_wrap(); 0: none */
    int attempts;      /* wrong proofs allowed; 0: not counted */
    int attempts_left;
    uint32_t part_size; /* bytes of each part but the last; 0 if inline */
    uint32_t parts_stored;
    int64_t part_at;  /* time the newest part was registered */
    int64_t ended_at; /* time it was locked or burnt */
    enum record_burnt_by burnt_by;
    size_t lease_count;
    struct lease *leases; /* in the order they were opened; owned */

    /* Answers, which are sealed records. */
    struct store_ref request; /* that it answers; len 0: it is no answer */

    /* Requests, which have an owner, a header and a gate as sealed records do.  Their content is
     * the sealed description. */
    int64_t answer_ttl;   /* seconds */
    uint64_t answer_size; /* bytes of content that an answer may have */
    size_t answer_count;
    struct record_answer *answers; /* in the order they were counted; owned */
};

/* Whether ${r} is a classic text or file. */
bool record_is_classic(const struct record *r);

/* Whether ${r} is an answer to a request. */
bool record_is_answer(const struct record *r);

/* Free what ${r} owns, then wipe and zero it.  NULL is allowed. */
void record_clear(struct record *r);

/*
 * Copy ${from} to ${to}, which owns nothing yet.  The copy owns its own leases and
 * answers.  Returns 0, or
 * ERR_NOMEM with ${to} unchanged.
 */
MUST_CHECK
int record_copy(struct record *to, const struct record *from);

/*
 * Append a lease to ${r}, which owns it.  Pointers to earlier leases become invalid.  Returns the
 * zeroed lease; or NULL if there are RECORD_VIEWS_MAX already or memory is short.
 */
struct lease *record_add_lease(struct record *r);

/* The lease of ${r} with this hash, or NULL. */
struct lease *record_find_lease(const struct record *r, const uint8_t hash[static TOKEN_HASH_LEN]);

/*
 * Append an answer to the request ${r}, which owns it.  Returns 0; or ERR_NOMEM, also if there are
 * RECORD_ANSWERS_MAX already, with ${r} unchanged.
 */
MUST_CHECK
int record_add_answer(struct record *r, const struct record_answer *answer);

/* Whether the answer ${ref} is counted in the request ${r}. */
bool record_has_answer(const struct record *r, const struct store_ref *ref);

/*
 * Bytes that ${r} counts for in the quota of its store: what it occupies, with its inline content
 * and its wrap.  Content in the blob store counts there.
 */
uint64_t record_cost(const struct record *r);

/* Whether there is a wrap, which is erased with the content. */
bool record_has_wrap(const struct record *r);

/* Number of parts of the content in the blob store; 0 if it is inline. */
uint32_t record_part_count(const struct record *r);

/* Exact length in bytes of part ${k}, counted from 0; 0 if there is no such part. */
uint32_t record_part_len(const struct record *r, uint32_t k);

#endif
