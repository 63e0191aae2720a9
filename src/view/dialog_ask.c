/* Questions of a request: one page each, and a last one that shows what would be sent. That one is
 * the approval's own: read, armed and bound as any other. Nothing is ever chosen by itself. */
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/wire.h"
#include "ui_priv.h"

#define PAGE_BYTES ((size_t)1 << 20)

struct form ask_form(const struct fleet *f, uint32_t approval)
{
    struct form form = {0};
    form.questions = fleet_approval_list(f, approval, F_QUESTIONS, &form.question_count);
    form.options = fleet_approval_list(f, approval, F_OPTIONS, &form.option_count);
    return form;
}

bool ask_is_open(const struct ui *ui)
{
    const struct approve *d = &ui->approve;
    return d->asking != NULL && d->answer == VERB_UNKNOWN && d->asking->page < d->asking->count;
}

/* A secret that was typed stays nowhere. */
void ask_close(struct ui *ui)
{
    struct asking *q = ui->approve.asking;
    if (q != NULL) {
        memset(q, 0, sizeof(*q));
        __asm__ volatile("" : : "r"(q) : "memory"); /* that is not left out */
        free(q);
    }
    ui->approve.asking = NULL;
}

void ask_open(struct ui *ui, const struct fleet *f, uint32_t approval)
{
    struct form form = ask_form(f, approval);
    struct why why;
    ask_close(ui);
    if (form.question_count == 0 || form_check(&form, &why) != ST_OK) {
        return;
    }
    struct asking *q = xcalloc(1, sizeof(*q));
    q->count = form.question_count;
    for (uint32_t i = 0; i < q->count; i++) {
        q->reply[i].at = -1;
    }
    ui->approve.asking = q;
}

/* ---- what can be chosen */

static bool has_options(const struct form_question *q)
{
    return q->kind == FORM_CHOICE || q->kind == FORM_CHOICES || q->kind == FORM_BOOLEAN;
}

static int option_count(const struct form *f, const struct form_question *q)
{
    int count = q->kind == FORM_BOOLEAN ? 2 : 0;
    while (count < REPLY_OPTIONS && q->kind != FORM_BOOLEAN && has_options(q) &&
           form_option(f, q->id, (uint32_t)count) != NULL) {
        count++;
    }
    return count;
}

static struct span option_value(const struct form *f, const struct form_question *q, int n)
{
    if (q->kind == FORM_BOOLEAN) {
        return n == 0 ? SPAN("true") : SPAN("false");
    }
    const struct event_row *row = form_option(f, q->id, (uint32_t)n);
    return row == NULL ? SPAN_NONE : row->cell[1];
}

struct span ask_option_label(const struct form *f, const struct form_question *q, int n)
{
    const struct event_row *row =
        q->kind == FORM_BOOLEAN ? NULL : form_option(f, q->id, (uint32_t)n);
    return row == NULL || row->cell[2].n == 0 ? option_value(f, q, n) : row->cell[2];
}

/* The last row of a choice may be words of one's own. */
static bool is_typed(const struct form *f, const struct form_question *q, const struct reply *r)
{
    return !has_options(q) || (q->other && r->at == option_count(f, q));
}

bool ask_is_typing(const struct ui *ui, const struct fleet *f)
{
    if (!ask_is_open(ui)) {
        return false;
    }
    struct form form = ask_form(f, ui->approve.approval);
    struct form_question q = form_question(&form, ui->approve.asking->page);
    return is_typed(&form, &q, &ui->approve.asking->reply[ui->approve.asking->page]);
}

bool ask_has_chosen(const struct reply *r, int n)
{
    return n >= 0 && n < REPLY_OPTIONS && (r->chosen[n / 64] >> n % 64 & 1u) != 0;
}

/* The n-th value that would be sent; false behind the last. */
static bool value_at(const struct form *f, const struct form_question *q, const struct reply *r,
                     uint32_t n, struct span *value)
{
    int options = option_count(f, q);
    if (!has_options(q) || (q->other && r->at == options && q->kind != FORM_CHOICES)) {
        *value = line_span(&r->line);
        return n == 0 && value->n > 0;
    }
    if (q->kind != FORM_CHOICES) {
        *value = option_value(f, q, r->at);
        return n == 0 && r->at >= 0;
    }
    for (int i = 0; i < options; i++) {
        if (ask_has_chosen(r, i) && n-- == 0) {
            *value = option_value(f, q, i);
            return true;
        }
    }
    *value = line_span(&r->line);
    return n == 0 && q->other && value->n > 0;
}

/* ---- pages: made as JSON, shown as a payload is */

static void add_field(struct buf *out, struct span name, struct span text)
{
    buf_addstr(out, out->len > 1 ? "," : "");
    (void)tape_quote(out, name);
    buf_addch(out, ':');
    (void)tape_quote(out, text);
}

void ask_add_terms(const struct fleet *f, uint32_t approval, struct buf *out)
{
    uint32_t count = 0;
    const struct event_row *rows = fleet_approval_list(f, approval, F_TERMS, &count);
    for (uint32_t i = 0; i < count; i++) {
        add_field(out, rows[i].cell[0], rows[i].cell[1]);
    }
}

