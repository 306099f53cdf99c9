/* SPDX-License-Identifier: MIT */
/* Erasing in S3: a thousand pieces a request (DeleteObjects), one where a service lacks that. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/base64.h"
#include "crypto/md5.h"
#include "store/s3/internal.h"

enum {
    KEYS_MAX = 1000,              /* in one request, as S3 has it */
    LIST_MAX = KEYS_MAX * 128,    /* bytes of it */
    ANSWER_MAX = KEYS_MAX * 1024, /* each key may come back with what is wrong with it */
    MD5_TEXT_MAX = 2 * MD5_LEN,   /* base64 with its NUL is shorter */
    CODE_MAX = 40,
    NOT_UNDERSTOOD = 1,
};

/* Append the request's body: pieces ${first} to ${first} + ${count} - 1.  Returns as buf_add(). */
static int
list_keys(const char *name, uint32_t first, uint32_t count, struct buf *out) {
    int err = buf_add_text(out, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                "<Quiet>true</Quiet>");
    for (uint32_t i = 0; i < count && err == 0; i++)
        err = buf_printf(out, "<Object><Key>v1/%s/%u</Key></Object>", name, first + i);
    return err == 0 ? buf_add_text(out, "</Delete>") : err;
}

/* The log hears why S3 keeps what an answer names: its first code, if it is a plain word. */
static void
tell_error(const char *error) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char code[CODE_MAX + 1] = "";
    const char *tag = strstr(error, "<Code>");
    const char *at = tag != NULL ? tag + strlen("<Code>") : "";
    size_t len = strspn(at, letters);
    if (len <= CODE_MAX) memcpy(code, at, len);
    log_warn("s3.kept", LOG_TEXT("code", code));
}

/*
 * What the answer to a DeleteObjects says, which is 200 also if it did not erase everything: a
 * quiet one names what is there still and nothing else.  0, ERR_STORE, or NOT_UNDERSTOOD by a
 * service that answered something else.
 */
static int
read_answer(struct buf *answer) {
    const char *error = strstr(buf_text(answer), "<Error");
    if (error != NULL) {
        tell_error(error);
        return ERR_STORE;
    }
    return strstr(buf_text(answer), "<DeleteResult") != NULL ? 0 : NOT_UNDERSTOOD;
}

/* Erase ${count} pieces, up to KEYS_MAX, at once.  Returns 0; NOT_UNDERSTOOD; ERR_STORE if the
 * service keeps some; ERR_UNKNOWN_OUTCOME if it does not answer; or ERR_NOMEM. */
static int
erase_many(struct s3 *s, const char *name, uint32_t first, uint32_t count) {
    struct buf list = BUF_INIT(LIST_MAX), answer = BUF_INIT(ANSWER_MAX);
    uint8_t digest[MD5_LEN];
    char path[PATH_MAX_LEN], md5_text[MD5_TEXT_MAX];
    int result = list_keys(name, first, count, &list);
    if (result != 0) goto out;
    result = NOT_UNDERSTOOD; /* by OpenSSL without MD5, or by the service */
    if (md5(list.data, list.len, digest) != 0) goto out;
    base64_encode_text(BASE64_STD, digest, sizeof(digest), md5_text);
    (void)snprintf(path, sizeof(path), "%s/", s->prefix);
    struct request r = {.method = HTTP_POST,
                        .path = path,
                        .query = "delete=",
                        .body = list.data,
                        .body_len = list.len,
                        .md5 = md5_text};
    switch (s3_call_again(s, &r, &answer, NULL)) {
    case DONE: result = read_answer(&answer); break;
    case ABSENT:
    case THERE:
    case BROKEN: break;
    case NOMEM: result = ERR_NOMEM; break;
    default: result = ERR_UNKNOWN_OUTCOME; break;
    }
out:
    buf_free(&list);
    buf_free(&answer);
    return result;
}

