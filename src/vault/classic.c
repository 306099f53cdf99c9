/* SPDX-License-Identifier: MIT */
#include "vault/classic.h"

#include "base/err.h"
#include "base/text/json.h"
#include "vault/internal.h"

/* Encrypt ${in} under a new passphrase, into r->classic, ${ciphertext} and out->passphrase. */
static int
seal_classic(struct vault *v, struct kdf_pool *kdf, const struct vault_classic_new *in,
             struct record *r, struct buf *ciphertext, struct vault_classic_created *out) {
    uint8_t key[CLASSIC_KEY_LEN];
    token_mint_passphrase(&v->random, out->passphrase);
    classic_init(&r->classic, &v->random);

    int err = kdf_pool_derive(kdf, &in->client, KDF_CLASSIC, out->passphrase, TOKEN_PASSPHRASE_LEN,
                              r->classic.salt, sizeof(r->classic.salt), key, sizeof(key));
    if (err == 0) err = classic_seal(&r->classic, key, in->plain, in->len, ciphertext);
    explicit_bzero(key, sizeof(key));
    return err;
}

/* Where the content of ${in} is stored.  The ciphertext is as long as the plaintext: its tag is in
 * the record. */
static enum record_content
place_classic(const struct vault *v, const struct vault_classic_new *in) {
    bool apart = in->file_name != NULL && v->store->pysecrets_layout;
    return in->len > v->store->inline_max || apart ? CONTENT_BLOBS : CONTENT_INLINE;
}

struct vault_charge
vault_classic_charge(const struct vault *v, const struct vault_classic_new *in) {
    return vault_charge(in->views, place_classic(v, in), in->len, 0);
}

static void
fill_classic_record(struct vault *v, const struct vault_classic_new *in, uint64_t size,
                    struct record *r) {
    bool file = in->file_name != NULL;

    r->kind = RECORD_CLASSIC_TEXT;
    r->phase = PHASE_OPEN;
    r->content = place_classic(v, in);
    r->rev = RECORD_REV_FIRST;
    r->created_at = vault_now(v);
    r->expires_at = r->created_at + in->ttl;
    r->views = r->views_left = in->views;
    r->size = size;
    if (in->by != NULL) r->creator = *in->by;
    if (file) {
        r->kind = RECORD_CLASSIC_FILE;
        (void)snprintf(r->file_name, sizeof(r->file_name), "%s", in->file_name);
    }
}

static void
name_classic_blob(struct vault *v, const char *id, struct record *r) {
    if (v->store->pysecrets_layout) (void)snprintf(r->blob, sizeof(r->blob), "%s.enc", id);
    else token_mint_blob(&v->random, r->blob);
}

/* Store content, then record.  Returns 1; 0 if the id or the name is taken; or a negative code. */
static int
store_classic_blob(struct vault *v, const struct store_ref *ref, const struct record *r,
                   const struct buf *ciphertext) {
    struct blobs *b = v->blobs;

    /* The order is a promise: a record never names content that is not durable. */
    int stored = vault_counted(v, b->ops->put(b, r->blob, 0, ciphertext->data, ciphertext->len));
    if (stored == ERR_CONFLICT || stored == 0) return 0; /* content of another secret */
    if (stored == 1) {
        stored = vault_counted(v, v->store->ops->create(v->store, ref, r, NULL, NULL));
        /* If the record exists, its content must, too.  Nobody has the passphrase.  Both expire, or
         * the next sweep erases the content because no record names it. */
        if (stored == ERR_UNKNOWN_OUTCOME) {
            atomic_store(&v->untidy, true);
            return stored;
        }
    }

    if (stored != 1) vault_erase_orphan(v, r->blob, 1);
    return stored;
}

