/* SPDX-License-Identifier: MIT */
#include "aws/credentials.h"

#include <pthread.h>

#include "aws/credentials_source.h"
#include "base/err.h"
#include "base/log.h"

struct aws_credentials {
    struct aws_credentials_options options;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t done;  /* a fetch ended */
    struct aws_keys keys;
    bool have;
    bool fetching;
    uint64_t fetches;   /* that ended */
    int64_t not_before; /* of the next renewal, after one that failed */
    int last_error;
};

static const struct {
    const char *name;
    int (*fetch)(const struct aws_credentials_options *o, struct aws_keys *out);
} sources[] = {
    {"environment", aws_credentials_from_env},
    {"container", aws_credentials_from_container},
    {"instance", aws_credentials_from_instance},
    {"profile", aws_credentials_from_profile},
};

struct aws_credentials *
aws_credentials_new(const struct aws_credentials_options *options) {
    struct aws_credentials *c = calloc(1, sizeof(*c));
    if (c == NULL) return NULL;
    c->options = *options;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->done, NULL);
    return c;
}

void
aws_credentials_free(struct aws_credentials *c) {
    if (c == NULL) return;
    (void)pthread_mutex_destroy(&c->lock);
    (void)pthread_cond_destroy(&c->done);
    explicit_bzero(c, sizeof(*c));
    free(c);
}

/* Ask the sources in turn; the first that is set up decides. */
static int
fetch(const struct aws_credentials_options *o, struct aws_keys *out) {
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        explicit_bzero(out, sizeof(*out));
        int got = sources[i].fetch(o, out);
        if (got == 1) return 0;
        if (got < 0) {
            log_warn("aws.credentials", LOG_TEXT("source", sources[i].name),
                     LOG_TEXT("error", err_text(got)));
            return got;
        }
    }
    return ERR_CONFIG;
}

/* Fetch without the lock, and take over what came.  Called and returns with the lock held. */
static void
renew(struct aws_credentials *c) {
    struct aws_keys fresh;
    c->fetching = true;
    (void)pthread_mutex_unlock(&c->lock);
    int err = fetch(&c->options, &fresh);
    int64_t now = clock_now(&c->options.clock);
    (void)pthread_mutex_lock(&c->lock);
    if (err == 0) {
        c->keys = fresh;
        c->have = true;
    }
    /* Sources may hand out the same keys until shortly before they lapse: do not ask all
     * the time. */
    c->not_before = now + AWS_RENEW_PAUSE;
    c->last_error = err;
    c->fetching = false;
    c->fetches++;
    (void)pthread_cond_broadcast(&c->done);
    explicit_bzero(&fresh, sizeof(fresh));
}

static bool
good(const struct aws_credentials *c, int64_t now) {
    return c->have && (c->keys.expires == 0 || now < c->keys.expires);
}

static bool
renewal_due(const struct aws_credentials *c, int64_t now) {
    return c->keys.expires != 0 && now >= c->keys.expires - AWS_RENEW_BEFORE &&
           now >= c->not_before && !c->fetching;
}

int
aws_credentials_get(struct aws_credentials *c, struct aws_keys *out) {
    int64_t now = clock_now(&c->options.clock);
    int err = 0;
    (void)pthread_mutex_lock(&c->lock);
    if (good(c, now)) {
        if (renewal_due(c, now)) renew(c);
    } else if (c->fetching) {
        /* Whoever waits shares the outcome of that one fetch, good or bad. */
        uint64_t seen = c->fetches;
        while (c->fetches == seen)
            (void)pthread_cond_wait(&c->done, &c->lock);
    } else renew(c);
    if (good(c, now)) *out = c->keys;
    else {
        explicit_bzero(out, sizeof(*out));
        err = c->last_error != 0 ? c->last_error : ERR_STORE;
    }
    (void)pthread_mutex_unlock(&c->lock);
    return err;
}

void
aws_credentials_reject(struct aws_credentials *c, const char *id) {
    (void)pthread_mutex_lock(&c->lock);
    if (c->have && strcmp(c->keys.id, id) == 0) c->have = false;
    (void)pthread_mutex_unlock(&c->lock);
}
