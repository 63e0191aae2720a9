/* credentials.c - what agents hold, whoever it is from; and commands that revoke several at once.
 */
#include "govd_priv.h"

#define WORDS_BYTES 3900 /* of all of one command, and room for what is added at the end */
#define TOLD_BYTES  (WORDS_BYTES + 100)

const struct credential_owner *const OWNERS[OWNERS_COUNT] = {&OWNER_LEASES, &OWNER_ISSUERS};

void credential_rows_fill(const struct govd *g, const struct session *s,
                          struct credential_rows *out)
{
    out->count = out->left_out = 0;
    for (size_t i = OWNERS_COUNT; i-- > 0;) { /* leases last: events of their own tell of them */
        OWNERS[i]->fill(g, s, out);
    }
    if (out->left_out) {
        char *rest = out->expires[out->count];
        (void)snprintf(rest, TIME_TEXT_BYTES, "%u more have no room", out->left_out);
        out->row[out->count++] = (struct event_row){
            {SPAN_NONE, span_str(rest), SPAN_NONE, SPAN_NONE, SPAN_NONE,
             SPAN("only with all of the agent's, or by its id")}
        };
    }
}

struct revocation {
    struct revocation *next;
    char command[COMMAND_ID_BYTES];
    uint32_t left; /* credentials that nothing is told of yet */
    enum command_state worst;
    struct buf reason, by; /* of those that did not end well, and of those that did */
    uint32_t left_out;     /* that found no room in these */
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

static bool add_words(struct buf *out, struct span words)
{
    bool fits = out->len + words.n + 3 <= WORDS_BYTES;
    if (words.n && fits) {
        (void)buf_addstr(out, out->len ? " | " : "");
        (void)buf_add(out, words);
    }
    return fits;
}

/* What did not end well is told first: of many, it is what somebody must see. */
static void tell_all(struct govd *g, const struct revocation *r)
{
    bool well = r->worst == COMMAND_CONFIRMED;
    struct buf text;
    buf_init(&text, TOLD_BYTES);
    (void)buf_add(&text, buf_span(well ? &r->by : &r->reason));
    if (!well && !add_words(&text, buf_span(&r->by))) {
        (void)buf_addstr(&text, " | others are confirmed");
    }
    if (r->left_out) {
        (void)buf_printf(&text, " | and %u more: see each", r->left_out);
    }
    const char *words = text.len ? text.data : NULL;
    command_result(g, span_str(r->command), r->worst, well ? NULL : words, well ? words : NULL);
    buf_release(&text);
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
    bool well = st == COMMAND_CONFIRMED;
    r->worst = badness(st) > badness(r->worst) ? st : r->worst;
    r->left_out += !add_words(well ? &r->by : &r->reason, well ? by : reason);
    if (--r->left == 0) {
        *link = r->next;
        tell_all(g, r);
        revocation_free(r);
    }
}

void revocations_release(struct govd *g)
{
    while (g->revocations) {
        struct revocation *r = g->revocations;
        g->revocations = r->next;
        revocation_free(r);
    }
}