/* Store record and content under a new id.  Returns 1 or a negative code. */
static int
create_classic(struct vault *v, struct record *r, const struct buf *ciphertext, char *id) {
    int created = 0;
    for (int i = 0; i < VAULT_ID_TRIES && created == 0; i++) {
        struct store_ref ref = {0};
        token_mint_classic_id(&v->random, id);
        v->store->ops->ref(v->store, id, &ref);

        if (r->content == CONTENT_INLINE) {
            created = vault_counted(v, v->store->ops->create(v->store, &ref, r, ciphertext, NULL));
        } else {
            name_classic_blob(v, id, r);
            atomic_fetch_add(&v->creating, 1);
            created = store_classic_blob(v, &ref, r, ciphertext);
            atomic_fetch_sub(&v->creating, 1);
        }
    }

    /* That many collisions mean that the store or the random numbers are broken. */
    if (created == 0) return vault_counted(v, ERR_STORE);
    return created;
}

int
vault_classic_create(struct vault *v, struct kdf_pool *kdf, const struct vault_classic_new *in,
                     struct vault_classic_created *out) {
    struct record r = {0};
    struct buf ciphertext = BUF_INIT(in->len);
    *out = (struct vault_classic_created){0};

    /* The quota before the derivation: a full server refuses at little cost. */
    const struct vault_charge charge = vault_classic_charge(v, in);
    int result = vault_quota_hold(v, &charge);
    if (result != 0) return result;

    result = seal_classic(v, kdf, in, &r, &ciphertext, out);
    if (result == 0) {
        fill_classic_record(v, in, ciphertext.len, &r);
        result = create_classic(v, &r, &ciphertext, out->id);
    }

    vault_quota_release(v, &charge, vault_stored(result));
    if (result != 1) explicit_bzero(out, sizeof(*out));
    record_clear(&r);
    buf_free(&ciphertext);
    return result;
}

/* One open of a classic secret. */
struct opening {
    struct vault *vault;
    struct kdf_pool *kdf;
    const char *id;
    const void *passphrase;
    size_t passphrase_len;
    const struct vault_classic_reader *reader;

    struct record record;
    struct buf ciphertext;
    uint8_t key[CLASSIC_KEY_LEN];
    struct vault_classic_opened opened;
};

/* Whether a view of ${r} is left. */
static bool
has_classic_view(struct vault *v, const struct record *r) {
    return record_is_classic(r) && policy_can_claim(r, vault_now(v));
}

/* Whether no view is left by now: a secret that is gone is neither too large nor lost. */
static bool
is_classic_gone(const struct opening *o) {
    struct record now = {0};
    int found = vault_load(o->vault, o->id, &now, NULL);
    bool gone = found == 0 || (found == 1 && !has_classic_view(o->vault, &now));
    record_clear(&now);
    return gone;
}

/* Whether the plaintext is within the limits of the reader. */
static bool
is_deliverable(const struct opening *o) {
    size_t max = o->reader->file_max;
    if (o->record.kind == RECORD_CLASSIC_TEXT) max = o->reader->text_max;
    if (o->record.classic.nonce_len == CLASSIC_NONCE2_LEN) max += CLASSIC_TAG_LEN; /* in the data */
    return o->ciphertext.len <= max;
}

/*
 * Read record and inline content.  Returns 1; 0 if no view is left; ERR_TOO_LARGE if the content,
 * which was not read, is known to exceed its limit; or another code.
 */
static int
read_classic_record(struct opening *o) {
    const struct record *r = &o->record;

    int found = vault_load(o->vault, o->id, &o->record, &o->ciphertext);
    if (found == 1 && !has_classic_view(o->vault, r)) return 0;
    if (found == 1 && r->kind == RECORD_CLASSIC_FILE && r->size > o->reader->file_max)
        return ERR_TOO_LARGE;
    if (found != ERR_TOO_LARGE) return found;
    return is_classic_gone(o) ? 0 : found;
}

