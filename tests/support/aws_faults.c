/* SPDX-License-Identifier: MIT */
#include "aws_faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <unistd.h>

#include "aws_standins.h"
#include "base/log.h"
#include "store/dynamodb/store.h"
#include "store/s3/blobs.h"

/* The limits on waiting apply, but tests do not wait. */
static void
short_pause(void *ctx, int ms) {
    (void)ctx;
    (void)usleep((useconds_t)ms * 50);
}

int
aws_faults_start(struct aws_faults *f) {
    struct buf reason = BUF_INIT(256);
    *f = (struct aws_faults){.kinds = json_object(), .standins = aws_standins_start()};
    aws_standins_make(f->standins, "table", f->table);
    aws_standins_make(f->standins, "bucket", f->bucket);
    aws_standins_through_faults(f->standins, true);

    struct aws_service_config aws = aws_standins_config(f->standins);
    aws.transport.pause = short_pause;
    struct dynamodb_store_config d = {.aws = aws, .table = f->table};
    struct s3_blobs_config s = {.aws = aws, .bucket = f->bucket};
    log_set_level(LOG_LEVEL_ERROR);
    if (dynamodb_store_open(&d, &f->store, &reason) != 0) return -1;
    return s3_blobs_open(&s, &f->blobs, &reason) != 0 ? -1 : 0;
}

void
aws_faults_stop(struct aws_faults *f) {
    char *text = json_dumps(f->kinds, JSON_COMPACT | JSON_SORT_KEYS);
    print_message("  left behind: %s\n", text);
    free(text);
    json_decref(f->kinds);
    aws_standins_tell(f->standins, "counts", true);
    f->store->ops->close(f->store);
    f->blobs->ops->close(f->blobs);
    aws_standins_stop(f->standins);
}

void
aws_faults_begin(struct aws_faults *f, unsigned seed, double rate) {
    char command[64];
    (void)snprintf(command, sizeof(command), "faults %u %.2f", seed, rate);
    aws_standins_tell(f->standins, command, false);
}

void
aws_faults_clear(struct aws_faults *f) {
    aws_standins_tell(f->standins, "clear", false);
}

void
aws_faults_die_after(struct aws_faults *f, int requests) {
    char command[32];
    (void)snprintf(command, sizeof(command), "die %d", requests);
    aws_standins_tell(f->standins, command, false);
}

void
aws_faults_unconditional(struct aws_faults *f, bool on) {
    aws_standins_tell(f->standins, on ? "unconditional on" : "unconditional off", false);
}

json_t *
aws_faults_take_leftovers(struct aws_faults *f) {
    char command[160];
    (void)snprintf(command, sizeof(command), "leftovers %s %s", f->table, f->bucket);
    return aws_standins_ask(f->standins, command);
}

void
aws_faults_check_leftovers(struct aws_faults *f, unsigned seed) {
    const char *kind = NULL;
    json_t *count = NULL, *left = aws_faults_take_leftovers(f);
    json_object_foreach(left, kind, count) {
        if (kind[0] == '!') fail_msg("seed %u: %s", seed, kind + 1);
        json_int_t sum = json_integer_value(json_object_get(f->kinds, kind));
        (void)json_object_set_new(f->kinds, kind, json_integer(sum + json_integer_value(count)));
    }
    json_decref(left);
}
