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

    int err = kdf_pool_derive(kdf, KDF_CLASSIC, out->passphrase, TOKEN_PASSPHRASE_LEN,
                              r->classic.salt, sizeof(r->classic.salt), key, sizeof(key));
    if (err == 0) err = classic_seal(&r->classic, key, in->plain, in->len, ciphertext);
    explicit_bzero(key, sizeof(key));
    return err;
}

static void
fill_classic_record(struct vault *v, const struct vault_classic_new *in, uint64_t size,
                    struct record *r) {
    bool file = in->file_name != NULL;
    bool inside = size <= v->store->inline_max && !(file && v->store->pysecrets_layout);

    r->kind = RECORD_CLASSIC_TEXT;
    r->phase = PHASE_OPEN;
    r->content = inside ? CONTENT_INLINE : CONTENT_BLOBS;
    r->rev = 1;
    r->created_at = vault_now(v);
    r->expires_at = r->created_at + in->ttl;
    r->views = r->views_left = in->views;
    r->size = size;
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
        stored = vault_counted(v, v->store->ops->create(v->store, ref, r, NULL));
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
            created = vault_counted(v, v->store->ops->create(v->store, &ref, r, ciphertext));
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
    int result = vault_quota_hold(v, in->len);
    if (result != 0) return result;

    result = seal_classic(v, kdf, in, &r, &ciphertext, out);
    if (result == 0) {
        fill_classic_record(v, in, ciphertext.len, &r);
        result = create_classic(v, &r, &ciphertext, out->id);
    }

    vault_quota_release(v, in->len);
    if (result != 1) explicit_bzero(out, sizeof(*out));
    record_clear(&r);
    buf_free(&ciphertext);
    return result;
}

/* Whether ${id} has a view left.  Returns 1, 0, or a negative code. */
static int
has_classic_view(struct vault *v, const char *id) {
    struct record r = {0};
    int found = vault_load(v, id, &r, NULL);
    if (found == 1) found = r.kind != RECORD_SEALED && policy_can_claim(&r, vault_now(v));
    record_clear(&r);
    return found;
}

/* Whether the plaintext of ${r} is within the limits of the caller. */
static bool
is_deliverable(const struct record *r, const struct buf *ciphertext, size_t text_max,
               size_t file_max) {
    size_t max = file_max;
    if (r->kind == RECORD_CLASSIC_TEXT) max = text_max;
    if (r->classic.nonce_len == CLASSIC_NONCE2_LEN) max += CLASSIC_TAG_LEN; /* part of the data */
    return ciphertext->len <= max;
}

/* Append the content of ${r} to ${ciphertext}.  Returns as blobs_ops.get. */
static int
read_classic_blob(struct vault *v, const struct record *r, struct buf *ciphertext) {
    return vault_counted(v, v->blobs->ops->get(v->blobs, r->blob, 0, ciphertext));
}

/*
 * Read record and ciphertext if a view is left.  Returns 1; 0 if none is; ERR_TOO_LARGE if the
 * content exceeds its limit; or another code.
 */
static int
read_ciphertext(struct vault *v, const char *id, size_t text_max, size_t file_max, struct record *r,
                struct buf *ciphertext) {
    int found = vault_load(v, id, r, ciphertext);
    if (found == 1 && (r->kind == RECORD_SEALED || !policy_can_claim(r, vault_now(v)))) return 0;
    if (found == 1 && r->content == CONTENT_BLOBS) {
        found = read_classic_blob(v, r, ciphertext);
        if (found == 0) found = vault_counted(v, ERR_STORE); /* lost, or just erased */
    }

    if (found == 1 && !is_deliverable(r, ciphertext, text_max, file_max)) return ERR_TOO_LARGE;
    if (found != ERR_TOO_LARGE && found != ERR_STORE) return found;

    /* A secret that is gone by now is neither too large nor lost. */
    int still = has_classic_view(v, id);
    if (still == 0) return 0;
    return found;
}

/* Derive the key and decrypt.  Returns 1; 0 if the passphrase is wrong; or a negative code. */
static int
unseal_classic(struct kdf_pool *kdf, const struct record *r, const struct buf *ciphertext,
               const void *passphrase, size_t passphrase_len, struct buf *plain) {
    uint8_t key[CLASSIC_KEY_LEN];
    int err = kdf_pool_derive(kdf, KDF_CLASSIC, passphrase, passphrase_len, r->classic.salt,
                              sizeof(r->classic.salt), key, sizeof(key));
    if (err == 0) err = classic_open(&r->classic, key, ciphertext->data, ciphertext->len, plain);
    explicit_bzero(key, sizeof(key));
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
 * nothing marks the record as a file.  If ${out} holds such a name and the file exists, replace
 * out->plain with the file and set name and blob of ${r}.  Returns 1, or a negative code.
 */
static int
unseal_second_file(struct vault *v, struct kdf_pool *kdf, const char *id, struct record *r,
                   const void *passphrase, size_t passphrase_len,
                   struct vault_classic_opened *out) {
    struct buf ciphertext = BUF_INIT(out->plain.max), plain = BUF_INIT(out->plain.max);
    int found = 1;
    if (r->classic.nonce_len != CLASSIC_NONCE2_LEN || r->kind != RECORD_CLASSIC_TEXT ||
        !v->store->pysecrets_layout || !read_second_name(&out->plain, r->file_name))
        return 1;

    (void)snprintf(r->blob, sizeof(r->blob), "%s.enc", id);
    found = read_classic_blob(v, r, &ciphertext);
    if (found == 1) found = unseal_classic(kdf, r, &ciphertext, passphrase, passphrase_len, &plain);
    if (found == 1) buf_move(&out->plain, &plain);
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

/*
 * Take one view of ${id}, whose record was read into ${r}.  Returns 1 once that is durable; 0 if no
 * view is left; or a negative code.
 */
static int
claim_classic_view(struct vault *v, const char *id, const struct record *r) {
    struct change c = {.kind = CHANGE_CLAIM_CLASSIC, .now = vault_now(v)};
    struct effect effect;
    struct record after = {0};

    random_fill(&v->random, c.mark, sizeof(c.mark));
    int found = vault_change(v, id, &c, &effect, &after);
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
    size_t text_max = reader->text_max, file_max = reader->file_max;
    size_t max = text_max + CLASSIC_TAG_LEN;
    if (file_max > text_max) max = file_max + CLASSIC_TAG_LEN;
    struct record r = {0};
    struct buf ciphertext = BUF_INIT(max);
    struct vault_classic_opened o = {.plain = BUF_INIT(max)};

    int result = read_ciphertext(v, id, text_max, file_max, &r, &ciphertext);
    if (result == 1)
        result = unseal_classic(kdf, &r, &ciphertext, passphrase, passphrase_len, &o.plain);
    if (result == 1) result = unseal_second_file(v, kdf, id, &r, passphrase, passphrase_len, &o);
    buf_free(&ciphertext);

    /* The order is a promise: the response is whole before the view is taken, and nothing is
     * delivered before that is durable. */
    if (result == 1) {
        memcpy(o.file_name, r.file_name, sizeof(o.file_name));
        int err = reader->prepare(reader->ctx, &o);
        if (err != 0) result = err;
    }
    buf_free(&o.plain);
    explicit_bzero(o.file_name, sizeof(o.file_name));

    if (result == 1) result = claim_classic_view(v, id, &r);
    record_clear(&r);
    return result;
}
