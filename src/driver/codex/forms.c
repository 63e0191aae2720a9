/* forms.c - questions that the server passes on: of its model (requestUserInput), and of an MCP
 * server (elicitation, a form by a small part of JSON Schema). */
#include "asks_priv.h"

#include "checkrein/alloc.h"

#define RULES_BYTES 256

/* ---- questions of the model */

static void tell_options(struct codex *c, struct span id, uint32_t options, struct ask_telling *say)
{
    for (uint32_t at = tape_first(&c->j, options); at != TAPE_ABSENT;
         at = tape_next(&c->j, options, at)) {
        struct event_row *row = telling_row(&say->options);
        if (row) {
            struct span label = codex_text(c, at, "label");
            *row = (struct event_row){
                {id, label, label, codex_text(c, at, "description")}
            };
        }
    }
}

static void tell_question(struct codex *c, uint32_t at, struct ask_telling *say)
{
    uint32_t options = codex_at(c, at, "options");
    bool secret = tape_bool(&c->j, codex_at(c, at, "isSecret"), false);
    bool other = tape_bool(&c->j, codex_at(c, at, "isOther"), false);
    bool choice = tape_count(&c->j, options) > 0;
    struct span id = codex_text(c, at, "id");
    struct event_row *row = telling_row(&say->questions);
    if (row) {
        *row = (struct event_row){
            {id, choice ? SPAN("choice") : SPAN("text"), codex_text(c, at, "header"),
             codex_text(c, at, "question"),
             telling_text(say, "%s%s", secret ? "secret " : "", other && choice ? "other" : "")}
        };
        tell_options(c, id, options, say);
    }
}

void tell_input(struct codex *c, uint32_t params, struct ask_telling *say)
{
    uint32_t questions = codex_at(c, params, "questions");
    telling_term(say, SPAN("to"), SPAN("the agent's model, in clear"));
    for (uint32_t at = tape_first(&c->j, questions); at != TAPE_ABSENT;
         at = tape_next(&c->j, questions, at)) {
        tell_question(c, at, say);
    }
}

/* ---- a form of an MCP server */

static void tell_enum(struct codex *c, struct span id, uint32_t values, uint32_t names,
                      struct ask_telling *say)
{
    uint32_t name = tape_first(&c->j, names);
    for (uint32_t at = tape_first(&c->j, values); at != TAPE_ABSENT;
         at = tape_next(&c->j, values, at)) {
        struct event_row *row = telling_row(&say->options);
        struct span value = codex_string(c, at);
        if (row) {
            *row = (struct event_row){
                {id, value, name == TAPE_ABSENT ? value : codex_string(c, name)}
            };
        }
        name = name == TAPE_ABSENT ? name : tape_next(&c->j, names, name);
    }
}

static void tell_consts(struct codex *c, struct span id, uint32_t consts, struct ask_telling *say)
{
    for (uint32_t at = tape_first(&c->j, consts); at != TAPE_ABSENT;
         at = tape_next(&c->j, consts, at)) {
        struct event_row *row = telling_row(&say->options);
        if (row) {
            *row = (struct event_row){
                {id, codex_text(c, at, "const"), codex_text(c, at, "title")}
            };
        }
    }
}

/* Of a choice, which may be of one or of several. */
static bool tell_choices(struct codex *c, struct span id, uint32_t schema, const char *consts,
                         struct ask_telling *say)
{
    uint32_t values = codex_at(c, schema, "enum");
    uint32_t titled = codex_at(c, schema, consts);
    tell_enum(c, id, values, codex_at(c, schema, "enumNames"), say);
    tell_consts(c, id, titled, say);
    return values != TAPE_ABSENT || titled != TAPE_ABSENT;
}

static bool is_required(struct codex *c, uint32_t schema, struct span id)
{
    uint32_t list = codex_at(c, schema, "required");
    for (uint32_t at = tape_first(&c->j, list); at != TAPE_ABSENT;
         at = tape_next(&c->j, list, at)) {
        if (span_eq(codex_string(c, at), id)) {
            return true;
        }
    }
    return false;
}

/* What a form may say of one field. A word that is none of these could narrow what is valid, so
 * that its form is not answered from here. */
