/* SPDX-License-Identifier: MIT */
#include "aws/credentials.h"

#include <pthread.h>

#include "aws/credentials_source.h"
#include "base/err.h"
#include "base/log.h"

struct aws_credentials {
    struct aws_credentials_config config;
    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t done;  /* signalled when a fetch ends */
    struct aws_keys keys;
    bool have_keys;
    bool fetching;
    uint64_t fetches;   /* that have ended */
    int64_t not_before; /* earliest time of the next renewal */
    int last_error;
};

static const struct {
    const char *name;
    int (*fetch)(const struct aws_credentials_config *o, struct aws_keys *out);
} credentials_sources[] = {
    {"environment", aws_credentials_from_env},
    {"web_identity", aws_credentials_from_web_identity},
    {"container", aws_credentials_from_container},
    {"instance", aws_credentials_from_instance},
    {"profile", aws_credentials_from_profile},
};

struct aws_credentials *
aws_credentials_new(const struct aws_credentials_config *config) {
    struct aws_credentials *c = calloc(1, sizeof(*c));
    if (c == NULL) return NULL;
    c->config = *config;
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

/* Ask the sources in turn.  The first one that is set up decides. */
static int
fetch_keys(const struct aws_credentials_config *o, struct aws_keys *out) {
    for (size_t i = 0; i < ARRAY_LEN(credentials_sources); i++) {
        explicit_bzero(out, sizeof(*out));
        int got = credentials_sources[i].fetch(o, out);
        if (got == 1) return 0;
        if (got == 0) continue;

        log_warn("aws.credentials", LOG_TEXT("source", credentials_sources[i].name),
                 LOG_TEXT("error", err_text(got)));
        return got;
    }
    return ERR_CONFIG;
}

/* Fetch new keys.  The caller holds the lock, which is released while the sources are asked. */
static void
renew_keys(struct aws_credentials *c) {
    struct aws_keys fresh;

    c->fetching = true;
    (void)pthread_mutex_unlock(&c->lock);
    int err = fetch_keys(&c->config, &fresh);
    int64_t now = clock_now(&c->config.clock);
    (void)pthread_mutex_lock(&c->lock);

    if (err == 0) {
        c->keys = fresh;
        c->have_keys = true;
    }
    /* A source may return the same keys until shortly before they expire: do not ask constantly. */
    c->not_before = now + AWS_RENEW_PAUSE;
    c->last_error = err;
    c->fetching = false;
    c->fetches++;
    (void)pthread_cond_broadcast(&c->done);
    explicit_bzero(&fresh, sizeof(fresh));
}

static bool
keys_are_valid(const struct aws_credentials *c, int64_t now) {
    return c->have_keys && (c->keys.expires == 0 || now < c->keys.expires);
}

static bool
renewal_due(const struct aws_credentials *c, int64_t now) {
    return c->keys.expires != 0 && now >= c->keys.expires - AWS_RENEW_BEFORE &&
           now >= c->not_before && !c->fetching;
}

int
aws_credentials_get(struct aws_credentials *c, struct aws_keys *out) {
    int64_t now = clock_now(&c->config.clock);
    int err = 0;

    (void)pthread_mutex_lock(&c->lock);
    if (keys_are_valid(c, now)) {
        if (renewal_due(c, now)) renew_keys(c);
    } else if (c->fetching) {
        /* All waiting threads share the outcome of that one fetch, good or bad. */
        uint64_t seen = c->fetches;
        while (c->fetches == seen)
            (void)pthread_cond_wait(&c->done, &c->lock);
    } else renew_keys(c);

    if (keys_are_valid(c, now)) *out = c->keys;
    else {
        explicit_bzero(out, sizeof(*out));
        err = c->last_error;
        if (err == 0) err = ERR_STORE; /* the keys that came are expired already */
    }
    (void)pthread_mutex_unlock(&c->lock);
    return err;
}

void
aws_credentials_reject(struct aws_credentials *c, const char *id) {
    (void)pthread_mutex_lock(&c->lock);
    if (c->have_keys && strcmp(c->keys.id, id) == 0) c->have_keys = false;
    (void)pthread_mutex_unlock(&c->lock);
}
