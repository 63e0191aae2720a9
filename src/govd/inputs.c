/* inputs.c - what each call was let through with, by the digest of its input. A hook of somebody
 * else may change a call after ours has let it run: the report of its end tells what has run.
 */
#include "calls_priv.h"

static void input_key(const struct govd *g, struct buf *key, const struct session *s,
                      struct span native_id, struct span input)
{
    char digest[DIGEST_TEXT_BYTES] = "";
    if (input.n) {
        digest_text(input, digest);
    }
    call_key(g, key, span_str(s->id), native_id);
    buf_addch(key, '\n');
    buf_addstr(key, digest);
}

void input_remember(struct govd *g, const struct call *c)
{
    const struct span keys[] = {SPAN_NONE, c->input}; /* that it is known, and what it is */
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct buf key;
        input_key(g, &key, session_at(g, c->session), span_str(c->native_id), keys[i]);
        (void)recent_put(&g->inputs, buf_span(&key), 0);
        buf_release(&key);
    }
}

bool input_is_another(const struct govd *g, const struct session *s, struct span native_id,
                      struct span input)
{
    struct buf known;
    struct buf same;
    input_key(g, &known, s, native_id, SPAN_NONE);
    input_key(g, &same, s, native_id, input);
    bool another = input.n && recent_get(&g->inputs, buf_span(&known), NULL) &&
                   !recent_get(&g->inputs, buf_span(&same), NULL);
    buf_release(&known);
    buf_release(&same);
    return another;
}