static bool is_known_word(struct span word)
{
    static const char *const WORDS[] = {"type",     "title",    "description", "default",
                                        "enum",     "oneOf",    "enumNames",   "items",
                                        "minimum",  "maximum",  "minLength",   "maxLength",
                                        "minItems", "maxItems", "format"};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (span_is(word, WORDS[i])) {
            return true;
        }
    }
    return false;
}

static bool knows_all(struct codex *c, uint32_t property)
{
    for (uint32_t at = tape_first(&c->j, property); at != TAPE_ABSENT;
         at = tape_next(&c->j, property, at)) {
        if (!is_known_word(codex_string(c, at))) {
            return false;
        }
    }
    return tape_type(&c->j, property) == TAPE_OBJECT;
}

static const char *kind_of(struct codex *c, struct span id, uint32_t property,
                           struct ask_telling *say)
{
    struct span type = codex_text(c, property, "type");
    if (!knows_all(c, property)) {
        return "unknown";
    }
    if (span_is(type, "array")) {
        return tell_choices(c, id, codex_at(c, property, "items"), "anyOf", say) ? "choices"
                                                                                 : "unknown";
    }
    if (span_is(type, "string")) {
        return tell_choices(c, id, property, "oneOf", say) ? "choice" : "text";
    }
    return span_is(type, "integer")   ? "integer"
           : span_is(type, "number")  ? "number"
           : span_is(type, "boolean") ? "boolean"
                                      : "unknown";
}

/* What is no one word is no rule that is known: it could be read as several, such as "secret". */
static void add_rule(struct codex *c, uint32_t property, const char *path, const char *rule,
                     struct ask_telling *say)
{
    uint32_t at = codex_at(c, property, path);
    if (at != TAPE_ABSENT && tape_type(&c->j, at) != TAPE_NULL) {
        struct span text =
            tape_type(&c->j, at) == TAPE_STRING ? codex_string(c, at) : tape_raw(&c->j, at);
        bool is_word = text.n <= RULES_BYTES && span_find(text, ' ') == text.n;
        buf_printf(&say->text, "%s%.*s ", rule, SPAN_ARG(is_word ? text : SPAN("?")));
    }
}

static struct span rules_of(struct codex *c, uint32_t property, bool required,
                            struct ask_telling *say)
{
    static const char *const BOUNDS[][2] = {
        {"minimum",   "min="   },
        {"maximum",   "max="   },
        {"minLength", "min="   },
        {"maxLength", "max="   },
        {"minItems",  "min="   },
        {"maxItems",  "max="   },
        {"format",    "format="},
    };
    size_t from = say->text.len;
    buf_addstr(&say->text, required ? "required " : "");
    for (size_t i = 0; i < ARRAY_LEN(BOUNDS); i++) {
        add_rule(c, property, BOUNDS[i][0], BOUNDS[i][1], say);
    }
    return (struct span){say->text.data + from, say->text.len - from};
}

static struct span suggested(struct codex *c, uint32_t property)
{
    uint32_t at = codex_at(c, property, "default");
    return tape_type(&c->j, at) == TAPE_STRING ? codex_string(c, at)
           : tape_type(&c->j, at) == TAPE_NULL ? SPAN_NONE
                                               : tape_raw(&c->j, at);
}

void tell_form(struct codex *c, uint32_t params, struct ask_telling *say)
{
    uint32_t schema = codex_at(c, params, "requestedSchema");
    uint32_t properties = codex_at(c, schema, "properties");
    telling_term(say, SPAN("to"),
                 telling_text(say, "%.*s (MCP)",
                              SPAN_ARG(codex_cut(codex_text(c, params, "serverName"), 256))));
    telling_term(say, SPAN("message"), codex_text(c, params, "message"));
    for (uint32_t at = tape_first(&c->j, properties); at != TAPE_ABSENT;
         at = tape_next(&c->j, properties, at)) {
        struct span id = codex_string(c, at);
        struct event_row *row = telling_row(&say->questions);
        if (row) {
            *row = (struct event_row){
                {id, span_str(kind_of(c, id, at + 1, say)), codex_text(c, at + 1, "title"),
                 codex_text(c, at + 1, "description"),
                 rules_of(c, at + 1, is_required(c, schema, id), say), suggested(c, at + 1)}
            };
        }
    }
}

