/* set.c - all literals, each under two pairs of its bytes that text has seldom, one of which begins
 * at an even place: so that one look at a bit tells for nearly every two bytes of a text that
 * nothing is there. */
#include "secret_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/buf.h"
#include "checkrein/crypto.h"

#define ANCHOR_WITHIN 8 /* so that a hit is found before what lies inside of it is given out */

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        c = (char)(c + ('a' - 'A'));
    }
    return c;
}

static char upper(char c)
{
    if (c >= 'a' && c <= 'z') {
        c = (char)(c - ('a' - 'A'));
    }
    return c;
}

bool literal_is_at(struct span text, size_t at, const char *literal, size_t n, bool fold)
{
    if (at > text.n || text.n - at < n) {
        return false;
    }
    if (!fold) {
        return memcmp(text.p + at, literal, n) == 0;
    }
    size_t same = 0;
    while (same < n && lower(text.p[at + same]) == lower(literal[same])) {
        same++;
    }
    return same == n;
}

/* How often text of agents has these two bytes: the pairs that literals have, often ones first.
 * Only a matter of speed. */
static unsigned pair_weight(const char *two)
{
    static const char OFTEN[] =
        "eninrestntgeecerctveteesacatn_aisetaoutoth_ackn sicoagcekrutca.claooau"
        "-1ea-aspansoitt_oradarlddaroliet";
    for (unsigned i = 0; i + 1 < sizeof(OFTEN) - 1; i += 2) {
        if (lower(two[0]) == OFTEN[i] && lower(two[1]) == OFTEN[i + 1]) {
            return sizeof(OFTEN) * 4 / (i + 16);
        }
    }
    return 1;
}

/* Of three bytes in a row, which two pairs are filed: one of them begins at an even place. */
static uint32_t choose_anchor(const char *literal, size_t n)
{
    uint32_t best = 0;
    unsigned least = UINT32_MAX;
    for (uint32_t i = 0; i + 2 < n && i < ANCHOR_WITHIN; i++) {
        unsigned w = pair_weight(literal + i) + pair_weight(literal + i + 1);
        if (w < least) {
            least = w;
            best = i;
        }
    }
    return best;
}

static void file_under(struct secret_set *set, struct pattern p, uint32_t pair)
{
    uint32_t head = head_of(pair);
    if (set->count >= UINT16_MAX) {
        return;
    }
    set->pairs[pair / 8] = (uint8_t)(set->pairs[pair / 8] | 1u << pair % 8);
    set->after[head] |= p.anchor + 2 < p.bytes ? after_bit(p.literal[p.anchor + 2]) : UINT32_MAX;
    p.next = set->heads[head];
    GROW(set->patterns, set->cap, set->count + 1);
    set->patterns[set->count++] = p;
    set->heads[head] = (uint16_t)set->count;
}

/* In any case: under each of the four ways to write the two bytes, as far as they differ. */
static void file_pair(struct secret_set *set, struct pattern p, uint32_t anchor)
{
    const char *at = p.literal + anchor;
    p.anchor = anchor;
    if (!p.fold) {
        file_under(set, p, pair_of(at));
        return;
    }
    const char first[2] = {lower(at[0]), upper(at[0])};
    const char second[2] = {lower(at[1]), upper(at[1])};
    for (int i = 0; i < (first[0] == first[1] ? 1 : 2); i++) {
        for (int k = 0; k < (second[0] == second[1] ? 1 : 2); k++) {
            file_under(set, p, pair_of((const char[2]){first[i], second[k]}));
        }
    }
}

/* Two bytes alone: the third is any that may follow. */
static void file_short(struct secret_set *set, struct pattern p)
{
    file_pair(set, p, 0);
    p.anchor = 1;
    for (int c = 0; c < 0x80; c++) {
        if (has_char(p.shape->chars, (char)c)) {
            file_under(set, p, pair_of((const char[2]){p.literal[1], (char)c}));
        }
    }
}

static void add(struct secret_set *set, struct pattern p)
{
    if (p.bytes < 3) {
        file_short(set, p);
        return;
    }
    uint32_t anchor = choose_anchor(p.literal, p.bytes);
    file_pair(set, p, anchor);
    file_pair(set, p, anchor + 1);
}

struct secret_set *secret_set_new(void)
{
    struct secret_set *set = xcalloc(1, sizeof(*set));
    for (int c = 0; c < 256; c++) {
        for (int chars = 0; chars < CHARSET_COUNT; chars++) {
            set->sets_of[c] |= (uint8_t)(has_char((enum charset)chars, (char)c) << chars);
        }
    }
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        add(set, (struct pattern){.literal = SHAPES[i].literal,
                                  .bytes = (uint32_t)strlen(SHAPES[i].literal),
                                  .shape = &SHAPES[i],
                                  .fold = SHAPES[i].fold});
    }
    return set;
}

void secret_set_free(struct secret_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->known_count; i++) {
        wipe(set->known[i], strlen(set->known[i]));
        free(set->known[i]);
    }
    free(set->known);
    free(set->patterns);
    free(set);
}

/* ---- what is known */

static bool is_known(const struct secret_set *set, struct span form)
{
    for (size_t i = 0; i < set->known_count; i++) {
        if (span_is(form, set->known[i])) {
            return true;
        }
    }
    return false;
}

static void know_form(struct secret_set *set, const char *kind, struct span form)
{
    if (form.n < SECRET_KNOWN_MIN || is_known(set, form)) {
        return;
    }
    GROW(set->known, set->known_cap, set->known_count + 1);
    char *copy = xstrndup(form.p, form.n);
    set->known[set->known_count++] = copy;
    add(set, (struct pattern){.literal = copy, .bytes = (uint32_t)form.n, .kind = kind});
    if (strchr("bfnrtu", copy[0]) != NULL) { /* behind a backslash the rest of it is hidden */
        add(set,
            (struct pattern){.literal = copy + 1, .bytes = (uint32_t)form.n - 1, .kind = kind});
    }
}

struct knowing {
    struct secret_set *set;
    const char *kind;
};

static void know_one(void *ctx, struct span form)
{
    const struct knowing *k = ctx;
    know_form(k->set, k->kind, form);
}

void secret_know(struct secret_set *set, const char *kind, struct span secret)
{
    if (secret.n < SECRET_KNOWN_MIN || memchr(secret.p, '\0', secret.n) != NULL) {
        return;
    }
    secret_forms(secret, know_one, &(struct knowing){set, kind});
}
