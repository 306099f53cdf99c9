/* SPDX-License-Identifier: MIT */
#include "store/dynamodb/body.h"

#include "store/dynamodb/build.h"

/* Everything of an item but its content. */
static const char all_but_content[] =
    "#secret_id, #ttl, #rev, #content, #size, #mark, #nonce, #salt, #tag, #header, "
    "#view_count, #claims, #file_name, #s3_info, #v, #phase, #created_at, #expires_at, "
    "#views, #views_left, #verifier, #owner, #passphrase, #attempts, #attempts_left, "
    "#part_size, #parts, #parts_stored, #part_at, #ended_at, #burnt_by_owner, #removed, "
    "#leases, #blob, #gate_verifier, #wrap_len, #request, #answer_ttl, #answer_size, #answers";

/*
 * {
 *   "TableName": "TABLE", "Key": {"secret_id": {"S": "KEY"}}, "ConsistentRead": true,
 *   "ProjectionExpression": "#secret_id, ...", "ExpressionAttributeNames": {...}
 * }
 */
json_t *
dynamodb_body_get(const char *table, const char *key, bool whole) {
    json_t *body = build_start(table);

    build_put(&body, "Key", build_key(key, ""));
    build_put(&body, "ConsistentRead", json_true());
    if (!whole) build_expression(&body, "ProjectionExpression", all_but_content);
    return body;
}

/*
 * {
 *   "TableName": "TABLE", "Key": {"secret_id": {"S": "KEY"}}, "ConsistentRead": true,
 *   "ProjectionExpression": "#wrap", "ExpressionAttributeNames": {"#wrap": "wrap"}
 * }
 */
json_t *
dynamodb_body_get_wrap(const char *table, const char *key) {
    json_t *body = build_start(table);

    build_put(&body, "Key", build_key(key, ""));
    build_put(&body, "ConsistentRead", json_true());
    build_expression(&body, "ProjectionExpression", "#wrap");
    return body;
}

/*
 * {
 *   "TableName": "TABLE", "Item": {...},
 *   "ConditionExpression": "attribute_not_exists(#secret_id)",
 *   "ExpressionAttributeNames": {"#secret_id": "secret_id"}
 * }
 */
json_t *
dynamodb_body_put(const char *table, json_t *item) {
    json_t *body = build_start(table);

    if (body != NULL) build_put(&body, "Item", item);
    else json_decref(item);
    build_expression(&body, "ConditionExpression", "attribute_not_exists(#secret_id)");
    return body;
}

/*
 * A claim of a view that is not the last one.
 *
 * ":one": {"N": "1"}, ":zero": {"N": "0"}, ":now": {"N": "NOW"},
 * ":mark": {"BS": ["MARK"]}, ":one_mark": {"B": "MARK"}
 */
static json_t *
claim_one_of_several(const char *table, const char *id) {
    return build_update(table, id,
                        "SET #view_count = #view_count - :one, "
                        "#rev = if_not_exists(#rev, :zero) + :one ADD #claims :mark",
                        "#view_count > :one AND #ttl > :now AND NOT contains(#claims, :one_mark)");
}

/*
 * The claim of the last view of a text: its ciphertext is removed in the same write, and a
 * tombstone stays.
 *
 * ":left": {"N": "0"}, ":content": {"N": "0"}, ":ttl": {"N": "TTL"}, and those above
 */
static json_t *
claim_last_of_text(const char *table, const char *id, const struct record *after, int64_t ttl) {
    json_t *body =
        build_update(table, id,
                     "SET #view_count = :left, #rev = if_not_exists(#rev, :zero) + :one, "
                     "#content = :content, #ttl = :ttl ADD #claims :mark "
                     "REMOVE #data, #nonce, #salt, #tag, #header, #sweep, #sweep_at",
                     "#view_count = :one AND #ttl > :now AND NOT contains(#claims, :one_mark)");
    build_number(&body, ":left", 0);
    build_number(&body, ":content", after->content);
    build_number(&body, ":ttl", ttl);
    return body;
}

/*
 * The claim of the last view of a file: its content is in S3, and the sweep erases it.
 *
 * ":left": {"N": "0"}, ":content": {"N": "CONTENT_DOOMED"},
 * ":sweep": {"S": "SHARD"}, ":sweep_at": {"N": "TIME"}, and those above
 */
