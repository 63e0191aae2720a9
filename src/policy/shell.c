#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"
#include "lex_priv.h"
#include "policy_priv.h"

/* Work is bounded: what does not fit sets `over`, and then nothing more is read. */
#define LINE_BYTES_MAX ((size_t)128 * 1024) /* Linux gives a program no longer argument */
#define FORMS_MAX      4096
#define FORM_BYTES_MAX ((size_t)256 * 1024)
#define WORDS_MAX      4096 /* of one simple command, looked at one by one */
#define SCRIPTS_MAX    32   /* quoted scripts inside of the line */
#define TEXT_ROOM      (8 * (LINE_BYTES_MAX + FORM_BYTES_MAX))

struct script {
    char *text;
    size_t n;
};

struct reader {
    struct shell_line *line;
    struct lexer lex;
    struct buf written, plain, redirects; /* of the simple command that is being read */
    struct buf whole;
    struct shell_form *word_at; /* in `plain` */
    struct span *words;         /* the same, once the command is complete */
    size_t word_at_cap, words_cap, word_count;
    size_t form_bytes;
    struct script scripts[SCRIPTS_MAX];
    size_t script_count;
};

/* ---- what is found */
static struct shell_form keep(struct shell_line *line, struct span s)
{
    struct shell_form form = {line->text.len, s.n};
    if (buf_add(&line->text, s) != ST_OK) {
        line->over = true;
        return (struct shell_form){0, 0};
    }
    return form;
}

static void add_form(struct reader *rd, struct shell_form form)
{
    struct shell_line *line = rd->line;
    rd->form_bytes += form.n;
    if (form.n == 0 || line->form_count == FORMS_MAX || rd->form_bytes > FORM_BYTES_MAX) {
        line->over |= form.n > 0;
        return;
    }
    GROW(line->forms, line->forms_cap, line->form_count + 1);
    line->forms[line->form_count++] = form;
}

static struct shell_form from_byte(struct shell_form form, size_t skip)
{
    return (struct shell_form){form.at + skip, form.n - skip};
}

/* The command from this word on, by its path and by its name alone. */
static void add_forms_from(struct reader *rd, struct shell_form plain, size_t word)
{
    size_t at = rd->word_at[word].at;
    size_t path = rd->words[word].n - word_base_name(rd->words[word]).n;
    add_form(rd, from_byte(plain, at));
    if (path > 0) {
        add_form(rd, from_byte(plain, at + path));
    }
}

