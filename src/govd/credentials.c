/* credentials.c - what agents hold, whoever it is from; and commands that revoke several at once.
 */
#include "govd_priv.h"

#define WORDS_BYTES 4096

const struct credential_owner *const OWNERS[OWNERS_COUNT] = {&OWNER_LEASES, &OWNER_ISSUERS};

void credential_rows_fill(const struct govd *g, const struct session *s,
                          struct credential_rows *out)
{
    out->count = 0;
    for (size_t i = 0; i < OWNERS_COUNT; i++) {
        OWNERS[i]->fill(g, s, out);
    }
}

struct revocation {
    struct revocation *next;
    char command[COMMAND_ID_BYTES];
    uint32_t left; /* credentials that nothing is told of yet */
    enum command_state worst;
    struct buf reason, by;
};

/* From good to bad. */
static unsigned badness(enum command_state st)
{
    static const enum command_state order[] = {COMMAND_CONFIRMED, COMMAND_UNVERIFIABLE,
                                               COMMAND_REFUSED, COMMAND_FAILED};
    unsigned at = 0;
    while (at < ARRAY_LEN(order) && order[at] != st) {
        at++;
    }
    return at;
}

static void revocation_free(struct revocation *r)
{
    buf_release(&r->reason);
    buf_release(&r->by);
    free(r);
}

void revocation_begin(struct govd *g, struct span command, uint32_t count)
{
    struct revocation *r = xcalloc(1, sizeof(*r));
    (void)span_copy(command, r->command, sizeof(r->command));
    r->left = count;
    r->worst = COMMAND_CONFIRMED;
    buf_init(&r->reason, WORDS_BYTES);
    buf_init(&r->by, WORDS_BYTES);
    r->next = g->revocations;
    g->revocations = r;
}

static void add_words(struct buf *out, struct span words)
{
    if (words.n && out->len) {
        (void)buf_addstr(out, " | ");
    }
    (void)buf_add(out, words);
}

void revocation_told(struct govd *g, struct span command, enum command_state st, struct span reason,
                     struct span by)
{
    struct revocation **link = &g->revocations;
    while (*link && !span_is(command, (*link)->command)) {
        link = &(*link)->next;
    }
    struct revocation *r = *link;
    if (!r) {
        return;
    }
    r->worst = badness(st) > badness(r->worst) ? st : r->worst;
    add_words(&r->reason, reason);
    add_words(&r->by, by);
    if (--r->left > 0) {
        return;
    }
    *link = r->next;
    bool well = r->worst == COMMAND_CONFIRMED;
    command_result(g, command, r->worst, well ? NULL : r->reason.data, well ? r->by.data : NULL);
    revocation_free(r);
}

void revocations_release(struct govd *g)
{
    while (g->revocations) {
        struct revocation *r = g->revocations;
        g->revocations = r->next;
        revocation_free(r);
    }
}