static void say_bounds(struct buf *out, const struct form_question *q, const char *of)
{
    if (q->min.n > 0) {
        buf_printf(out, ", at least %.*s%s", SPAN_ARG(q->min), of);
    }
    if (q->max.n > 0) {
        buf_printf(out, ", at most %.*s%s", SPAN_ARG(q->max), of);
    }
}

static void add_needs(struct buf *out, const struct form_question *q)
{
    static const char *const KINDS[FORM_KINDS] = {
        [FORM_TEXT] = "words",          [FORM_INTEGER] = "a whole number",
        [FORM_NUMBER] = "a number",     [FORM_BOOLEAN] = "true or false",
        [FORM_CHOICE] = "one of these", [FORM_CHOICES] = "any of these",
    };
    struct buf needs;
    buf_init(&needs, 512);
    buf_addstr(&needs, KINDS[q->kind]);
    say_bounds(&needs, q, q->kind == FORM_TEXT ? " characters" : "");
    if (q->format.n > 0) {
        buf_printf(&needs, ", as %.*s", SPAN_ARG(q->format));
    }
    buf_addstr(&needs, q->secret ? ", hidden here and in the record" : "");
    buf_addstr(&needs, q->required ? ", needed" : ", may be left out");
    add_field(out, SPAN("answer"), buf_span(&needs));
    buf_release(&needs);
}

static void add_options(struct buf *out, const struct form *f, const struct form_question *q)
{
    int count = option_count(f, q);
    for (int i = 0; i < count; i++) {
        char number[16];
        const struct event_row *row =
            q->kind == FORM_BOOLEAN ? NULL : form_option(f, q->id, (uint32_t)i);
        struct span more = row == NULL ? SPAN_NONE : row->cell[3];
        struct buf text;
        buf_init(&text, EVENT_CELL_BYTES * 3);
        buf_add(&text, ask_option_label(f, q, i));
        if (more.n > 0) {
            buf_addstr(&text, ": ");
            buf_add(&text, more);
        }
        (void)snprintf(number, sizeof(number), "%d", i + 1);
        add_field(out, span_str(number), buf_span(&text));
        buf_release(&text);
    }
    if (has_options(q) && q->other) {
        add_field(out, SPAN("other"), SPAN("words of your own"));
    }
}

static uint32_t term_count(const struct fleet *f, uint32_t approval)
{
    uint32_t count = 0;
    (void)fleet_approval_list(f, approval, F_TERMS, &count);
    return count;
}

static void write_question(const struct fleet *f, uint32_t approval, struct asking *ask,
                           struct buf *out)
{
    struct form form = ask_form(f, approval);
    struct form_question q = form_question(&form, ask->page);
    ask_add_terms(f, approval, out);
    add_field(out, SPAN("question"), q.text.n > 0 ? q.text : form_name(&q));
    if (q.text.n > 0) {
        add_field(out, SPAN("about"), form_name(&q));
    }
    add_needs(out, &q);
    if (q.suggested.n > 0) {
        add_field(out, SPAN("suggests"), q.suggested);
    }
    ask->first_option = term_count(f, approval) + 2 + (q.text.n > 0) + (q.suggested.n > 0);
    add_options(out, &form, &q);
}

/* What would be sent, in the order of the questions, and what would not. */
static void write_overview(const struct fleet *f, uint32_t approval, const struct asking *ask,
                           struct buf *out)
{
    struct form form = ask_form(f, approval);
    struct buf left;
    buf_init(&left, PAGE_BYTES);
    ask_add_terms(f, approval, out);
    for (uint32_t i = 0; i < ask->count; i++) {
        struct form_question q = form_question(&form, i);
        struct span value;
        uint32_t n = 0;
        for (; value_at(&form, &q, &ask->reply[i], n, &value); n++) {
            char hidden[64];
            (void)snprintf(hidden, sizeof(hidden), "(hidden) %u characters",
                           line_characters(&ask->reply[i].line));
            add_field(out, q.id,
                      q.secret && value.p == ask->reply[i].line.text ? span_str(hidden) : value);
        }
        if (n == 0) {
            buf_addstr(&left, left.len > 0 ? ", " : "");
            buf_add(&left, q.id);
        }
    }
    if (left.len > 0) {
        add_field(out, SPAN("unanswered"), buf_span(&left));
    }
    buf_release(&left);
}

void ask_write_page(struct ui *ui, const struct fleet *f, struct buf *out)
{
    struct asking *ask = ui->approve.asking;
    buf_addch(out, '{');
    if (ask->page < ask->count) {
        write_question(f, ui->approve.approval, ask, out);
    } else {
        write_overview(f, ui->approve.approval, ask, out);
    }
    buf_addch(out, '}');
}

static void turn_to(struct press *k, uint32_t page)
{
    k->ui->approve.asking->page = page;
    approve_reload(k->ui, k->f, k->now);
}

/* ---- the answers */