/* Have the reader reserve what the response needs.  Returns 0 or a negative code. */
static int
reserve_classic(const struct opening *o) {
    const struct record *r = &o->record;
    bool is_file = r->kind == RECORD_CLASSIC_FILE;
    size_t len = (size_t)r->size;
    if (o->reader->reserve == NULL) return 0;

    /* Records of pysecrets do not tell the size. */
    if (r->content == CONTENT_INLINE) len = o->ciphertext.len;
    else if (len == 0) len = o->reader->file_max;
    return o->reader->reserve(o->reader->ctx, is_file, len);
}

/*
 * Derive the key, or, where there is ${nothing} to open, a key of no use that takes the same time.
 * Returns 0 or a negative code.
 */
static int
derive_classic(struct opening *o, bool nothing) {
    uint8_t *salt = o->record.classic.salt;
    size_t salt_len = sizeof(o->record.classic.salt);

    if (nothing) random_fill(&o->vault->random, salt, salt_len);
    return kdf_pool_derive(o->kdf, &o->reader->client, KDF_CLASSIC, o->passphrase,
                           o->passphrase_len, salt, salt_len, o->key, sizeof(o->key));
}

/* Read the blob of the record into ${out}.  Returns as blobs_ops.get. */
static int
read_classic_blob(const struct opening *o, struct buf *out) {
    struct blobs *b = o->vault->blobs;
    return vault_counted(o->vault, b->ops->get(b, o->record.blob, 0, out));
}

/* Read the content if it is in the blob store.  Returns 1; 0 if no view is left; or a code. */
static int
read_classic_content(struct opening *o) {
    if (o->record.content != CONTENT_BLOBS) return 1;

    int found = read_classic_blob(o, &o->ciphertext);
    if (found == 0) found = vault_counted(o->vault, ERR_STORE); /* lost, or just erased */
    if (found != ERR_TOO_LARGE && found != ERR_STORE) return found;
    return is_classic_gone(o) ? 0 : found;
}

/* Decrypt ${ciphertext} to ${plain}.  Returns 1; 0 if the passphrase is wrong; or a code. */
static int
unseal_classic(const struct opening *o, const struct buf *ciphertext, struct buf *plain) {
    int err = classic_open(&o->record.classic, o->key, ciphertext->data, ciphertext->len, plain);
    if (err == ERR_TAG) return 0;
    if (err != 0) return err;
    return 1;
}

/* Copy NAME to ${out} if ${plain} is {"file_name": NAME} and nothing else.  Returns whether it
 * is. */
static bool
read_second_name(const struct buf *plain, char out[static RECORD_NAME_MAX + 1]) {
    json_t *o = json_parse_object((const char *)plain->data, plain->len);
    const json_t *name = json_object_get(o, "file_name");
    size_t len = json_string_length(name);
    bool ok = json_object_size(o) == 1 && len >= 1 && len <= RECORD_NAME_MAX &&
              strlen(json_string_value(name)) == len;
    if (ok) memcpy(out, json_string_value(name), len + 1);
    json_decref(o);
    return ok;
}

/*
 * The second generation of pysecrets stores the sealed name of a file where a text would be, and
 * nothing marks the record as a file.  If the plaintext is such a name and the file exists, replace
 * it with the file and set name and blob of the record.  The same key seals both.  Returns 1, or a
 * negative code.
 */
static int
unseal_second_file(struct opening *o) {
    struct record *r = &o->record;
    struct buf *text = &o->opened.plain;
    if (r->classic.nonce_len != CLASSIC_NONCE2_LEN || r->kind != RECORD_CLASSIC_TEXT ||
        !o->vault->store->pysecrets_layout || !read_second_name(text, r->file_name))
        return 1;

    struct buf ciphertext = BUF_INIT(text->max), plain = BUF_INIT(text->max);
    (void)snprintf(r->blob, sizeof(r->blob), "%s.enc", o->id);
    int found = read_classic_blob(o, &ciphertext);
    if (found == 1) found = unseal_classic(o, &ciphertext, &plain);
    if (found == 1) buf_move(text, &plain);
    if (found == 0) {
        /* It is a text that looks like a name. */
        explicit_bzero(r->file_name, sizeof(r->file_name));
        explicit_bzero(r->blob, sizeof(r->blob));
        found = 1;
    }

    buf_free(&ciphertext);
    buf_free(&plain);
    return found;
}