static json_t *
claim_last_of_file(const char *table, const char *id, const struct record *after) {
    json_t *body =
        build_update(table, id,
                     "SET #view_count = :left, #rev = if_not_exists(#rev, :zero) + :one, "
                     "#content = :content, #sweep = :sweep, #sweep_at = :sweep_at "
                     "ADD #claims :mark",
                     "#view_count = :one AND #ttl > :now AND NOT contains(#claims, :one_mark)");
    build_number(&body, ":left", 0);
    build_number(&body, ":content", after->content);
    build_sweep(&body, id, after);
    return body;
}

json_t *
dynamodb_body_claim(const char *table, const char *id, const struct change *c,
                    const struct record *after, int64_t ttl) {
    json_t *body = NULL;

    if (after->views_left > 0) body = claim_one_of_several(table, id);
    else if (after->content == CONTENT_NONE) body = claim_last_of_text(table, id, after, ttl);
    else body = claim_last_of_file(table, id, after);

    /* What all three conditions name. */
    build_number(&body, ":one", 1);
    build_number(&body, ":zero", 0);
    build_number(&body, ":now", c->now);
    build_value(&body, ":mark", dynamodb_item_bs(c->mark, sizeof(c->mark)));
    build_value(&body, ":one_mark", dynamodb_item_b(c->mark, sizeof(c->mark)));
    return body;
}

/*
 * An open that leaves views.
 *
 * ":one": {"N": "1"}, ":now": {"N": "NOW"}, ":open": {"N": "PHASE_OPEN"},
 * ":content": {"N": "CONTENT"}, ":proof": {"B": "VERIFIER"}, ":hash": {"B": "LEASE HASH"},
 * ":hashes": {"BS": ["LEASE HASH"]}, ":lease": {"L": [{"M": {...}}]}
 */
static json_t *
open_one_of_several(const char *table, const char *id) {
    return build_update(table, id,
                        "SET #views_left = #views_left - :one, #rev = #rev + :one, "
                        "#leases = list_append(#leases, :lease) ADD #claims :hashes",
                        "#verifier = :proof AND #views_left > :one AND #phase = :open AND "
                        "#content = :content AND #expires_at > :now AND "
                        "NOT contains(#claims, :hash)");
}

/*
 * The last open: the record becomes due when its last lease ends.
 *
 * ":sweep_at": {"N": "TIME"}, and those above
 */
static json_t *
open_last(const char *table, const char *id, const struct record *after) {
    json_t *body = build_update(table, id,
                                "SET #views_left = #views_left - :one, #rev = #rev + :one, "
                                "#sweep_at = :sweep_at, "
                                "#leases = list_append(#leases, :lease) ADD #claims :hashes",
                                "#verifier = :proof AND #views_left = :one AND #phase = :open AND "
                                "#content = :content AND #expires_at > :now AND "
                                "NOT contains(#claims, :hash)");
    build_number(&body, ":sweep_at", policy_sweep_at(after));
    return body;
}

json_t *
dynamodb_body_open(const char *table, const char *id, const struct change *c,
                   const struct record *after, const struct lease *l) {
    json_t *body = NULL;

    if (after->views_left > 0) body = open_one_of_several(table, id);
    else body = open_last(table, id, after);

    /* What both conditions name. */
    build_number(&body, ":one", 1);
    build_number(&body, ":now", c->now);
    build_number(&body, ":open", PHASE_OPEN);
    build_number(&body, ":content", after->content);
    build_value(&body, ":proof", dynamodb_item_b(c->proof, sizeof(c->proof)));
    build_value(&body, ":hash", dynamodb_item_b(c->hash, sizeof(c->hash)));
    build_value(&body, ":hashes", dynamodb_item_bs(c->hash, sizeof(c->hash)));
    build_value(&body, ":lease", dynamodb_item_lease(l));
    return body;
}

/* ":one": {"N": "1"}, ":now": {"N": "NOW"}, ":open": {"N": "PHASE_OPEN"}, ":proof": {"B":
 * "PROOF"} */
json_t *
dynamodb_body_wrong(const char *table, const char *id, const struct change *c) {
    json_t *body =
        build_update(table, id, "SET #attempts_left = #attempts_left - :one, #rev = #rev + :one",
                     "#verifier <> :proof AND #attempts_left > :one AND #phase = :open AND "
                     "#expires_at > :now AND #views_left >= :one");
    build_number(&body, ":one", 1);
    build_number(&body, ":now", c->now);
    build_number(&body, ":open", PHASE_OPEN);
    build_value(&body, ":proof", dynamodb_item_b(c->proof, sizeof(c->proof)));
    return body;
}

