/* SPDX-License-Identifier: MIT */
#include "store/dynamodb/body.h"

#include <ctype.h>

/* A body under construction; once memory is short it is NULL, and stays so. */
static void
put(json_t **body, const char *name, json_t *value) {
    if (*body != NULL && json_object_set_new(*body, name, value) == 0) return;
    if (*body == NULL) json_decref(value);
    json_decref(*body);
    *body = NULL;
}

static json_t *
start(const char *table) {
    json_t *body = json_object();
    put(&body, "TableName", json_string(table));
    return body;
}

static json_t *
key_of(const char *id, const char *suffix) {
    char key[TOKEN_SEALED_ID_LEN + sizeof(DYNAMODB_CONTENT_SUFFIX)];
    json_t *o = json_object();
    int n = snprintf(key, sizeof(key), "%s%s", id, suffix);
    put(&o, "secret_id", n > 0 && (size_t)n < sizeof(key) ? dynamodb_item_s(key, (size_t)n) : NULL);
    return o;
}

/*
 * Set ${field} to ${expression}, in which attributes are written as #name, since many of their
 * names are reserved words; each #name is declared.
 */
static void
put_expression(json_t **body, const char *field, const char *expression) {
    json_t *names = json_object_get(*body, "ExpressionAttributeNames");
    if (names == NULL) {
        put(body, "ExpressionAttributeNames", json_object());
        names = json_object_get(*body, "ExpressionAttributeNames");
    }
    put(body, field, json_string(expression));
    for (const char *at = strchr(expression, '#'); at != NULL; at = strchr(at + 1, '#')) {
        char name[64] = "#";
        size_t len = 1;
        while (len < sizeof(name) - 1 && (isalnum((unsigned char)at[len]) || at[len] == '_'))
            name[len] = at[len], len++;
        if (json_object_set_new(names, name, json_string(name + 1)) != 0) put(body, "", NULL);
        if (*body == NULL) return;
    }
}

static void
put_value(json_t **body, const char *name, json_t *value) {
    if (json_object_get(*body, "ExpressionAttributeValues") == NULL)
        put(body, "ExpressionAttributeValues", json_object());
    json_t *values = json_object_get(*body, "ExpressionAttributeValues");
    if (values == NULL) json_decref(value);
    else if (json_object_set_new(values, name, value) != 0) put(body, "", NULL);
}

static void
put_number(json_t **body, const char *name, int64_t number) {
    put_value(body, name, dynamodb_item_n(number));
}

/* An UpdateItem of ${id} that answers with the item afterwards, or, refused, as it is. */
static json_t *
update(const char *table, const char *id, const char *expression, const char *condition) {
    json_t *body = start(table);
    put(&body, "Key", key_of(id, ""));
    put(&body, "ReturnValues", json_string("ALL_NEW"));
    put(&body, "ReturnValuesOnConditionCheckFailure", json_string("ALL_OLD"));
    put_expression(&body, "UpdateExpression", expression);
    put_expression(&body, "ConditionExpression", condition);
    return body;
}

json_t *
dynamodb_body_get(const char *table, const char *key, bool whole) {
    json_t *body = start(table);
    put(&body, "Key", key_of(key, ""));
    put(&body, "ConsistentRead", json_true());
    if (!whole)
        put_expression(
            &body, "ProjectionExpression",
            "#secret_id, #ttl, #rev, #content, #size, #mark, #nonce, #salt, #tag, #header, "
            "#view_count, #claims, #file_name, #s3_info, #v, #phase, #created_at, #expires_at, "
            "#views, #views_left, #verifier, #owner, #passphrase, #attempts, #attempts_left, "
            "#part_size, #parts, #parts_stored, #part_at, #ended_at, #burnt_by_owner, #leases, "
            "#blob");
    return body;
}

json_t *
dynamodb_body_put(const char *table, json_t *item) {
    json_t *body = start(table);
    if (body != NULL) put(&body, "Item", item);
    else json_decref(item);
    put_expression(&body, "ConditionExpression", "attribute_not_exists(#secret_id)");
    return body;
}

