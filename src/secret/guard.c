/* guard.c - one secret kept out of bytes that go by, however they are cut.
 *
 * Nothing is kept back but what could be the beginning of it.
 */
#include "secret_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"

#define SIGN '*'

struct secret_guard {
    size_t users;
    char *text;
    struct span *form; /* the first is the text */
    size_t count, cap;
};

static void add_form(void *ctx, struct span form)
{
    struct secret_guard *g = ctx;
    bool known = form.n < SECRET_KNOWN_MIN;
    for (size_t i = 0; i < g->count; i++) {
        known = known || span_eq(form, g->form[i]);
    }
    if (!known) {
        GROW(g->form, g->cap, g->count + 1);
        g->form[g->count] =
            g->count == 0 ? span_str(g->text) : (struct span){xstrndup(form.p, form.n), form.n};
        g->count++;
    }
}

struct secret_guard *secret_guard_new(struct span secret)
{
    struct secret_guard *g = xcalloc(1, sizeof(*g));
    g->users = 1;
    g->text = xstrndup(secret.p, secret.n);
    if (secret.n >= SECRET_KNOWN_MIN && strlen(g->text) == secret.n) {
        secret_forms(secret, add_form, g);
    }
    return g;
}

struct secret_guard *secret_guard_share(struct secret_guard *g)
{
    g->users++;
    return g;
}

void secret_guard_drop(struct secret_guard *g)
{
    if (g == NULL || --g->users > 0) {
        return;
    }
    for (size_t i = 1; i < g->count; i++) {
        char *form = (char *)(uintptr_t)g->form[i].p; /* ours */
        wipe(form, g->form[i].n);
        free(form);
    }
    wipe(g->text, strlen(g->text));
    free(g->text);
    free(g->form);
    free(g);
}

const char *secret_guard_text(const struct secret_guard *g)
{
    return g->text;
}

/* ---- looking */

bool secret_guard_finds(const struct secret_guard *g, struct span s)
{
    for (size_t i = 0; i < g->count; i++) {
        if (s.n >= g->form[i].n && memmem(s.p, s.n, g->form[i].p, g->form[i].n) != NULL) {
            return true;
        }
    }
    return false;
}

uint32_t secret_guard_hide(const struct secret_guard *g, char *p, size_t n)
{
    uint32_t found = 0;
    for (size_t i = 0; i < g->count; i++) {
        char *at = p;
        while ((at = memmem(at, n - (size_t)(at - p), g->form[i].p, g->form[i].n)) != NULL) {
            memset(at, SIGN, g->form[i].n);
            at += g->form[i].n;
            found++;
        }
    }
    return found;
}

/* How long the end of it is that a form begins with. */
static size_t begun(struct span s, struct span form)
{
    const char *end = s.p + s.n;
    const char *at = s.n < form.n ? s.p : end - (form.n - 1);
    while (at < end && (at = memchr(at, form.p[0], (size_t)(end - at))) != NULL) {
        if (memcmp(at, form.p, (size_t)(end - at)) == 0) {
            return (size_t)(end - at);
        }
        at++;
    }
    return 0;
}

static size_t longest_begun(const struct secret_guard *g, struct span s)
{
    size_t most = 0;
    for (size_t i = 0; s.n > 0 && i < g->count; i++) {
        size_t n = begun(s, g->form[i]);
        most = n > most ? n : most;
    }
    return most;
}

void secret_flow_begin(struct secret_flow *f, struct secret_guard *g)
{
    *f = (struct secret_flow){.guard = secret_guard_share(g)};
    buf_init(&f->kept, SIZE_MAX / 2);
    buf_init(&f->room, SIZE_MAX / 2);
}

void secret_flow_release(struct secret_flow *f)
{
    secret_guard_drop(f->guard);
    buf_wipe(&f->kept);
    buf_wipe(&f->room);
    *f = (struct secret_flow){0};
}

struct span secret_flow_pass(struct secret_flow *f, struct span bytes)
{
    struct span s = bytes;
    buf_clear(&f->room);
    if (f->kept.len > 0) {
        (void)buf_reserve(&f->room, f->kept.len + bytes.n); /* it is not moved with that in it */
        (void)buf_add(&f->room, buf_span(&f->kept));
        (void)buf_add(&f->room, bytes);
        s = buf_span(&f->room);
        buf_wipe(&f->kept);
        buf_init(&f->kept, f->room.limit);
    }
    if (secret_guard_finds(f->guard, s)) {
        if (f->room.len == 0) {
            (void)buf_add(&f->room, s);
        }
        f->found += secret_guard_hide(f->guard, f->room.data, f->room.len);
        s = buf_span(&f->room);
    }
    size_t keep = longest_begun(f->guard, s);
    (void)buf_add(&f->kept, span_sub(s, s.n - keep, s.n));
    return span_sub(s, 0, s.n - keep);
}

struct span secret_flow_end(struct secret_flow *f)
{
    return buf_span(&f->kept);
}

bool secret_flow_waits(const struct secret_flow *f)
{
    return f->kept.len > 0;
}