/* Returns 0 or ERR_UNKNOWN_OUTCOME. */
static int
erase_one(struct s3 *s, const char *name, uint32_t k) {
    struct buf reply = BUF_INIT(REPLY_MAX);
    char path[PATH_MAX_LEN];
    s3_path(s, name, k, path);
    struct request r = {.method = HTTP_DELETE, .path = path};
    enum outcome outcome = s3_call_again(s, &r, &reply, NULL);
    buf_free(&reply);
    return outcome == DONE || outcome == ABSENT ? 0 : ERR_UNKNOWN_OUTCOME;
}

/* Where an erase of ${name} is remembered; one of another name there is forgotten by it. */
static struct s3_erase_left *
place_of(struct s3 *s, const char *name) {
    uint32_t hash = 0;
    for (const char *at = name; *at != '\0'; at++)
        hash = hash * 31 + (uint8_t)*at;
    return &s->left[hash % S3_ERASES_MAX];
}

/* Begin an erase of ${name} from ${first} on.  Returns its number, and in ${gone} how many pieces
 * are gone since one that was left. */
static uint64_t
begin(struct s3 *s, const char *name, uint32_t first, uint32_t *gone) {
    *gone = 0;
    if (strlen(name) > TOKEN_BLOB_LEN) return 0;
    (void)pthread_mutex_lock(&s->lock);
    struct s3_erase_left *left = place_of(s, name);
    uint64_t number = ++s->erases;
    if (strcmp(left->name, name) == 0 && left->first == first) *gone = left->next - first;
    explicit_bzero(left, sizeof(*left));
    memcpy(left->name, name, strlen(name));
    left->first = left->next = first;
    left->number = number;
    (void)pthread_mutex_unlock(&s->lock);
    return number;
}

/* Leave erase ${number} before piece ${next}, which is to go on there; with the ${next} that it
 * began with it is forgotten.  Nothing if a put or another erase of that name came after it. */
static void
leave(struct s3 *s, const char *name, uint64_t number, uint32_t next) {
    (void)pthread_mutex_lock(&s->lock);
    struct s3_erase_left *left = place_of(s, name);
    if (left->number == number) {
        left->next = next;
        if (next == left->first) explicit_bzero(left, sizeof(*left));
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void
s3_erase_forget(struct s3 *s, const char *name) {
    (void)pthread_mutex_lock(&s->lock);
    struct s3_erase_left *left = place_of(s, name);
    if (strcmp(left->name, name) == 0) explicit_bzero(left, sizeof(*left));
    (void)pthread_mutex_unlock(&s->lock);
}

int
s3_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct s3 *s = (struct s3 *)b;
    int64_t until = s->erase_ms == 0 ? INT64_MAX : clock_monotonic_ms() + s->erase_ms;
    int result = 0;
    bool kept = false;
    uint32_t gone, did = 0;
    if (s3_is_classic(name) && count > 1) count = 1;
    uint64_t number = begin(s, name, first, &gone);
    bool each = count == 1;
    while (gone < count && result == 0) {
        uint32_t n = each ? 1 : count - gone < KEYS_MAX ? count - gone : KEYS_MAX;
        if (did > 0 && clock_monotonic_ms() >= until) {
            result = ERR_BUSY;
            break;
        }
        int err = each ? erase_one(s, name, first + gone) : erase_many(s, name, first + gone, n);
        if (err == NOT_UNDERSTOOD) {
            each = true;
            continue;
        }
        if (err == ERR_STORE) kept = true; /* some of these, and so none of the others */
        else if (err != 0) result = ERR_STORE;
        if (result == 0) gone += n, did += n;
    }
    leave(s, name, number, result == 0 || kept ? first : first + gone);
    return kept ? ERR_STORE : result;
}

void
s3_erase_open(struct s3 *s, int erase_ms) {
    s->erase_ms = erase_ms;
    (void)pthread_mutex_init(&s->lock, NULL);
}

void
s3_erase_close(struct s3 *s) {
    explicit_bzero(s->left, sizeof(s->left)); /* names may be ids */
    (void)pthread_mutex_destroy(&s->lock);
}
