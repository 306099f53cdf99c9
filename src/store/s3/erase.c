/* SPDX-License-Identifier: MIT */
/* Erasing in S3: a thousand parts per request (DeleteObjects), or one if the service lacks that. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/base64.h"
#include "crypto/md5.h"
#include "store/s3/internal.h"

enum {
    KEYS_MAX = 1000,                /* per request: S3's own limit */
    LIST_MAX = KEYS_MAX * 128,      /* bytes of the request */
    RESPONSE_MAX = KEYS_MAX * 1024, /* an error may come back for each key */
    MD5_TEXT_MAX = 2 * MD5_LEN,     /* base64 with its NUL is shorter */
    UNSUPPORTED = 1,                /* the service does not know DeleteObjects */
};

/* Append the body of a DeleteObjects: parts ${first} .. ${first} + ${count} - 1 of ${name}.
 * Returns as buf_add(). */
static int
add_delete_list(const char *name, uint32_t first, uint32_t count, struct buf *out) {
    int err = buf_add_text(out, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                "<Quiet>true</Quiet>");
    for (uint32_t i = 0; i < count && err == 0; i++)
        err = buf_printf(out, "<Object><Key>v1/%s/%u</Key></Object>", name, first + i);
    return err == 0 ? buf_add_text(out, "</Delete>") : err;
}

/*
 * Read the response to a DeleteObjects, whose status is 200 even if objects remain.  With Quiet it
 * names those that remain and nothing else.  Returns 0; ERR_STORE if some remain; or UNSUPPORTED if
 * it is no such response.
 */
static int
read_delete_result(struct buf *response) {
    char code[S3_WORD_MAX + 1];

    if (strstr(buf_text(response), "<Error") != NULL) {
        s3_error_word(response, "Code", code);
        log_warn("s3.kept", LOG_TEXT("code", code));
        return ERR_STORE;
    }
    return strstr(buf_text(response), "<DeleteResult") != NULL ? 0 : UNSUPPORTED;
}

/* Erase ${count} parts, at most KEYS_MAX, by one request.  Returns 0; UNSUPPORTED; ERR_STORE if
 * some remain; ERR_UNKNOWN_OUTCOME if there is no response; or ERR_NOMEM. */
static int
erase_many(struct s3 *s, const char *name, uint32_t first, uint32_t count) {
    struct buf list = BUF_INIT(LIST_MAX), response = BUF_INIT(RESPONSE_MAX);
    uint8_t digest[MD5_LEN];
    char path[S3_PATH_MAX], md5_text[MD5_TEXT_MAX];

    int result = add_delete_list(name, first, count, &list);
    if (result != 0) goto out;

    /* S3 requires a digest of the list, and an OpenSSL without MD5 cannot make it. */
    result = UNSUPPORTED;
    if (md5(list.data, list.len, digest) != 0) goto out;
    base64_encode_text(BASE64_STD, digest, sizeof(digest), md5_text);

    (void)snprintf(path, sizeof(path), "%s/", s->prefix);
    struct s3_request r = {.method = HTTP_POST,
                           .path = path,
                           .query = "delete=",
                           .body = list.data,
                           .body_len = list.len,
                           .md5 = md5_text};
    switch (s3_call_again(s, &r, &response, NULL)) {
    case S3_DONE: result = read_delete_result(&response); break;
    case S3_ABSENT:
    case S3_PRESENT:
    case S3_REFUSED:
    case S3_UNSUPPORTED: break;
    case S3_NOMEM: result = ERR_NOMEM; break;
    default: result = ERR_UNKNOWN_OUTCOME; break;
    }

out:
    buf_free(&list);
    buf_free(&response);
    return result;
}

/* Erase part ${k} of ${name}.  Returns 0 or ERR_UNKNOWN_OUTCOME. */
static int
erase_one(struct s3 *s, const char *name, uint32_t k) {
    struct buf response = BUF_INIT(S3_RESPONSE_MAX);
    char path[S3_PATH_MAX];

    s3_path(s, name, k, path);
    struct s3_request r = {.method = HTTP_DELETE, .path = path};
    enum s3_outcome outcome = s3_call_again(s, &r, &response, NULL);
    buf_free(&response);
    return outcome == S3_DONE || outcome == S3_ABSENT ? 0 : ERR_UNKNOWN_OUTCOME;
}