json_t *
dynamodb_body_claim(const char *table, const char *id, const struct change *c,
                    const struct record *after, int64_t ttl) {
    bool last = after->views_left == 0, gone = last && after->content == CONTENT_NONE;
    json_t *body =
        update(table, id,
               gone   ? "SET #view_count = :left, #rev = if_not_exists(#rev, :zero) + :one, "
                        "#content = :content, #ttl = :ttl ADD #claims :mark "
                        "REMOVE #data, #nonce, #salt, #tag, #header, #sweep, #sweep_at"
               : last ? "SET #view_count = :left, #rev = if_not_exists(#rev, :zero) + :one, "
                        "#content = :content, #sweep = :sweep, #sweep_at = :sweep_at "
                        "ADD #claims :mark"
                      : "SET #view_count = #view_count - :one, "
                        "#rev = if_not_exists(#rev, :zero) + :one ADD #claims :mark",
               last ? "#view_count = :one AND #ttl > :now AND NOT contains(#claims, :one_mark)"
                    : "#view_count > :one AND #ttl > :now AND NOT contains(#claims, :one_mark)");
    put_number(&body, ":one", 1);
    put_number(&body, ":zero", 0);
    put_number(&body, ":now", c->now);
    put_value(&body, ":mark", dynamodb_item_bs(c->mark, sizeof(c->mark)));
    put_value(&body, ":one_mark", dynamodb_item_b(c->mark, sizeof(c->mark)));
    if (last) {
        put_number(&body, ":left", 0);
        put_number(&body, ":content", after->content);
    }
    if (gone) put_number(&body, ":ttl", ttl);
    else if (last) {
        char shard[2];
        dynamodb_item_shard(id, strlen(id), shard);
        put_value(&body, ":sweep", dynamodb_item_s(shard, 1));
        put_number(&body, ":sweep_at", policy_sweep_at(after));
    }
    return body;
}

json_t *
dynamodb_body_open(const char *table, const char *id, const struct change *c,
                   const struct record *after, const struct lease *l) {
    bool last = after->views_left == 0;
    json_t *body = update(
        table, id,
        last ? "SET #views_left = #views_left - :one, #rev = #rev + :one, #sweep_at = :sweep_at, "
               "#leases = list_append(#leases, :lease) ADD #claims :hashes"
             : "SET #views_left = #views_left - :one, #rev = #rev + :one, "
               "#leases = list_append(#leases, :lease) ADD #claims :hashes",
        last ? "#verifier = :proof AND #views_left = :one AND #phase = :open AND #content = "
               ":content "
               "AND #expires_at > :now AND NOT contains(#claims, :hash)"
             : "#verifier = :proof AND #views_left > :one AND #phase = :open AND #content = "
               ":content "
               "AND #expires_at > :now AND NOT contains(#claims, :hash)");
    put_number(&body, ":one", 1);
    put_number(&body, ":now", c->now);
    put_number(&body, ":open", PHASE_OPEN);
    put_number(&body, ":content", after->content);
    put_value(&body, ":proof", dynamodb_item_b(c->proof, sizeof(c->proof)));
    put_value(&body, ":hash", dynamodb_item_b(c->hash, sizeof(c->hash)));
    put_value(&body, ":hashes", dynamodb_item_bs(c->hash, sizeof(c->hash)));
    put_value(&body, ":lease", dynamodb_item_lease(l));
    if (last) put_number(&body, ":sweep_at", policy_sweep_at(after));
    return body;
}

json_t *
dynamodb_body_wrong(const char *table, const char *id, const struct change *c) {
    json_t *body =
        update(table, id, "SET #attempts_left = #attempts_left - :one, #rev = #rev + :one",
               "#verifier <> :proof AND #attempts_left > :one AND #phase = :open AND "
               "#expires_at > :now AND #views_left >= :one");
    put_number(&body, ":one", 1);
    put_number(&body, ":now", c->now);
    put_number(&body, ":open", PHASE_OPEN);
    put_value(&body, ":proof", dynamodb_item_b(c->proof, sizeof(c->proof)));
    return body;
}

json_t *
dynamodb_body_part(const char *table, const char *id, const struct change *c,
                   const struct record *after) {
    json_t *body = update(table, id,
                          "SET #parts_stored = #parts_stored + :one, #rev = #rev + :one, "
                          "#part_at = :now, #sweep_at = :sweep_at ADD #parts :parts",
                          "#phase = :uploading AND #content = :content AND #expires_at > :now AND "
                          "NOT contains(#parts, :part)");
    put_number(&body, ":one", 1);
    put_number(&body, ":now", c->now);
    put_number(&body, ":uploading", PHASE_UPLOADING);
    put_number(&body, ":content", CONTENT_BLOBS);
    put_number(&body, ":sweep_at", policy_sweep_at(after));
    put_value(&body, ":parts", dynamodb_item_ns(c->part));
    put_number(&body, ":part", c->part);
    return body;
}

/* The condition that nothing changed since ${rev} was read. */
static const char *
unchanged(uint64_t rev) {
    return rev == 0 ? "attribute_exists(#secret_id) AND attribute_not_exists(#rev)"
                    : "#rev = :old_rev";
}

static void
put_rev(json_t **body, uint64_t rev) {
    if (rev != 0) put_number(body, ":old_rev", (int64_t)rev);
}

