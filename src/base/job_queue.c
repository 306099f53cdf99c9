/* SPDX-License-Identifier: MIT */
#include "base/job_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/jobs.h"

/* --- parties ---------------------------------------------------------------------------------- */

static struct job_party **
bucket_of(struct job_queue *q, const struct party *key) {
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof(key->client); i++)
        sum = (sum * 31 + key->client[i]) * 31 + key->network[i];
    return &q->buckets[sum % JOB_QUEUE_BUCKETS];
}

/* Find or make the party ${key}: a client of ${network}, or a network if that is NULL.  Returns
 * NULL if memory is short. */
static struct job_party *
need_party(struct job_queue *q, const struct party *key, struct job_party *network) {
    struct job_party **bucket = bucket_of(q, key);
    for (struct job_party *p = *bucket; p != NULL; p = p->same)
        if (p->network == network && memcmp(&p->key, key, sizeof(*key)) == 0) return p;

    struct job_party *made = calloc(1, sizeof(*made));
    if (made == NULL) return NULL;
    made->network = network;
    made->key = *key;
    made->same = *bucket;
    *bucket = made;
    return made;
}

/* Free ${p} if it has no job any more. */
static void
leave_party(struct job_queue *q, struct job_party *p) {
    if (p->waiting > 0 || p->running > 0 || p == &q->nobody[0] || p == &q->nobody[1]) return;
    struct job_party **at = bucket_of(q, &p->key);
    while (*at != p)
        at = &(*at)->same;
    *at = p->same;
    free(p);
}

static void
leave_parties(struct job_queue *q, struct job_party *client) {
    struct job_party *network = client->network;
    leave_party(q, client);
    leave_party(q, network);
}

/* The client of ${client} in ${q}; NULL if memory is short. */
static struct job_party *
need_client(struct job_queue *q, const struct party *client) {
    if (client == NULL) return &q->nobody[1];

    struct party key = {0};
    memcpy(key.network, client->network, sizeof(key.network));
    struct job_party *network = need_party(q, &key, NULL);
    if (network == NULL) return NULL;

    struct job_party *found = need_party(q, client, network);
    if (found == NULL) leave_party(q, network);
    return found;
}

/* --- turns ------------------------------------------------------------------------------------ */

static void
append_turn(struct job_turns *t, struct job_party *p) {
    p->next = NULL;
    if (t->last == NULL) t->first = p;
    else t->last->next = p;
    t->last = p;
}

static void
remove_turn(struct job_turns *t, struct job_party *p) {
    struct job_party **at = &t->first;
    struct job_party *before = NULL;

    while (*at != p) {
        before = *at;
        at = &before->next;
    }
    *at = p->next;
    if (t->last == p) t->last = before;
}

/* One job of ${client} more waits. */
static void
count_waiting(struct job_queue *q, struct job_party *client) {
    struct job_party *network = client->network;
    if (client->waiting++ == 0) append_turn(&network->clients, client);
    if (network->waiting++ == 0) append_turn(&q->networks, network);
    q->waiting++;
}

/* One job of ${client} fewer waits. */
static void
uncount_waiting(struct job_queue *q, struct job_party *client) {
    struct job_party *network = client->network;
    q->waiting--;
    if (--client->waiting == 0) remove_turn(&network->clients, client);
    if (--network->waiting == 0) remove_turn(&q->networks, network);
}

/* The part of ${threads} that one of several may use. */
static unsigned
part_of_threads(unsigned threads) {
    unsigned share = threads - threads / 4;
    return share > 0 ? share : 1;
}

static unsigned
network_share(const struct job_queue *q, const struct job_party *network) {
    unsigned left = q->threads - (q->running - network->running);
    return network == &q->nobody[0] ? left : part_of_threads(left);
}

static unsigned
client_share(const struct job_queue *q, const struct job_party *client, unsigned share) {
    unsigned left = share - (client->network->running - client->running);
    return client == &q->nobody[1] ? left : part_of_threads(left);
}

/* The client whose turn it is; NULL as job_queue_take(). */
static struct job_party *
next_client(const struct job_queue *q) {
    if (q->running >= q->threads) return NULL;

    for (struct job_party *n = q->networks.first; n != NULL; n = n->next) {
        unsigned share = network_share(q, n);
        if (n->running >= share) continue;

        /* Those that are passed over have a job that runs, so they are few. */
        for (struct job_party *c = n->clients.first; c != NULL; c = c->next)
            if (c->running < client_share(q, c, share)) return c;
    }
    return NULL;
}

/* ${client}, and its network, have had their turn. */
static void
end_turn(struct job_queue *q, struct job_party *client) {
    struct job_party *network = client->network;
    remove_turn(&network->clients, client);
    append_turn(&network->clients, client);
    remove_turn(&q->networks, network);
    append_turn(&q->networks, network);
}

/* --- the queue -------------------------------------------------------------------------------- */

void
job_queue_init(struct job_queue *q, unsigned threads) {
    *q = (struct job_queue){.threads = threads};
    q->nobody[1].network = &q->nobody[0];
}

static void
append_job(struct job_queue *q, struct job_party *client, struct job *job) {
    job->next = NULL;
    job->party = client;
    if (client->head == NULL) client->head = job;
    else client->tail->next = job;
    client->tail = job;
    count_waiting(q, client);
}

int
job_queue_add(struct job_queue *q, struct job *job, const struct party *client) {
    struct job_party *party = need_client(q, client);
    if (party == NULL) return ERR_NOMEM;
    append_job(q, party, job);
    return 0;
}

void
job_queue_again(struct job_queue *q, struct job *job) {
    append_job(q, job->party, job);
}

void
job_queue_remove(struct job_queue *q, struct job *job) {
    struct job_party *client = job->party;
    struct job **at = &client->head;
    struct job *before = NULL;

    while (*at != job) {
        before = *at;
        at = &before->next;
    }
    *at = job->next;
    if (client->tail == job) client->tail = before;

    uncount_waiting(q, client);
    leave_parties(q, client);
}

bool
job_queue_ready(const struct job_queue *q) {
    return next_client(q) != NULL;
}

struct job *
job_queue_take(struct job_queue *q) {
    struct job_party *client = next_client(q);
    if (client == NULL) return NULL;

    struct job *job = client->head;
    client->head = job->next;
    end_turn(q, client);
    uncount_waiting(q, client);

    client->running++;
    client->network->running++;
    q->running++;
    return job;
}

const struct party *
job_queue_client(const struct job_queue *q, const struct job_party *party) {
    return party == &q->nobody[1] ? NULL : &party->key;
}

void
job_queue_done(struct job_queue *q, struct job_party *party) {
    q->running--;
    party->running--;
    party->network->running--;
    leave_parties(q, party);
}