/* Read, derive and decrypt.  Returns 1 with o->opened; 0 if it cannot be opened; or a code. */
static int
unseal_opening(struct opening *o) {
    int result = read_classic_record(o);
    if (result < 0) return result;
    bool nothing = result == 0;
    bool inside = o->record.content == CONTENT_INLINE;

    /* The order is a promise: what the response needs is reserved, and a derivation is admitted,
     * before a blob is read.  So waiting costs no memory. */
    int err = 0;
    if (!nothing && !inside) err = reserve_classic(o);
    if (err == 0) err = derive_classic(o, nothing);
    if (err != 0 || nothing) return err;

    result = read_classic_content(o);
    if (result == 1 && !inside && !is_deliverable(o)) return ERR_TOO_LARGE;
    if (result == 1) result = unseal_classic(o, &o->ciphertext, &o->opened.plain);
    if (result != 1) return result;

    /* Content that was here from the beginning is refused only now: without the passphrase it
     * looks like none at all. */
    if (inside && !is_deliverable(o)) return ERR_TOO_LARGE;
    if (inside) err = reserve_classic(o);
    return err != 0 ? err : unseal_second_file(o);
}

/* Have the reader prepare the response.  Returns 1 or a negative code. */
static int
prepare_classic(struct opening *o) {
    memcpy(o->opened.file_name, o->record.file_name, sizeof(o->opened.file_name));
    int err = o->reader->prepare(o->reader->ctx, &o->opened);
    return err == 0 ? 1 : err;
}

/* Take one view.  Returns 1 once that is durable; 0 if no view is left; or a negative code. */
static int
claim_classic_view(const struct opening *o) {
    struct vault *v = o->vault;
    const struct record *r = &o->record;
    struct change c = {.kind = CHANGE_CLAIM_CLASSIC, .now = vault_now(v)};
    struct effect effect;
    struct record after = {0};

    if (o->reader->by != NULL) c.by = *o->reader->by;
    random_fill(&v->random, c.mark, sizeof(c.mark));
    int found = vault_change(v, o->id, &c, &effect, &after);
    record_clear(&after);

    /* The stored record of a second-generation file does not name its blob: erase it here. */
    if (found == 1 && effect.drop_record && r->kind == RECORD_CLASSIC_TEXT && r->blob[0] != '\0')
        (void)vault_counted(v, v->blobs->ops->erase(v->blobs, r->blob, 0, 1));
    if (found != 1) return found;
    return effect.verdict == VERDICT_OK;
}

int
vault_classic_open(struct vault *v, struct kdf_pool *kdf, const char *id, const void *passphrase,
                   size_t passphrase_len, const struct vault_classic_reader *reader) {
    size_t max = reader->text_max + CLASSIC_TAG_LEN;
    if (reader->file_max > reader->text_max) max = reader->file_max + CLASSIC_TAG_LEN;
    struct opening o = {
        .vault = v,
        .kdf = kdf,
        .id = id,
        .passphrase = passphrase,
        .passphrase_len = passphrase_len,
        .reader = reader,
        .ciphertext = BUF_INIT(max),
        .opened = {.plain = BUF_INIT(max)},
    };

    /* The order is a promise: the response is whole before the view is taken, and nothing is
     * delivered before that is durable. */
    int result = unseal_opening(&o);
    buf_free(&o.ciphertext);
    if (result == 1) result = prepare_classic(&o);
    buf_free(&o.opened.plain);
    if (result == 1) result = claim_classic_view(&o);

    record_clear(&o.record);
    explicit_bzero(&o, sizeof(o));
    return result;
}