static json_t *
store_classic(const char *table, const char *id, uint64_t rev, const struct record *after) {
    char shard[2];
    json_t *body = update(table, id,
                          "SET #view_count = :left, #rev = :rev, #content = :content, "
                          "#sweep = :sweep, #sweep_at = :sweep_at",
                          unchanged(rev));
    dynamodb_item_shard(id, strlen(id), shard);
    put_number(&body, ":left", after->views_left);
    put_number(&body, ":rev", (int64_t)after->rev);
    put_number(&body, ":content", after->content);
    put_value(&body, ":sweep", dynamodb_item_s(shard, 1));
    put_number(&body, ":sweep_at", policy_sweep_at(after));
    put_rev(&body, rev);
    return body;
}

json_t *
dynamodb_body_store(const char *table, const char *id, uint64_t rev, const struct record *after) {
    if (after->kind != RECORD_SEALED) return store_classic(table, id, rev, after);
    bool uploading = after->phase == PHASE_UPLOADING, blob = after->blob[0] != '\0';
    static const char few[] = "SET #rev = :rev, #content = :content, #sweep_at = :sweep_at";
    static const char all[] = "SET #rev = :rev, #content = :content, #sweep_at = :sweep_at, "
                              "#phase = :phase, #attempts_left = :attempts_left, "
                              "#ended_at = :ended_at, #burnt_by_owner = :by_owner, "
                              "#leases = :leases REMOVE #parts";
    char expression[sizeof(all) + 16];
    (void)snprintf(expression, sizeof(expression), "%s%s", uploading ? few : all,
                   blob        ? ""
                   : uploading ? " REMOVE #blob"
                               : ", #blob");
    json_t *body = update(table, id, expression, unchanged(rev));
    put_number(&body, ":rev", (int64_t)after->rev);
    put_number(&body, ":content", after->content);
    put_number(&body, ":sweep_at", policy_sweep_at(after));
    put_rev(&body, rev);
    if (uploading) return body;
    put_number(&body, ":phase", after->phase);
    put_number(&body, ":attempts_left", after->attempts_left);
    put_number(&body, ":ended_at", after->ended_at);
    put_value(&body, ":by_owner", dynamodb_item_bool(after->burnt_by_owner));
    put_value(&body, ":leases", dynamodb_item_leases(after));
    return body;
}

json_t *
dynamodb_body_bury(const char *table, const char *id, uint64_t rev, int64_t ttl) {
    json_t *body = update(table, id,
                          "SET #content = :none, #view_count = :none, #rev = :rev, #ttl = :ttl "
                          "REMOVE #data, #nonce, #salt, #tag, #header, #file_name, #s3_info, "
                          "#sweep, #sweep_at",
                          unchanged(rev));
    put_number(&body, ":none", 0);
    put_number(&body, ":rev", (int64_t)rev + 1);
    put_number(&body, ":ttl", ttl);
    put_rev(&body, rev);
    return body;
}

json_t *
dynamodb_body_delete(const char *table, const char *id, uint64_t rev) {
    json_t *body = start(table);
    put(&body, "Key", key_of(id, ""));
    put_expression(&body, "ConditionExpression", unchanged(rev));
    put_rev(&body, rev);
    return body;
}

json_t *
dynamodb_body_delete_content(const char *table, const char *id) {
    json_t *body = start(table);
    put(&body, "Key", key_of(id, DYNAMODB_CONTENT_SUFFIX));
    return body;
}

json_t *
dynamodb_body_due(const char *table, const char *shard, int64_t now, int max) {
    json_t *body = start(table);
    put(&body, "IndexName", json_string("sweep"));
    put(&body, "Limit", json_integer(max));
    put_expression(&body, "KeyConditionExpression", "#sweep = :sweep AND #sweep_at <= :now");
    put_value(&body, ":sweep", dynamodb_item_s(shard, 1));
    put_number(&body, ":now", now);
    return body;
}

json_t *
dynamodb_body_find_blob(const char *table, const char *blob, const json_t *start_key) {
    char info[128];
    json_t *body = start(table);
    /* Quotes around the name: no other name ends like it. */
    int n = snprintf(info, sizeof(info), "\"key\": \"%s\"", blob);
    put(&body, "ConsistentRead", json_true());
    put_expression(&body, "FilterExpression",
                   "#content <> :none AND (#blob = :blob OR contains(#s3_info, :info))");
    put_expression(&body, "ProjectionExpression", "#secret_id");
    put_number(&body, ":none", 0);
    put_value(&body, ":blob", dynamodb_item_s(blob, strlen(blob)));
    put_value(&body, ":info",
              n > 0 && (size_t)n < sizeof(info) ? dynamodb_item_s(info, (size_t)n) : NULL);
    if (start_key != NULL) put(&body, "ExclusiveStartKey", json_deep_copy(start_key));
    return body;
}