static bool is_script(struct span word)
{
    for (size_t i = 0; i < word.n; i++) {
        if (strchr(" \t\n;|&$`(", word.p[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void add_script(struct reader *rd, struct span s)
{
    if (s.n == 0) {
        return;
    }
    if (rd->script_count == SCRIPTS_MAX) {
        rd->line->over = true;
        return;
    }
    struct script *script = &rd->scripts[rd->script_count++];
    *script = (struct script){xmalloc(s.n), s.n};
    memcpy(script->text, s.p, s.n);
}

static void add_inner_commands(struct reader *rd, struct shell_form plain)
{
    for (size_t i = 1; i < rd->word_count; i++) {
        add_forms_from(rd, plain, i);
        if (is_script(rd->words[i])) {
            add_script(rd, rd->words[i]);
        }
    }
}

/* ---- one simple command */
static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_./+-:@~", c) != NULL);
}

static bool is_plain_name(struct span word)
{
    for (size_t i = 0; i < word.n; i++) {
        if (!is_name_byte(word.p[i])) {
            return false;
        }
    }
    return word.n > 0;
}

static void locate_words(struct reader *rd)
{
    GROW(rd->words, rd->words_cap, rd->word_count);
    for (size_t i = 0; i < rd->word_count; i++) {
        rd->words[i] = span_sub(buf_span(&rd->plain), rd->word_at[i].at, rd->word_at[i].n);
    }
}

static void add_part(struct reader *rd, struct shell_form plain, bool runs_others)
{
    struct shell_line *line = rd->line;
    GROW(line->parts, line->parts_cap, line->part_count + 1);
    line->parts[line->part_count++] = (struct shell_part){
        .written = keep(line, buf_span(&rd->written)),
        .plain = plain,
        .runs_others = runs_others,
    };
    add_form(rd, line->parts[line->part_count - 1].written);
}

/* Where the command stands does not matter: `> x rm y` is `rm y > x`. */
static void append_redirects(struct reader *rd)
{
    (void)buf_add(&rd->plain, buf_span(&rd->redirects));
    (void)buf_add(&rd->written, buf_span(&rd->redirects));
}

static void end_command(struct reader *rd)
{
    struct shell_line *line = rd->line;
    append_redirects(rd);
    (void)buf_add(&rd->whole, buf_span(&rd->plain));
    if (rd->word_count == 0) {
        add_form(rd, keep(line, span_trim(buf_span(&rd->redirects))));
        return;
    }
    locate_words(rd);
    struct span name = rd->words[0];
    bool prefixed = word_is_assignment(name) || word_is_reserved(name);
    bool runs_others = words_run_others((struct words){rd->words, rd->word_count});
    line->certain = line->certain && !prefixed && is_plain_name(name);
    struct shell_form plain = keep(line, buf_span(&rd->plain));
    add_forms_from(rd, plain, 0);
    if (prefixed || runs_others) {
        add_inner_commands(rd, plain);
    }
    add_part(rd, plain, runs_others);
}

static void begin_command(struct reader *rd)
{
    buf_clear(&rd->written);
    buf_clear(&rd->plain);
    buf_clear(&rd->redirects);
    rd->word_count = 0;
}

/* ---- tokens */
static void append_word(struct reader *rd, struct span written, struct span plain)
{
    if (rd->word_count == WORDS_MAX) {
        rd->line->over = true;
        return;
    }
    if (rd->word_count > 0) {
        (void)buf_addch(&rd->written, ' ');
        (void)buf_addch(&rd->plain, ' ');
    }
    GROW(rd->word_at, rd->word_at_cap, rd->word_count + 1);
    rd->word_at[rd->word_count++] = (struct shell_form){rd->plain.len, plain.n};
    (void)buf_add(&rd->written, written);
    (void)buf_add(&rd->plain, plain);
}

/* A wildcard after a dash may become any option. */
static void take_word(struct reader *rd, const struct token *t)
{
    rd->line->certain = rd->line->certain && !(t->globs && span_starts(t->plain, "-"));
    append_word(rd, t->written, t->plain);
}

static void add_redirect(struct reader *rd, struct span s)
{
    (void)buf_addch(&rd->redirects, ' ');
    (void)buf_add(&rd->redirects, s);
}

/* Into or out of /dev/null changes nothing; anything else is one more thing that the command does.
 */
static void take_redirect(struct reader *rd, struct span op)
{
    const struct token *target = lexer_next(&rd->lex);
    bool plain_op = span_is(op, ">") || span_is(op, ">>") || span_is(op, ">|") || span_is(op, "<");
    if (plain_op && target->kind == TOKEN_WORD && span_is(target->written, "/dev/null")) {
        return;
    }
    rd->line->certain = false;
    add_redirect(rd, op);
    if (target->kind == TOKEN_WORD) {
        add_redirect(rd, target->plain);
    } else if (target->kind == TOKEN_SEPARATOR) {
        end_command(rd);
        begin_command(rd);
    }
}

/* `a &` and `a;` may end the line; any other gap is no shell line. */
static void take_separator(struct reader *rd, struct span op)
{
    bool may_end = span_is(op, ";") || span_is(op, "&");
    size_t at = rd->lex.at;
    rd->line->certain = rd->line->certain && rd->word_count > 0;
    end_command(rd);
    begin_command(rd);
    (void)buf_printf(&rd->whole, " %s ", span_is(op, "\n") ? ";" : op.p);
    bool last = span_trim(span_sub(rd->lex.in, at, SIZE_MAX)).n == 0;
    rd->line->certain = rd->line->certain && (may_end || !last);
}

static void read_script(struct reader *rd, struct span script)
{
    lexer_init(&rd->lex, script);
    begin_command(rd);
    const struct token *t = lexer_next(&rd->lex);
    for (; t->kind != TOKEN_END && !rd->line->over; t = lexer_next(&rd->lex)) {
        if (t->kind == TOKEN_WORD) {
            take_word(rd, t);
        } else if (t->kind == TOKEN_REDIRECT) {
            take_redirect(rd, t->op);
        } else {
            take_separator(rd, t->op);
        }
    }
    end_command(rd);
    for (size_t i = 0; i < rd->lex.nested_count; i++) {
        add_script(rd, rd->lex.nested[i]);
    }
    rd->line->certain = rd->line->certain && rd->lex.certain;
    rd->line->over |= rd->lex.over;
    lexer_release(&rd->lex);
}

/* The scripts inside of the line are looked at for what they run; what allows needs none of them.
 */
static void read_inner_scripts(struct reader *rd)
{
    struct shell_line *line = rd->line;
    bool certain = line->certain;
    size_t part_count = line->part_count;
    for (size_t i = 0; i < rd->script_count; i++) {
        if (!line->over) {
            read_script(rd, (struct span){rd->scripts[i].text, rd->scripts[i].n});
        }
        free(rd->scripts[i].text);
    }
    line->certain = certain;
    line->part_count = part_count;
}

static void reader_release(struct reader *rd)
{
    buf_release(&rd->written);
    buf_release(&rd->plain);
    buf_release(&rd->redirects);
    buf_release(&rd->whole);
    free(rd->word_at);
    free(rd->words);
}

void shell_read(struct shell_line *line, struct span command)
{
    *line = (struct shell_line){
        .certain = command.n <= MATCH_TEXT_BYTES,
        .over = command.n > LINE_BYTES_MAX,
    };
    struct reader rd = {.line = line};
    buf_init(&line->text, TEXT_ROOM);
    buf_init(&rd.written, TEXT_ROOM);
    buf_init(&rd.plain, TEXT_ROOM);
    buf_init(&rd.redirects, TEXT_ROOM);
    buf_init(&rd.whole, TEXT_ROOM);
    if (!line->over) {
        read_script(&rd, command);
    }
    line->whole = keep(line, buf_span(&rd.whole));
    read_inner_scripts(&rd);
    line->certain = line->certain && !line->over && line->part_count > 0;
    reader_release(&rd);
}

void shell_release(struct shell_line *line)
{
    buf_release(&line->text);
    free(line->parts);
    free(line->forms);
    *line = (struct shell_line){0};
}

struct span shell_span(const struct shell_line *line, struct shell_form form)
{
    return span_sub(buf_span(&line->text), form.at, form.n);
}