/*
 * ":one": {"N": "1"}, ":now": {"N": "NOW"}, ":uploading": {"N": "PHASE_UPLOADING"},
 * ":content": {"N": "CONTENT_BLOBS"}, ":sweep_at": {"N": "TIME"},
 * ":parts": {"NS": ["PART"]}, ":part": {"N": "PART"}
 */
json_t *
dynamodb_body_part(const char *table, const char *id, const struct change *c,
                   const struct record *after) {
    json_t *body =
        build_update(table, id,
                     "SET #parts_stored = #parts_stored + :one, #rev = #rev + :one, "
                     "#part_at = :now, #sweep_at = :sweep_at ADD #parts :parts",
                     "#phase = :uploading AND #content = :content AND #expires_at > :now AND "
                     "NOT contains(#parts, :part)");
    build_number(&body, ":one", 1);
    build_number(&body, ":now", c->now);
    build_number(&body, ":uploading", PHASE_UPLOADING);
    build_number(&body, ":content", CONTENT_BLOBS);
    build_number(&body, ":sweep_at", policy_sweep_at(after));
    build_value(&body, ":parts", dynamodb_item_ns(c->part));
    build_number(&body, ":part", c->part);
    return body;
}

/*
 * ":one": {"N": "1"}, ":now": {"N": "NOW"}, ":open": {"N": "PHASE_OPEN"},
 * ":sweep_at": {"N": "TIME"}, ":ref": {"B": "ANSWER"}, ":refs": {"BS": ["ANSWER"]},
 * ":answer": {"L": [{"M": {...}}]}
 */
json_t *
dynamodb_body_answer(const char *table, const char *id, const struct change *c,
                     const struct record *after) {
    const struct record_answer *answer = &after->answers[after->answer_count - 1];
    json_t *body = build_update(table, id,
                                "SET #views_left = #views_left - :one, #rev = #rev + :one, "
                                "#sweep_at = :sweep_at, "
                                "#answers = list_append(#answers, :answer) ADD #claims :refs",
                                "#phase = :open AND #views_left >= :one AND #expires_at > :now AND "
                                "NOT contains(#claims, :ref)");
    build_number(&body, ":one", 1);
    build_number(&body, ":now", c->now);
    build_number(&body, ":open", PHASE_OPEN);
    build_number(&body, ":sweep_at", policy_sweep_at(after));
    build_value(&body, ":ref", dynamodb_item_b(c->answer.bytes, c->answer.len));
    build_value(&body, ":refs", dynamodb_item_bs(c->answer.bytes, c->answer.len));
    build_value(&body, ":answer", dynamodb_item_answer(answer));
    return body;
}

/*
 * The item of an answer in parts is made by this write.  That of inline content must be there: once
 * it is erased it must not come back.
 *
 * {
 *   "TableName": "TABLE", "Key": {"secret_id": {"S": "ID#content"}}, "ReturnValues": "ALL_NEW",
 *   "UpdateExpression": "...", "ConditionExpression": "...",
 *   "ExpressionAttributeNames": {...},
 *   "ExpressionAttributeValues": {":wrap": {"B": "WRAP"}, ":ttl": {"N": "TTL"}}
 * }
 */
json_t *
dynamodb_body_put_wrap(const char *table, const char *id, const struct record *after,
                       const struct buf *wrap) {
    json_t *body = build_start(table);
    build_put(&body, "Key", build_key(id, DYNAMODB_CONTENT_SUFFIX));
    build_put(&body, "ReturnValues", json_string("ALL_NEW"));
    build_expression(&body, "UpdateExpression",
                     "SET #wrap = if_not_exists(#wrap, :wrap), #ttl = if_not_exists(#ttl, :ttl)");
    if (after->content == CONTENT_INLINE)
        build_expression(&body, "ConditionExpression", "attribute_exists(#secret_id)");
    build_value(&body, ":wrap", dynamodb_item_b(wrap->data, wrap->len));
    build_number(&body, ":ttl", dynamodb_item_content_ttl(after));
    return body;
}

/* The condition that the item has not changed since it was read with ${rev}. */
static const char *
unchanged_since(uint64_t rev) {
    if (rev == 0) return "attribute_exists(#secret_id) AND attribute_not_exists(#rev)";
    return "#rev = :old_rev";
}

/* Set what unchanged_since() names. */
static void
body_old_rev(json_t **body, uint64_t rev) {
    if (rev != 0) build_number(body, ":old_rev", (int64_t)rev);
}

