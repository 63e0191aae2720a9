/* The example of docs/policy.md is taken, and judges as its table says. */
#include <stdio.h>

#include "checkrein/file.h"
#include "rules.h"

#define DOCS TESTS_DIR "/../docs/policy.md"

struct docs {
    struct buf text;
    struct policy *policy;
    int blocks, rows;
};

/* ---- the rules: only of the block that has more than one */
struct pending_rule {
    struct span name;
    struct policy_pair pairs[16];
    uint32_t count;
};

static void finish_rule(struct policy *p, struct pending_rule *r)
{
    struct why why = {{0}};
    if (r->name.n > 0 && policy_add(p, r->name, 1, r->pairs, r->count, &why) != ST_OK) {
        fail_msg("[%.*s]: %s", SPAN_ARG(r->name), why.text);
    }
    *r = (struct pending_rule){0};
}

static void take_line(struct policy *p, struct pending_rule *r, struct span line)
{
    size_t equals = span_find(line, '=');
    if (span_starts(line, "[rule ")) {
        finish_rule(p, r);
        r->name = span_sub(line, 6, line.n - 7);
    } else if (line.n > 0 && equals < line.n) {
        r->pairs[r->count++] = (struct policy_pair){
            span_trim(span_sub(line, 0, equals)), span_trim(span_sub(line, equals + 1, SIZE_MAX))};
    }
}

static struct policy *read_block(struct span *rest)
{
    struct policy *p = policy_new();
    struct pending_rule r = {0};
    struct span line;
    while (span_next(rest, '\n', &line) && !span_is(line, "```")) {
        take_line(p, &r, line);
    }
    finish_rule(p, &r);
    return p;
}

/* ---- the table: | `command` | verdict | rule | */
static bool next_cell(struct span *line, struct span *cell)
{
    for (size_t i = 0; i < line->n; i++) {
        if (line->p[i] == '|' && (i == 0 || line->p[i - 1] != '\\')) {
            *cell = span_trim(span_sub(*line, 0, i));
            *line = span_sub(*line, i + 1, SIZE_MAX);
            return true;
        }
    }
    return false;
}

/* Without the backslash that keeps '|' from ending the cell. */
static struct span unescaped(struct span cell, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < cell.n; i++) {
        if (cell.p[i] != '\\' || i + 1 == cell.n || cell.p[i + 1] != '|') {
            out[n++] = cell.p[i];
        }
    }
    return (struct span){out, n};
}

static void check_row(struct docs *d, struct span line)
{
    struct span cell[4];
    char command[200];
    for (int i = 0; i < 4; i++) {
        if (!next_cell(&line, &cell[i])) {
            return;
        }
    }
    if (!span_starts(cell[1], "`") || event_enum_find("verdict", cell[2]) == 0) {
        return;
    }
    struct policy_verdict v;
    struct policy_request r = bash(unescaped(span_sub(cell[1], 1, cell[1].n - 2), command));
    r.cwd = SPAN("/home/mara/src/app");
    policy_eval(d->policy, &r, &v);
    struct span rule = span_starts(cell[3], "the default") ? span_str(POLICY_DEFAULT_ASK) : cell[3];
    assert_span_is(cell[2], verdict_name(v.verdict));
    assert_span_is(rule, v.rule);
    d->rows++;
}

static void every_block_is_taken_and_the_table_is_true(void **state)
{
    (void)state;
    struct docs d = {.policy = policy_new()};
    struct why why = {{0}};
    struct span line;
    buf_init(&d.text, 1 << 20);
    if (file_read(DOCS, &d.text, &why) != ST_OK) {
        fail_msg("%s: %s", DOCS, why.text);
    }
    struct span rest = buf_span(&d.text);
    while (span_next(&rest, '\n', &line)) {
        if (span_is(line, "```ini")) {
            policy_free(d.policy);
            d.policy = read_block(&rest);
            d.blocks++;
            assert_true(policy_count(d.policy) > 0);
        } else if (span_starts(line, "|")) {
            check_row(&d, line);
        }
    }
    assert_int_equal(d.blocks, 3);
    assert_int_equal(policy_count(d.policy), 7);
    assert_int_equal(d.rows, 12);
    policy_free(d.policy);
    buf_release(&d.text);
}

/* Without what only marks it. */
static void put_plain(struct buf *out, struct span line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] != '`' && line.p[i] != '*') {
            buf_addch(out, line.p[i]);
        }
    }
}

static void every_key_is_told_in_its_words(void **state)
{
    (void)state;
    struct buf text;
    struct buf plain;
    buf_init(&text, 1 << 20);
    buf_init(&plain, 1 << 20);
    assert_status(file_read(DOCS, &text, NULL), ST_OK);
    put_plain(&plain, buf_span(&text));
    const struct policy_key *key;
    size_t count = 0;
    for (; (key = policy_key_at(count)); count++) {
        char row[200];
        (void)snprintf(row, sizeof(row), "\n| %s | %s |\n", key->name, key->help);
        if (!strstr(plain.data, row)) {
            fail_msg("%s does not say:%s", DOCS, row);
        }
    }
    assert_int_equal(count, 11);
    buf_release(&text);
    buf_release(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_taken_and_the_table_is_true),
        cmocka_unit_test(every_key_is_told_in_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