/* The place for the state of an erase of ${name}.  Another name with the same hash shares it. */
static struct s3_erase_state *
state_of(struct s3 *s, const char *name) {
    uint32_t hash = 0;
    for (const char *at = name; *at != '\0'; at++)
        hash = hash * 31 + (uint8_t)*at;
    return &s->erase_states[hash % S3_ERASES_MAX];
}

/* Begin an erase of ${name} from ${first} on.  Returns its number, and in ${gone} how many parts an
 * abandoned erase of the same parts has removed. */
static uint64_t
begin_erase(struct s3 *s, const char *name, uint32_t first, uint32_t *gone) {
    *gone = 0;
    if (strlen(name) > TOKEN_BLOB_LEN) return 0;

    (void)pthread_mutex_lock(&s->lock);
    struct s3_erase_state *state = state_of(s, name);
    uint64_t number = ++s->erases;
    if (strcmp(state->name, name) == 0 && state->first == first) *gone = state->next - first;

    explicit_bzero(state, sizeof(*state));
    memcpy(state->name, name, strlen(name));
    state->first = state->next = first;
    state->number = number;
    (void)pthread_mutex_unlock(&s->lock);
    return number;
}

/* End erase ${number}: the next one continues at part ${next}, or starts again if that is where it
 * began.  Does nothing if a put or another erase of ${name} came after it. */
static void
end_erase(struct s3 *s, const char *name, uint64_t number, uint32_t next) {
    (void)pthread_mutex_lock(&s->lock);
    struct s3_erase_state *state = state_of(s, name);
    if (state->number == number) {
        state->next = next;
        if (next == state->first) explicit_bzero(state, sizeof(*state));
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void
s3_erase_forget(struct s3 *s, const char *name) {
    (void)pthread_mutex_lock(&s->lock);
    struct s3_erase_state *state = state_of(s, name);
    if (strcmp(state->name, name) == 0) explicit_bzero(state, sizeof(*state));
    (void)pthread_mutex_unlock(&s->lock);
}

/* How many of ${remaining} parts the next request erases. */
static uint32_t
batch_size(bool each, uint32_t remaining) {
    if (each) return 1;
    return remaining < KEYS_MAX ? remaining : KEYS_MAX;
}

int
s3_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct s3 *s = (struct s3 *)b;
    int64_t deadline = INT64_MAX;
    int result = 0;
    bool kept = false;
    uint32_t gone, did = 0;

    if (s->erase_ms != 0) deadline = clock_monotonic_ms() + s->erase_ms;
    if (s3_is_classic(name) && count > 1) count = 1;
    uint64_t number = begin_erase(s, name, first, &gone);
    bool each = count == 1;

    while (gone < count && result == 0) {
        uint32_t n = batch_size(each, count - gone);
        int err = 0;

        /* The first request is always sent, so that repeated erases make progress. */
        if (did > 0 && clock_monotonic_ms() >= deadline) {
            result = ERR_BUSY;
            break;
        }
        if (each) err = erase_one(s, name, first + gone);
        else err = erase_many(s, name, first + gone, n);
        if (err == UNSUPPORTED) {
            each = true;
            continue;
        }

        if (err == ERR_STORE) kept = true; /* S3 keeps some of these: continue with the others */
        else if (err != 0) result = ERR_STORE;
        if (result == 0) gone += n, did += n;
    }

    /* If S3 kept a part, nobody knows which: the next erase asks for all of them again. */
    if (kept) result = ERR_STORE;
    bool starts_again = result == 0 || kept;
    end_erase(s, name, number, starts_again ? first : first + gone);
    return result;
}

void
s3_erase_open(struct s3 *s, int erase_ms) {
    s->erase_ms = erase_ms;
    (void)pthread_mutex_init(&s->lock, NULL);
}

void
s3_erase_close(struct s3 *s) {
    explicit_bzero(s->erase_states, sizeof(s->erase_states)); /* names may be ids */
    (void)pthread_mutex_destroy(&s->lock);
}