/*
 * ":left": {"N": "VIEWS"}, ":rev": {"N": "NEW REV"}, ":content": {"N": "CONTENT"},
 * ":sweep": {"S": "SHARD"}, ":sweep_at": {"N": "TIME"}, ":old_rev": {"N": "REV"}
 */
static json_t *
store_classic(const char *table, const char *id, uint64_t rev, const struct record *after) {
    json_t *body = build_update(table, id,
                                "SET #view_count = :left, #rev = :rev, #content = :content, "
                                "#sweep = :sweep, #sweep_at = :sweep_at",
                                unchanged_since(rev));
    build_number(&body, ":left", after->views_left);
    build_number(&body, ":rev", (int64_t)after->rev);
    build_number(&body, ":content", after->content);
    build_sweep(&body, id, after);
    body_old_rev(&body, rev);
    return body;
}

/*
 * A sealed record whose upload is in progress.
 *
 * ":rev": {"N": "NEW REV"}, ":content": {"N": "CONTENT"}, ":sweep_at": {"N": "TIME"},
 * ":old_rev": {"N": "REV"}
 */
static json_t *
store_upload(const char *table, const char *id, uint64_t rev, const struct record *after) {
    const char *expression = "SET #rev = :rev, #content = :content, #sweep_at = :sweep_at";

    if (after->blob[0] == '\0')
        expression = "SET #rev = :rev, #content = :content, #sweep_at = :sweep_at REMOVE #blob";
    json_t *body = build_update(table, id, expression, unchanged_since(rev));
    build_number(&body, ":rev", (int64_t)after->rev);
    build_number(&body, ":content", after->content);
    build_number(&body, ":sweep_at", policy_sweep_at(after));
    body_old_rev(&body, rev);
    return body;
}

/*
 * A sealed record whose upload is complete: the numbers of its parts are not needed any more.
 *
 * ":phase": {"N": "PHASE"}, ":attempts_left": {"N": "ATTEMPTS"}, ":ended_at": {"N": "TIME"},
 * ":by_owner": {"BOOL": BURNT}, ":removed": {"BOOL": TAKEN DOWN}, ":leases": {"L": [...]},
 * ":wrap_len": {"N": LENGTH}, ":v": {"N": VERSION}, and those above
 */
static json_t *
store_complete(const char *table, const char *id, uint64_t rev, const struct record *after) {
#define SET_COMPLETE                                                                               \
    "SET #rev = :rev, #content = :content, #sweep_at = :sweep_at, #phase = :phase, "               \
    "#attempts_left = :attempts_left, #ended_at = :ended_at, #burnt_by_owner = :by_owner, "        \
    "#removed = :removed, #leases = :leases, #wrap_len = :wrap_len, #v = :v "
    const char *expression = SET_COMPLETE "REMOVE #parts";

    if (after->blob[0] == '\0') expression = SET_COMPLETE "REMOVE #parts, #blob";
    json_t *body = build_update(table, id, expression, unchanged_since(rev));
    build_number(&body, ":rev", (int64_t)after->rev);
    build_number(&body, ":content", after->content);
    build_number(&body, ":sweep_at", policy_sweep_at(after));
    body_old_rev(&body, rev);

    /* What only a complete upload has. */
    build_number(&body, ":phase", after->phase);
    build_number(&body, ":attempts_left", after->attempts_left);
    build_number(&body, ":ended_at", after->ended_at);
    build_value(&body, ":by_owner", dynamodb_item_bool(after->burnt_by == BURNT_BY_OWNER));
    build_value(&body, ":removed", dynamodb_item_bool(after->burnt_by == BURNT_BY_OPERATOR));
    build_value(&body, ":leases", dynamodb_item_leases(after));
    build_number(&body, ":wrap_len", after->wrap_len);
    build_number(&body, ":v", dynamodb_item_version(after));
    return body;
#undef SET_COMPLETE
}

json_t *
dynamodb_body_store(const char *table, const char *id, uint64_t rev, const struct record *after) {
    if (record_is_classic(after)) return store_classic(table, id, rev, after);
    if (after->phase == PHASE_UPLOADING) return store_upload(table, id, rev, after);
    return store_complete(table, id, rev, after);
}

/*
 * ":none": {"N": "0"}, ":rev": {"N": "NEW REV"}, ":ttl": {"N": "TTL"}, ":old_rev": {"N": "REV"}
 */
