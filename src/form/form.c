/* Questions: what may be asked, and what an answer must be. */
#include "checkrein/form.h"

#include "checkrein/num.h"
#include "checkrein/utf8.h"

enum question_column { Q_ID, Q_KIND, Q_TITLE, Q_TEXT, Q_RULES, Q_SUGGESTED };
enum option_column { O_QUESTION, O_VALUE, O_LABEL, O_TEXT };

static const char *const KINDS[FORM_KINDS] = {
    [FORM_TEXT] = "text",       [FORM_INTEGER] = "integer", [FORM_NUMBER] = "number",
    [FORM_BOOLEAN] = "boolean", [FORM_CHOICE] = "choice",   [FORM_CHOICES] = "choices",
};

static bool kind_find(struct span name, enum form_kind *kind)
{
    for (uint32_t k = 0; k < FORM_KINDS; k++) {
        if (span_is(name, KINDS[k])) {
            *kind = (enum form_kind)k;
            return true;
        }
    }
    return false;
}

static struct span value_of(struct span rule, const char *name)
{
    return span_starts(rule, name) ? span_sub(rule, strlen(name), rule.n) : SPAN_NONE;
}

static bool is_format(struct span s)
{
    return span_is(s, "email") || span_is(s, "uri") || span_is(s, "date") ||
           span_is(s, "date-time");
}

static bool is_number(struct span s)
{
    int64_t micro;
    return num_parse_micro(s, &micro) == ST_OK;
}

static bool take_rule(struct form_question *q, struct span rule)
{
    struct span min = value_of(rule, "min=");
    struct span max = value_of(rule, "max=");
    struct span format = value_of(rule, "format=");
    q->required |= span_is(rule, "required");
    q->secret |= span_is(rule, "secret");
    q->other |= span_is(rule, "other");
    q->min = min.n ? min : q->min;
    q->max = max.n ? max : q->max;
    q->format = format.n ? format : q->format;
    return span_is(rule, "required") || span_is(rule, "secret") || span_is(rule, "other") ||
           is_number(min) || is_number(max) || is_format(format);
}

static bool read_question(const struct event_row *row, struct form_question *q)
{
    *q = (struct form_question){.id = row->cell[Q_ID],
                                .title = row->cell[Q_TITLE],
                                .text = row->cell[Q_TEXT],
                                .suggested = row->cell[Q_SUGGESTED]};
    bool known = kind_find(row->cell[Q_KIND], &q->kind);
    struct span rest = row->cell[Q_RULES];
    for (struct span rule; span_next(&rest, ' ', &rule);) {
        known &= !rule.n || take_rule(q, rule);
    }
    return known;
}

struct form_question form_question(const struct form *f, uint32_t n)
{
    struct form_question q;
    (void)read_question(&f->questions[n], &q);
    return q;
}

struct span form_name(const struct form_question *q)
{
    return q->title.n ? q->title : q->id;
}

uint32_t form_find(const struct form *f, struct span id)
{
    for (uint32_t i = 0; i < f->question_count; i++) {
        if (span_eq(id, f->questions[i].cell[Q_ID])) {
            return i;
        }
    }
    return FORM_QUESTIONS_MAX;
}

const struct event_row *form_option(const struct form *f, struct span question, uint32_t n)
{
    for (uint32_t i = 0; i < f->option_count; i++) {
        if (span_eq(question, f->options[i].cell[O_QUESTION]) && n-- == 0) {
            return &f->options[i];
        }
    }
    return NULL;
}

/* ---- can it be answered from here? */

/* Where it was kept it may have been cut: nobody answers what was not shown. */
static bool is_cut(const struct event_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (int c = 0; c < EVENT_LIST_COLUMNS; c++) {
            if (rows[i].cell[c].n + 4 > EVENT_CELL_BYTES) {
                return true;
            }
        }
    }
    return count >= EVENT_LIST_ROWS;
}

static enum status check_question(const struct form *f, uint32_t n, struct why *why)
{
    struct form_question q;
    bool known = read_question(&f->questions[n], &q);
    bool has_options = q.id.n && form_option(f, q.id, 0);
    if (!q.id.n || form_find(f, q.id) != n) {
        return why_fail(why, ST_UNSUPPORTED, "a question without a name of its own");
    }
    if (!known) {
        return why_fail(why, ST_UNSUPPORTED, "a question of a kind that is not known here");
    }
    if ((q.kind == FORM_CHOICE || q.kind == FORM_CHOICES) && !has_options && !q.other) {
        return why_fail(why, ST_UNSUPPORTED, "a choice without options");
    }
    return ST_OK;
}

