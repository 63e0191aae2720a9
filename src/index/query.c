#include "query_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

struct term {
    char *text; /* " one two " */
    size_t n;
    bool is_prefix; /* the last blank does not count */
};

struct query {
    struct term term[QUERY_TERMS];
    size_t count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What stands in quotes, or up to the next blank or quote; a star behind it is taken too. */
static struct span take_piece(struct span *rest, bool *is_prefix)
{
    bool quoted = rest->p[0] == '"';
    size_t from = quoted;
    size_t to = from;
    while (to < rest->n && rest->p[to] != '"' && (quoted || !is_blank(rest->p[to]))) {
        to++;
    }
    struct span piece = span_sub(*rest, from, to - from);
    size_t end = quoted && to < rest->n ? to + 1 : to;
    *is_prefix = quoted ? end < rest->n && rest->p[end] == '*' : span_ends(piece, "*");
    *rest = span_sub(*rest, end + (quoted && *is_prefix), SIZE_MAX);
    return piece;
}

/* What has no word in it is left out. */
static enum status add_term(struct query *q, struct span piece, bool is_prefix, struct why *why)
{
    struct buf text;
    if (q->count == QUERY_TERMS) {
        return why_fail(why, ST_LIMIT, "more than %d words to look for", QUERY_TERMS);
    }
    buf_init(&text, (size_t)4 * QUERY_BYTES);
    buf_addch(&text, ' ');
    words_add(&text, piece);
    if (text.len > 1) {
        struct term *t = &q->term[q->count++];
        t->is_prefix = is_prefix;
        t->text = buf_detach(&text, &t->n);
    }
    buf_release(&text);
    return ST_OK;
}

static enum status parse(struct query *q, struct span text, struct why *why)
{
    struct span rest = span_trim(text);
    bool is_empty = rest.n == 0;
    enum status st =
        text.n <= QUERY_BYTES ? ST_OK : why_fail(why, ST_LIMIT, "that is too long to look for");
    while (st == ST_OK && rest.n > 0) {
        bool is_prefix = false;
        if (is_blank(rest.p[0])) {
            rest = span_sub(rest, 1, SIZE_MAX);
            continue;
        }
        struct span piece = take_piece(&rest, &is_prefix);
        st = add_term(q, piece, is_prefix, why);
    }
    return st != ST_OK || is_empty || q->count > 0
               ? st
               : why_fail(why, ST_INVALID, "there is no word in what is looked for");
}

enum status query_parse(struct query **out, struct span text, struct why *why)
{
    struct query *q = xcalloc(1, sizeof(*q));
    enum status st = parse(q, text, why);
    if (st != ST_OK) {
        query_free(q);
        q = NULL;
    }
    *out = q;
    return st;
}

void query_free(struct query *q)
{
    for (size_t i = 0; q && i < q->count; i++) {
        free(q->term[i].text);
    }
    free(q);
}

bool query_takes_all(const struct query *q)
{
    return q->count == 0;
}

static bool has_term(const struct term *t, struct span words)
{
    return memmem(words.p, words.n, t->text, t->n - t->is_prefix) != NULL;
}

bool query_takes(const struct query *q, struct span words)
{
    for (size_t i = 0; i < q->count; i++) {
        if (words.n == 0 || !has_term(&q->term[i], words)) {
            return false;
        }
    }
    return true;
}

void query_expression(const struct query *q, struct buf *out)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct term *t = &q->term[i];
        buf_printf(out, "%s\"%.*s\"%s", i > 0 ? " AND " : "", (int)(t->n - 2), t->text + 1,
                   t->is_prefix ? " *" : "");
    }
}

/* The longest plain word of a term, in which a record must have it as it stands: the first of them
 * is the one that a line is looked through for. */
struct span query_plain_word(const struct query *q)
{
    struct span longest = SPAN_NONE;
    for (size_t i = 0; i < q->count; i++) {
        struct span rest = {q->term[i].text + 1, q->term[i].n - 2};
        struct span word;
        while (rest.n > 0 && span_next(&rest, ' ', &word)) {
            bool is_plain = true;
            for (size_t c = 0; c < word.n; c++) {
                is_plain = is_plain && (unsigned char)word.p[c] < 0x80;
            }
            longest = is_plain && word.n > longest.n ? word : longest;
        }
    }
    return longest;
}