json_t *
dynamodb_body_tombstone(const char *table, const char *id, uint64_t rev, int64_t ttl) {
    json_t *body =
        build_update(table, id,
                     "SET #content = :none, #view_count = :none, #rev = :rev, #ttl = :ttl "
                     "REMOVE #data, #nonce, #salt, #tag, #header, #file_name, #s3_info, "
                     "#sweep, #sweep_at",
                     unchanged_since(rev));
    build_number(&body, ":none", 0);
    build_number(&body, ":rev", (int64_t)rev + 1);
    build_number(&body, ":ttl", ttl);
    body_old_rev(&body, rev);
    return body;
}

/*
 * {
 *   "TableName": "TABLE", "Key": {"secret_id": {"S": "ID"}}, "ConditionExpression": "...",
 *   "ExpressionAttributeNames": {...}, "ExpressionAttributeValues": {":old_rev": {"N": "REV"}}
 * }
 */
json_t *
dynamodb_body_delete(const char *table, const char *id, uint64_t rev) {
    json_t *body = build_start(table);
    build_put(&body, "Key", build_key(id, ""));
    build_expression(&body, "ConditionExpression", unchanged_since(rev));
    body_old_rev(&body, rev);
    return body;
}

/* {"TableName": "TABLE", "Key": {"secret_id": {"S": "ID#content"}}} */
json_t *
dynamodb_body_delete_content(const char *table, const char *id) {
    json_t *body = build_start(table);
    build_put(&body, "Key", build_key(id, DYNAMODB_CONTENT_SUFFIX));
    return body;
}

/*
 * {
 *   "TableName": "TABLE", "IndexName": "sweep", "Limit": MAX,
 *   "KeyConditionExpression": "#sweep = :sweep AND #sweep_at <= :now",
 *   "ExpressionAttributeNames": {...},
 *   "ExpressionAttributeValues": {":sweep": {"S": "SHARD"}, ":now": {"N": "NOW"}}
 * }
 */
json_t *
dynamodb_body_due(const char *table, const char *shard, int64_t now, int max) {
    json_t *body = build_start(table);
    build_put(&body, "IndexName", json_string("sweep"));
    build_put(&body, "Limit", json_integer(max));
    build_expression(&body, "KeyConditionExpression", "#sweep = :sweep AND #sweep_at <= :now");
    build_value(&body, ":sweep", dynamodb_item_s(shard, 1));
    build_number(&body, ":now", now);
    return body;
}

/*
 * {
 *   "TableName": "TABLE", "ConsistentRead": true, "FilterExpression": "...",
 *   "ProjectionExpression": "#secret_id", "ExpressionAttributeNames": {...},
 *   "ExpressionAttributeValues": {
 *     ":none": {"N": "0"}, ":blob": {"S": "BLOB"}, ":info": {"S": "\"key\": \"BLOB\""}
 *   },
 *   "ExclusiveStartKey": {"secret_id": {"S": "ID"}}
 * }
 */
json_t *
dynamodb_body_find_blob(const char *table, const char *blob, const json_t *start) {
    char info[128];
    json_t *body = build_start(table), *info_value = NULL;

    build_put(&body, "ConsistentRead", json_true());
    build_expression(&body, "FilterExpression",
                     "#content <> :none AND (#blob = :blob OR contains(#s3_info, :info))");
    build_expression(&body, "ProjectionExpression", "#secret_id");
    build_number(&body, ":none", 0);
    build_value(&body, ":blob", dynamodb_item_s(blob, strlen(blob)));

    /* The quotes keep a longer name with the same end from matching. */
    int n = snprintf(info, sizeof(info), "\"key\": \"%s\"", blob);
    if (n > 0 && (size_t)n < sizeof(info)) info_value = dynamodb_item_s(info, (size_t)n);
    build_value(&body, ":info", info_value);

    if (start != NULL) build_put(&body, "ExclusiveStartKey", json_deep_copy(start));
    return body;
}

/*
 * {
 *   "TableName": "TABLE", "ProjectionExpression": "#secret_id, ...",
 *   "ExpressionAttributeNames": {...}, "ExclusiveStartKey": {"secret_id": {"S": "ID"}}
 * }
 */
json_t *
dynamodb_body_survey(const char *table, const json_t *start) {
    json_t *body = build_start(table);

    build_expression(&body, "ProjectionExpression", all_but_content);
    if (start != NULL) build_put(&body, "ExclusiveStartKey", json_deep_copy(start));
    return body;
}