enum status form_check(const struct form *f, struct why *why)
{
    if (!f->question_count || f->question_count > FORM_QUESTIONS_MAX) {
        return why_fail(why, ST_UNSUPPORTED, "%u questions", f->question_count);
    }
    if (is_cut(f->questions, f->question_count) || is_cut(f->options, f->option_count)) {
        return why_fail(why, ST_UNSUPPORTED, "its questions are too long to be shown whole");
    }
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < f->question_count; i++) {
        st = check_question(f, i, why);
    }
    return st;
}

/* ---- is this an answer? */

#define NAME_CHARS 60

static enum status not_valid(const struct form_question *q, const char *what, struct span more,
                             struct why *why)
{
    return why_fail(why, ST_INVALID, "%.*s: %s%.*s",
                    SPAN_ARG(span_sub(form_name(q), 0, NAME_CHARS)), what,
                    SPAN_ARG(span_sub(more, 0, NAME_CHARS)));
}

static int64_t bound(struct span s, int64_t otherwise)
{
    int64_t micro = otherwise;
    return num_parse_micro(s, &micro) == ST_OK ? micro : otherwise;
}

static enum status check_bounds(const struct form_question *q, int64_t micro, const char *least,
                                const char *most, struct why *why)
{
    if (q->min.n && micro < bound(q->min, INT64_MIN)) {
        return not_valid(q, least, q->min, why);
    }
    if (q->max.n && micro > bound(q->max, INT64_MAX)) {
        return not_valid(q, most, q->max, why);
    }
    return ST_OK;
}

static enum status check_number(const struct form_question *q, struct span s, struct why *why)
{
    int64_t whole;
    int64_t micro;
    if (q->kind == FORM_INTEGER && num_parse_json_int(s, &whole) != ST_OK) {
        return not_valid(q, "a whole number is needed", SPAN_NONE, why);
    }
    if (num_parse_micro(s, &micro) != ST_OK) {
        return not_valid(q, "a number is needed, such as 5 or -2.5", SPAN_NONE, why);
    }
    return check_bounds(q, micro, "not below ", "not above ", why);
}

static int64_t characters(struct span s)
{
    int64_t count = 0;
    for (size_t i = 0; i < s.n; i++) {
        count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    }
    return count;
}

static bool has_blank(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ') {
            return true;
        }
    }
    return false;
}

static bool fits_format(struct span format, struct span s)
{
    char day[64];
    int64_t us;
    size_t at = span_find(s, '@');
    size_t colon = span_find(s, ':');
    if (span_is(format, "email")) {
        return at > 0 && at + 1 < s.n && !has_blank(s);
    }
    if (span_is(format, "uri")) {
        return colon > 0 && colon + 1 < s.n && !has_blank(s);
    }
    if (span_is(format, "date-time")) {
        return time_parse(s, &us) == ST_OK;
    }
    (void)snprintf(day, sizeof(day), "%.*sT00:00:00Z", SPAN_ARG(span_sub(s, 0, 12)));
    return s.n == 10 && time_parse(span_str(day), &us) == ST_OK;
}

static enum status check_text(const struct form_question *q, struct span s, struct why *why)
{
    if (q->format.n && !fits_format(q->format, s)) {
        return not_valid(q, "this is no ", q->format, why);
    }
    return check_bounds(q, characters(s) * 1000000, "fewer characters than ",
                        "more characters than ", why);
}

static bool is_option(const struct form *f, const struct form_question *q, struct span s)
{
    const struct event_row *row;
    for (uint32_t i = 0; (row = form_option(f, q->id, i)); i++) {
        if (span_eq(row->cell[O_VALUE], s)) {
            return true;
        }
    }
    return false;
}

enum status form_check_value(const struct form *f, const struct form_question *q, struct span value,
                             struct why *why)
{
    if (!utf8_valid(value) || memchr(value.p ? value.p : "", '\0', value.n)) {
        return not_valid(q, "not UTF-8", SPAN_NONE, why);
    }
    switch (q->kind) {
    case FORM_INTEGER:
    case FORM_NUMBER:
        return check_number(q, value, why);
    case FORM_BOOLEAN:
        return span_is(value, "true") || span_is(value, "false")
                   ? ST_OK
                   : not_valid(q, "true or false is needed", SPAN_NONE, why);
    case FORM_CHOICE:
    case FORM_CHOICES:
        return is_option(f, q, value) || (q->other && value.n)
                   ? ST_OK
                   : not_valid(q, "none of its options", SPAN_NONE, why);
    case FORM_TEXT:
    case FORM_KINDS:
    default:
        return check_text(q, value, why);
    }
}