/* ---- keeping it until it is answered */

struct form telling_form(const struct ask_telling *say)
{
    return (struct form){.questions = say->questions.row,
                         .options = say->options.row,
                         .question_count = say->questions.count,
                         .option_count = say->options.count};
}

static size_t bytes_of(const struct event_row *rows, uint32_t count)
{
    size_t bytes = sizeof(*rows) * count;
    for (uint32_t i = 0; i < count * EVENT_LIST_COLUMNS; i++) {
        bytes += rows[i / EVENT_LIST_COLUMNS].cell[i % EVENT_LIST_COLUMNS].n;
    }
    return bytes;
}

static const struct event_row *keep_rows(const struct event_row *rows, uint32_t count,
                                         struct event_row *to, char **text)
{
    for (uint32_t i = 0; i < count; i++) {
        for (int column = 0; column < EVENT_LIST_COLUMNS; column++) {
            struct span cell = rows[i].cell[column];
            if (cell.n) {
                memcpy(*text, cell.p, cell.n);
            }
            to[i].cell[column] = (struct span){*text, cell.n};
            *text += cell.n;
        }
    }
    return to;
}

struct form form_keep(const struct form *f, char **block)
{
    uint32_t rows = f->question_count + f->option_count;
    struct event_row *first = xmalloc(bytes_of(f->questions, f->question_count) +
                                      bytes_of(f->options, f->option_count) + 1);
    char *text = (char *)(first + rows);
    struct form kept = *f;
    kept.questions = keep_rows(f->questions, f->question_count, first, &text);
    kept.options = keep_rows(f->options, f->option_count, first + f->question_count, &text);
    *block = (char *)first;
    return kept;
}

/* ---- the answers */

static bool is_literal(const struct form *f, struct span id)
{
    enum form_kind kind = form_question(f, form_find(f, id)).kind;
    return kind == FORM_INTEGER || kind == FORM_NUMBER || kind == FORM_BOOLEAN;
}

static void add_value(const struct form *f, struct span id, struct span value, struct buf *out)
{
    if (is_literal(f, id)) {
        buf_add(out, value); /* it has been looked at: a number, true or false */
    } else {
        (void)tape_quote(out, value);
    }
}

/* All values of one question, divided by commas. */
static void add_values(const struct form *f, const struct form_answers *a, struct span id,
                       struct buf *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        if (span_eq(a->row[i].id, id)) {
            buf_addstr(out, count++ ? "," : "");
            add_value(f, id, a->row[i].value, out);
        }
    }
}

static bool is_answered(const struct form_answers *a, struct span id)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (span_eq(a->row[i].id, id)) {
            return true;
        }
    }
    return false;
}

static void add_members(const struct form *f, enum ask_answers how, const struct form_answers *a,
                        struct buf *out)
{
    const char *between = "";
    for (uint32_t i = 0; i < f->question_count; i++) {
        struct form_question q = form_question(f, i);
        bool list = how == ANSWERS_INPUT || q.kind == FORM_CHOICES;
        if (!is_answered(a, q.id)) {
            continue;
        }
        buf_addstr(out, between);
        (void)tape_quote(out, q.id);
        buf_addstr(out, how == ANSWERS_INPUT ? ":{\"answers\":[" : list ? ":[" : ":");
        add_values(f, a, q.id, out);
        buf_addstr(out, how == ANSWERS_INPUT ? "]}" : list ? "]" : "");
        between = ",";
    }
}

enum status form_result(const struct form *f, enum ask_answers how, struct span answers,
                        struct buf *out, struct why *why)
{
    struct form_answers *a = xcalloc(1, sizeof(*a));
    enum status st = form_answers_read(a, answers, why);
    if (st == ST_OK) {
        st = form_check_answers(f, a, why);
    }
    if (st == ST_OK) {
        buf_addstr(out, how == ANSWERS_INPUT ? "{\"answers\":{"
                                             : "{\"action\":\"accept\",\"content\":{");
        add_members(f, how, a, out);
        buf_addstr(out, how == ANSWERS_INPUT ? "}}" : "},\"_meta\":null}");
        st = buf_status(out);
    }
    form_answers_release(a);
    free(a);
    return st;
}