bool ask_write_answers(const struct ui *ui, const struct fleet *f, struct buf *out)
{
    const struct asking *ask = ui->approve.asking;
    struct form form = ask_form(f, ui->approve.approval);
    for (uint32_t i = 0; i < ask->count; i++) {
        struct form_question q = form_question(&form, i);
        struct span value;
        for (uint32_t n = 0; value_at(&form, &q, &ask->reply[i], n, &value); n++) {
            (void)form_answer_add(out, q.id, value, q.secret);
        }
    }
    if (out->len == 0) {
        buf_addstr(out, "[]");
    }
    return buf_status(out) == ST_OK && out->len <= FORM_ANSWERS_BYTES;
}

static enum status check_page(const struct form *f, const struct form_question *q,
                              const struct reply *r, struct why *why)
{
    struct span value;
    uint32_t n = 0;
    enum status st = ST_OK;
    for (; st == ST_OK && value_at(f, q, r, n, &value); n++) {
        st = form_check_value(f, q, value, why);
    }
    return st == ST_OK ? form_check_count(q, n, why) : st;
}

static void go_on(struct press *k)
{
    struct approve *d = &k->ui->approve;
    struct asking *ask = d->asking;
    struct form form = ask_form(k->f, d->approval);
    struct form_question q = form_question(&form, ask->page);
    struct why why;
    if (!d->shown || !payload_end_seen(&d->payload)) {
        notice_put(k->ui, k->now, ROLE_HINT, "read to the end first: %u more lines",
                   d->payload.row_count - d->payload.seen_count);
    } else if (check_page(&form, &q, &ask->reply[ask->page], &why) != ST_OK) {
        notice_put(k->ui, k->now, ROLE_ERROR, "%s", why.text);
    } else {
        notice_drop(k->ui); /* what was wrong with the answer is not any more */
        turn_to(k, ask->page + 1);
    }
}

/* ---- keys */

/* The option is brought into sight. */
static void show_option(struct approve *d, int n)
{
    uint32_t field = d->asking->first_option + (uint32_t)n;
    for (uint32_t row = 0; row < d->payload.row_count; row++) {
        if (d->payload.rows[row].field != field) {
            continue;
        }
        if ((int)row < d->top) {
            d->top = (int)row;
        } else if ((int)row >= d->top + d->height) {
            d->top = (int)row - d->height + 1;
        }
        return;
    }
}

static void choose(struct approve *d, struct reply *r, const struct form_question *q, int n)
{
    r->at = n;
    if (q->kind == FORM_CHOICES && n < REPLY_OPTIONS && n >= 0) {
        r->chosen[n / 64] ^= UINT64_C(1) << n % 64;
    }
    show_option(d, n);
}

static bool move(struct approve *d, const struct form *f, const struct form_question *q,
                 struct reply *r, int by)
{
    int last = option_count(f, q) - (q->other ? 0 : 1);
    if (!has_options(q)) {
        return false;
    }
    r->at += by;
    r->at = r->at < 0 ? 0 : r->at > last ? last : r->at;
    show_option(d, r->at);
    return true;
}

static bool take_option_key(struct press *k, const struct form *f, const struct form_question *q,
                            struct reply *r)
{
    struct approve *d = &k->ui->approve;
    int options = option_count(f, q);
    if (k->key == KEY_NAMED(KEYN_DOWN) || k->key == KEY_NAMED(KEYN_UP)) {
        return move(d, f, q, r, k->key == KEY_NAMED(KEYN_DOWN) ? 1 : -1);
    }
    if (is_typed(f, q, r)) {
        return false;
    }
    if (k->key >= '1' && k->key <= '9' && (int)(k->key - '1') < options) {
        choose(d, r, q, (int)(k->key - '1'));
        return true;
    }
    if (k->key == ' ' && r->at >= 0 && r->at < options && q->kind == FORM_CHOICES) {
        choose(d, r, q, r->at);
        return true;
    }
    return k->key == ' ';
}

static bool turn_key(struct press *k)
{
    struct asking *ask = k->ui->approve.asking;
    if (k->key == KEY_NAMED(KEYN_BACKTAB)) {
        if (ask->page > 0) {
            turn_to(k, ask->page - 1);
        }
        return true;
    }
    if (k->key == KEY_NAMED(KEYN_ENTER) || k->key == KEY_NAMED(KEYN_TAB)) {
        if (ask->page < ask->count) {
            go_on(k);
        }
        return true;
    }
    return false;
}

bool ask_key(struct press *k)
{
    struct approve *d = &k->ui->approve;
    if (d->asking == NULL || d->answer != VERB_UNKNOWN || k->ui->prompt.kind != NULL) {
        return false;
    }
    const struct approval *a = fleet_approval(k->f, d->approval);
    if (a == NULL || !a->pending) {
        return false;
    }
    if (turn_key(k)) {
        return true;
    }
    if (!ask_is_open(k->ui)) {
        return false;
    }
    struct form form = ask_form(k->f, d->approval);
    struct form_question q = form_question(&form, d->asking->page);
    struct reply *r = &d->asking->reply[d->asking->page];
    return take_option_key(k, &form, &q, r) ||
           (is_typed(&form, &q, r) && line_key(&r->line, k->key));
}
