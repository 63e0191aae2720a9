#include "answers.h"

#include "checkrein/alloc.h"
#include "checkrein/file.h"
#include "checkrein/form.h"

static struct form form_of(const struct fleet *f, const struct approval *p)
{
    struct form form = {0};
    form.questions = fleet_approval_list(f, p->ref, F_QUESTIONS, &form.question_count);
    form.options = fleet_approval_list(f, p->ref, F_OPTIONS, &form.option_count);
    return form;
}

static enum status split(const char *word, struct span *id, struct span *rest, struct why *why)
{
    struct span all = span_str(word);
    size_t eq = span_find(all, '=');
    *id = span_sub(all, 0, eq);
    *rest = span_sub(all, eq + 1, all.n);
    return eq < all.n && eq > 0 ? ST_OK
                                : why_fail(why, ST_INVALID, "an answer is ID=VALUE, not %s", word);
}

static bool is_secret(const struct form *f, struct span id)
{
    uint32_t at = form_find(f, id);
    return at < FORM_QUESTIONS_MAX && form_question(f, at).secret;
}

static enum status add_value(const struct form *f, const char *word, struct buf *out,
                             struct why *why)
{
    struct span id;
    struct span value;
    enum status st = split(word, &id, &value, why);
    if (st != ST_OK) {
        return st;
    }
    if (is_secret(f, id)) {
        return why_fail(why, ST_INVALID,
                        "%.*s is secret, and everybody sees a command line: --answer-file",
                        SPAN_ARG(span_sub(id, 0, 60)));
    }
    return form_answer_add(out, id, value, false);
}

static enum status read_value(const char *path, struct buf *text, struct why *why)
{
    if (strcmp(path, "-") != 0) {
        return file_read(path, text, why);
    }
    char piece[1024];
    size_t n;
    while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0) {
        (void)buf_append(text, piece, n);
    }
    return ferror(stdin) ? why_fail(why, ST_IO, "standard input cannot be read") : buf_status(text);
}

/* One line feed at the end is the file's, not the answer's. */
static enum status add_file(const struct form *f, const char *word, struct buf *out,
                            struct why *why)
{
    struct span id;
    struct span path;
    struct buf text;
    enum status st = split(word, &id, &path, why);
    buf_init(&text, FORM_ANSWERS_BYTES);
    if (st == ST_OK) {
        st = read_value(path.p, &text, why);
    }
    if (st == ST_OK) {
        struct span value = buf_span(&text);
        value.n -= value.n && value.p[value.n - 1] == '\n';
        st = form_answer_add(out, id, value, is_secret(f, id));
    }
    buf_wipe(&text);
    return st;
}

static enum status check(const struct form *form, struct span text, struct why *why)
{
    struct form_answers *a = xcalloc(1, sizeof(*a));
    enum status st = form_check(form, why);
    if (st == ST_OK) {
        st = form_answers_read(a, text, why);
    }
    if (st == ST_OK) {
        st = form_check_answers(form, a, why);
    }
    form_answers_release(a);
    free(a);
    return st;
}

enum status answers_build(const struct fleet *f, const struct approval *p,
                          const char *const values[], const char *const files[], struct buf *out,
                          struct why *why)
{
    struct form form = form_of(f, p);
    enum status st = ST_OK;
    bool given = values[0] || files[0];
    if (!form.question_count) {
        return given ? why_fail(why, ST_INVALID, "it asks no question: no answers are taken")
                     : ST_OK;
    }
    for (size_t i = 0; st == ST_OK && values[i]; i++) {
        st = add_value(&form, values[i], out, why);
    }
    for (size_t i = 0; st == ST_OK && files[i]; i++) {
        st = add_file(&form, files[i], out, why);
    }
    if (st == ST_OK && !out->len) {
        (void)buf_addstr(out, "[]");
    }
    return st == ST_OK ? check(&form, buf_span(out), why) : st;
}
