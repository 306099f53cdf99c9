/* SPDX-License-Identifier: MIT */
#include "later.h"

#include <stdlib.h>

#include "base/err.h"
#include "store_wait.h"

static const struct store_ops *honest;
static struct store_ops changed;

/* --- a create that waits ---------------------------------------------------------------------- */

static int
create_and_wait(struct store *s, const struct store_ref *ref, const struct record *r,
                const struct buf *content, const struct buf *wrap) {
    struct store_wait w;
    store_wait_begin(&w);
    int err = honest->create_later(s, ref, r, content, wrap, &w.later);
    if (err != 0) return err;
    store_wait_end(&w);
    return honest->created(s, &w.later);
}

void
later_use(struct store *s) {
    honest = s->ops;
    changed = *honest;
    changed.create = create_and_wait;
    s->ops = &changed;
}

/* --- functions that do not block ---------------------------------------------------------------*/

struct outcome {
    int result;
    struct effect effect;
    struct record after;
    struct buf content;
};

static int
begin(struct store_later *l, const struct outcome *o) {
    struct outcome *kept = malloc(sizeof(*kept));
    if (kept == NULL) return ERR_NOMEM;
    *kept = *o;
    l->job = kept;
    l->done(l);
    return 0;
}

static int
create_at_once(struct store *s, const struct store_ref *ref, const struct record *r,
               const struct buf *content, const struct buf *wrap, struct store_later *l) {
    const struct outcome o = {.result = honest->create(s, ref, r, content, wrap)};
    return begin(l, &o);
}

static int
open_at_once(struct store *s, const struct store_ref *ref, const struct change *c,
             size_t content_max, struct store_later *l) {
    struct outcome o = {.content = BUF_INIT(content_max)};
    struct record r;
    o.result = honest->load(s, ref, &r, &o.content);
    record_clear(&r);
    if (o.result >= 0) o.result = honest->change(s, ref, c, &o.effect, &o.after);

    bool view = o.effect.verdict == VERDICT_OK || o.effect.verdict == VERDICT_REPEAT;
    if (o.result != 1 || !view) buf_free(&o.content);
    return begin(l, &o);
}

static int
take_created(struct store *s, struct store_later *l) {
    struct outcome *o = l->job;
    int result = o->result;
    (void)s;
    free(o);
    return result;
}

static int
take_opened(struct store *s, struct store_later *l, struct effect *effect, struct record *after,
            struct buf *content) {
    struct outcome *o = l->job;
    int result = o->result;
    (void)s;
    *effect = o->effect;
    *after = o->after;
    buf_move(content, &o->content);
    buf_free(&o->content);
    free(o);
    return result;
}

static bool
abandon_nothing(struct store *s, struct store_later *l) {
    (void)s;
    (void)l;
    return false;
}

void
later_add(struct store *s) {
    honest = s->ops;
    changed = *honest;
    changed.create_later = create_at_once;
    changed.open_later = open_at_once;
    changed.created = take_created;
    changed.opened = take_opened;
    changed.abandon = abandon_nothing;
    s->ops = &changed;
}
