/* Our JSON reader against jansson, which shares nothing with it.
 *
 * On any bytes the two agree on what is valid and on every value, except that
 *   - ours reads any number that the grammar allows; jansson refuses what int64 or double cannot
 * hold;
 *   - ours reads U+0000 in a key; jansson cannot;
 *   - ours refuses a NUL byte anywhere; jansson 2.14 drops one that follows a number;
 *   - ours has limits (ST_LIMIT) on depth, values and the length of a number that jansson has not.
 * What the repairing mode reads beyond that is valid once it is written again.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/wire.h"

#define TOKENS        4096
#define PAIRS         TOKENS
#define SCRATCH_BYTES ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tape_token strict_tokens[TOKENS];
static struct tape_token repair_tokens[TOKENS];
static struct buf scratch;
static struct buf quoted;

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_wire: %s\n", what);
        abort();
    }
}

static void check_tape(const struct tape *t)
{
    for (uint32_t at = 0; at < t->count; at++) {
        const struct tape_token *token = &t->tokens[at];
        demand(token->off <= t->text.n && token->len <= t->text.n - token->off,
               "token outside the text");
        struct span raw = tape_raw(t, at);
        demand(raw.p >= t->text.p && raw.p + raw.n <= t->text.p + t->text.n,
               "raw outside the text");
    }
    demand(t->count == 0 || t->tokens[TAPE_ROOT].next == t->count,
           "the root does not span the tape");
}

/* The bytes that we write for a text are jansson's, and read back as that text. */
static void check_quote(struct span text)
{
    struct tape_token token;
    struct tape t;
    buf_clear(&quoted);
    demand(tape_quote(&quoted, text) == ST_OK, "a text that cannot be written");
    demand(tape_parse(&t, buf_span(&quoted), TAPE_STRICT, &token, 1) == ST_OK,
           "what we write we do not read");
    demand(span_eq(tape_string(&t, TAPE_ROOT, &scratch), text), "a text comes back different");
    json_t *string = json_stringn(text.p, text.n);
    char *dumped = json_dumps(string, JSON_ENCODE_ANY);
    demand(dumped != NULL && span_is(buf_span(&quoted), dumped),
           "not the bytes that jansson writes");
    free(dumped);
    json_decref(string);
}

static void check_number(const struct tape *t, uint32_t at, const json_t *number)
{
    int64_t value;
    enum status st = tape_int(t, at, &value);
    if (json_is_integer(number)) {
        demand(st == ST_OK && value == json_integer_value(number), "an integer differs");
    } else {
        demand(json_is_real(number), "a number is not one there");
        demand(st != ST_OK || (double)value == json_real_value(number), "a real differs");
    }
}

struct pair {
    uint32_t at;
    const json_t *value;
};

struct pairs {
    struct pair pair[PAIRS];
    size_t count;
};

static void push(struct pairs *open, uint32_t at, const json_t *value)
{
    demand(value != NULL && open->count < PAIRS, "a value is missing there");
    open->pair[open->count++] = (struct pair){at, value};
}

static void push_members(struct pairs *open, const struct tape *t, const struct pair *p)
{
    demand(json_object_size(p->value) == tape_count(t, p->at), "another number of members");
    for (uint32_t key = tape_first(t, p->at); key != TAPE_ABSENT; key = tape_next(t, p->at, key)) {
        buf_clear(&scratch);
        struct span name = tape_string(t, key, &scratch);
        json_t *value = json_object_getn(p->value, name.n > 0 ? name.p : "", name.n);
        push(open, key + 1, value);
    }
}

static void push_elements(struct pairs *open, const struct tape *t, const struct pair *p)
{
    size_t i = 0;
    demand(json_array_size(p->value) == tape_count(t, p->at), "another number of elements");
    for (uint32_t at = tape_first(t, p->at); at != TAPE_ABSENT; at = tape_next(t, p->at, at)) {
        push(open, at, json_array_get(p->value, i++));
    }
}

static void check_pair(struct pairs *open, const struct tape *t, const struct pair *p)
{
    struct span text;
    switch (tape_type(t, p->at)) {
    case TAPE_OBJECT:
        demand(json_is_object(p->value), "an object is not one there");
        push_members(open, t, p);
        break;
    case TAPE_ARRAY:
        demand(json_is_array(p->value), "an array is not one there");
        push_elements(open, t, p);
        break;
    case TAPE_STRING:
        buf_clear(&scratch);
        text = tape_string(t, p->at, &scratch);
        demand(json_is_string(p->value) && text.n == json_string_length(p->value) &&
                   memcmp(text.n > 0 ? text.p : "", json_string_value(p->value), text.n) == 0,
               "a string differs");
        check_quote(text);
        break;
    case TAPE_NUMBER:
        check_number(t, p->at, p->value);
        break;
    case TAPE_TRUE:
        demand(json_is_true(p->value), "true is not true there");
        break;
    case TAPE_FALSE:
        demand(json_is_false(p->value), "false is not false there");
        break;
    case TAPE_NULL:
        demand(json_is_null(p->value), "null is not null there");
        break;
    }
}

static void check_values(const struct tape *t, const json_t *root)
{
    static struct pairs open;
    open.count = 0;
    push(&open, TAPE_ROOT, root);
    while (open.count > 0) {
        struct pair p = open.pair[--open.count];
        check_pair(&open, t, &p);
    }
}

static bool is_excused(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static void check_against_jansson(const struct tape *t, enum status st)
{
    json_error_t error;
    json_t *root = json_loadb(t->text.n > 0 ? t->text.p : "", t->text.n,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (root != NULL && st == ST_OK) {
        check_values(t, root);
    }
    bool has_nul = span_find(t->text, '\0') < t->text.n;
    demand(root == NULL || st != ST_INVALID || has_nul, "we refuse what jansson reads");
    demand(root != NULL || st != ST_OK || is_excused(&error), "we read what jansson refuses");
    json_decref(root);
}

static void check_repaired(const struct tape *t)
{
    for (uint32_t at = 0; at < t->count; at++) {
        if (tape_type(t, at) == TAPE_STRING) {
            buf_clear(&scratch);
            check_quote(tape_string(t, at, &scratch));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (scratch.data == NULL) {
        buf_init(&scratch, SCRATCH_BYTES);
        buf_init(&quoted, SCRATCH_BYTES);
        demand(buf_reserve(&scratch, SCRATCH_BYTES) != NULL, "no memory");
    }
    struct tape strict;
    struct tape repair;
    struct span text = {(const char *)data, size};
    enum status st = tape_parse(&strict, text, TAPE_STRICT, strict_tokens, TOKENS);
    enum status lax = tape_parse(&repair, text, TAPE_REPAIR, repair_tokens, TOKENS);
    check_tape(&strict);
    check_tape(&repair);
    check_against_jansson(&strict, st);
    demand(!strict.repaired, "strict repairs");
    demand(st != ST_OK ||
               (lax == ST_OK && !repair.repaired && strict.count == repair.count &&
                memcmp(strict_tokens, repair_tokens, strict.count * sizeof(strict_tokens[0])) == 0),
           "repairing changes a valid text");
    demand(st == ST_OK || lax != ST_OK || repair.repaired, "repaired without saying so");
    if (lax == ST_OK) {
        check_repaired(&repair);
    }
    return 0;
}
