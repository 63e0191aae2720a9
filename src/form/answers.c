/* Answers: their text, what makes them complete, and what a record may keep of them. */
#include "checkrein/form.h"

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "checkrein/wire.h"

#define TOKENS (FORM_ANSWERS_MAX * 8 + 8)

static enum status read_row(struct form_answers *a, const struct tape *j, uint32_t at,
                            struct why *why)
{
    uint32_t id = tape_get(j, at, "id");
    uint32_t value = tape_get(j, at, "value");
    uint32_t mark = tape_get(j, at, "mark");
    if (a->count == FORM_ANSWERS_MAX || tape_type(j, id) != TAPE_STRING ||
        (tape_type(j, value) != TAPE_STRING && tape_type(j, mark) != TAPE_STRING)) {
        return why_fail(why, ST_INVALID, "an answer that is none");
    }
    a->row[a->count++] =
        (struct form_answer){.id = tape_string(j, id, &a->scratch),
                             .value = tape_string(j, value, &a->scratch),
                             .secret = tape_bool(j, tape_get(j, at, "secret"), false),
                             .marked = value == TAPE_ABSENT};
    return ST_OK;
}

enum status form_answers_read(struct form_answers *a, struct span text, struct why *why)
{
    struct tape_token tokens[TOKENS];
    struct tape j;
    a->count = 0;
    buf_init(&a->scratch, FORM_ANSWERS_BYTES);
    (void)buf_reserve(&a->scratch, FORM_ANSWERS_BYTES); /* what is unescaped stays where it is */
    if (text.n > FORM_ANSWERS_BYTES ||
        tape_parse(&j, text, TAPE_STRICT, tokens, ARRAY_LEN(tokens)) != ST_OK ||
        tape_type(&j, TAPE_ROOT) != TAPE_ARRAY) {
        return why_fail(why, ST_INVALID, "answers that are no list of answers");
    }
    enum status st = ST_OK;
    for (uint32_t at = tape_first(&j, TAPE_ROOT); st == ST_OK && at != TAPE_ABSENT;
         at = tape_next(&j, TAPE_ROOT, at)) {
        st = read_row(a, &j, at, why);
    }
    return st;
}

void form_answers_release(struct form_answers *a)
{
    buf_wipe(&a->scratch);
    a->count = 0;
}

/* ---- complete? */

static uint32_t given(const struct form_answers *a, struct span id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        count += span_eq(a->row[i].id, id);
    }
    return count;
}

static bool is_twice(const struct form_answers *a, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (span_eq(a->row[i].id, a->row[n].id) && span_eq(a->row[i].value, a->row[n].value)) {
            return true;
        }
    }
    return false;
}

enum status form_check_count(const struct form_question *q, uint32_t count, struct why *why)
{
    struct span name = span_sub(form_name(q), 0, 60);
    int64_t bound = 0;
    if (!count) {
        return q->required ? why_fail(why, ST_INVALID, "%.*s: an answer is needed", SPAN_ARG(name))
                           : ST_OK;
    }
    if (q->kind != FORM_CHOICES) {
        return count == 1 ? ST_OK
                          : why_fail(why, ST_INVALID, "%.*s: one answer only", SPAN_ARG(name));
    }
    if (num_parse_json_int(q->min, &bound) == ST_OK && (int64_t)count < bound) {
        return why_fail(why, ST_INVALID, "%.*s: at least %lld of them", SPAN_ARG(name),
                        (long long)bound);
    }
    if (num_parse_json_int(q->max, &bound) == ST_OK && (int64_t)count > bound) {
        return why_fail(why, ST_INVALID, "%.*s: at most %lld of them", SPAN_ARG(name),
                        (long long)bound);
    }
    return ST_OK;
}

static enum status check_row(const struct form *f, const struct form_answers *a, uint32_t n,
                             struct why *why)
{
    const struct form_answer *row = &a->row[n];
    uint32_t at = form_find(f, row->id);
    if (at == FORM_QUESTIONS_MAX) {
        return why_fail(why, ST_INVALID, "nobody asks for \"%.*s\"",
                        SPAN_ARG(span_sub(row->id, 0, 60)));
    }
    struct form_question q = form_question(f, at);
    if (row->marked) {
        return why_fail(why, ST_INVALID, "%.*s: the value of the answer is not there",
                        SPAN_ARG(span_sub(form_name(&q), 0, 60)));
    }
    if (q.secret && !row->secret) {
        return why_fail(why, ST_INVALID, "%.*s is secret, and its answer is not marked so",
                        SPAN_ARG(span_sub(form_name(&q), 0, 60)));
    }
    if (is_twice(a, n)) {
        return why_fail(why, ST_INVALID, "%.*s: the same answer twice",
                        SPAN_ARG(span_sub(form_name(&q), 0, 60)));
    }
    return form_check_value(f, &q, row->value, why);
}

enum status form_check_answers(const struct form *f, const struct form_answers *a, struct why *why)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < a->count; i++) {
        st = check_row(f, a, i, why);
    }
    for (uint32_t i = 0; st == ST_OK && i < f->question_count; i++) {
        struct form_question q = form_question(f, i);
        st = form_check_count(&q, given(a, q.id), why);
    }
    return st;
}

/* ---- writing */

static void begin_row(struct buf *out, struct span id)
{
    if (out->len) {
        buf_truncate(out, out->len - 1);
    }
    buf_addstr(out, out->len ? ",{\"id\":" : "[{\"id\":");
    (void)tape_quote(out, id);
}

enum status form_answer_add(struct buf *out, struct span id, struct span value, bool secret)
{
    begin_row(out, id);
    buf_addstr(out, ",\"value\":");
    (void)tape_quote(out, value);
    buf_addstr(out, secret ? ",\"secret\":true}]" : "}]");
    return buf_status(out);
}

enum status form_answers_redact(struct span text, form_mark_fn *mark, void *ctx, struct buf *out,
                                struct why *why)
{
    struct form_answers *a = xcalloc(1, sizeof(*a));
    char stands[80];
    enum status st = form_answers_read(a, text, why);
    for (uint32_t i = 0; st == ST_OK && i < a->count; i++) {
        const struct form_answer *row = &a->row[i];
        if (!row->secret) {
            st = form_answer_add(out, row->id, row->value, false);
            continue;
        }
        mark(ctx, row->id, row->value, stands);
        begin_row(out, row->id);
        buf_printf(out, ",\"secret\":true,\"bytes\":%zu,\"mark\":\"%s\"}]", row->value.n, stands);
        st = buf_status(out);
    }
    form_answers_release(a);
    free(a);
    return st;
}
