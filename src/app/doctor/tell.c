#include "doctor_priv.h"

#include "checkrein/text.h"
#include "checkrein/wire.h"

#define JSON_BYTES ((size_t)1 << 20)

static const char *const LEVELS[] = {
    [LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "FAIL"};

bool gate_holds(const struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->findings[i].level == LEVEL_FAIL) {
            return false;
        }
    }
    return d->proved;
}

static void print_finding(const struct finding *f)
{
    char words[2 * WORDS_BYTES];
    char todo[2 * WORDS_BYTES];
    (void)text_plain_of(span_str(f->words), words, sizeof(words));
    (void)text_plain_of(span_str(f->todo), todo, sizeof(todo));
    (void)printf("%-4s  %-18s %s\n", LEVELS[f->level], f->check, words);
    if (f->todo[0]) {
        (void)printf("%-24s -> %s\n", "", todo);
    }
}

static void print_list(const char *head, const char *const *lines)
{
    if (lines[0]) {
        (void)printf("\n%s\n", head);
    }
    for (; *lines; lines++) {
        (void)printf("  - %s\n", *lines);
    }
}

static void print_ways(const struct doctor *d)
{
    (void)printf("\nan agent that gets a shell command approved could still\n");
    for (size_t i = 0; way_past(d->runtime, d->in_force->scope, i); i++) {
        (void)printf("  - %s\n", way_past(d->runtime, d->in_force->scope, i));
    }
    if (d->runtime->stronger && (!d->in_force->scope || d->in_force->scope->who != SCOPE_MACHINE)) {
        (void)printf("%s\n", d->runtime->stronger);
    }
}

void tell_text(const struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++) {
        print_finding(&d->findings[i]);
    }
    (void)printf("\n%s\n", gate_holds(d)
                               ? "the gate holds: no call of a tool runs here without a decision"
                               : "THE GATE DOES NOT HOLD");
    print_list("not held, whatever stands in the settings", d->runtime->limits);
    if (d->in_force) {
        print_ways(d);
    }
}

static void put(struct buf *out, const char *name, const char *text)
{
    char plain[2 * WORDS_BYTES];
    (void)text_plain_of(span_str(text), plain, sizeof(plain));
    buf_printf(out, "\"%s\":", name);
    tape_quote(out, span_str(plain));
}

static void json_findings(const struct doctor *d, struct buf *out)
{
    static const char *const WORDS[] = {
        [LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "fail"};
    for (size_t i = 0; i < d->count; i++) {
        const struct finding *f = &d->findings[i];
        buf_addstr(out, i ? ",{" : "{");
        put(out, "check", f->check);
        buf_addch(out, ',');
        put(out, "result", WORDS[f->level]);
        buf_addch(out, ',');
        put(out, "words", f->words);
        if (f->todo[0]) {
            buf_addch(out, ',');
            put(out, "todo", f->todo);
        }
        buf_addch(out, '}');
    }
}

static void json_texts(const struct doctor *d, struct buf *out)
{
    buf_addstr(out, "],\"limits\":[");
    for (size_t i = 0; d->runtime->limits[i]; i++) {
        buf_addstr(out, i ? "," : "");
        tape_quote(out, span_str(d->runtime->limits[i]));
    }
    buf_addstr(out, "],\"past\":[");
    for (size_t i = 0; d->in_force && way_past(d->runtime, d->in_force->scope, i); i++) {
        buf_addstr(out, i ? "," : "");
        tape_quote(out, span_str(way_past(d->runtime, d->in_force->scope, i)));
    }
    buf_addstr(out, "]}");
}

enum status tell_json(const struct doctor *d)
{
    struct buf json;
    struct buf ascii;
    buf_init(&json, JSON_BYTES);
    buf_init(&ascii, 6 * JSON_BYTES);
    buf_printf(&json,
               "{\"holds\":%s,\"runtime\":\"%s\",\"scope\":", gate_holds(d) ? "true" : "false",
               d->runtime->kind->runtime);
    tape_quote(&json, d->in_force && d->in_force->scope ? span_str(d->in_force->scope->name)
                                                        : SPAN("none"));
    buf_addstr(&json, ",\"checks\":[");
    json_findings(d, &json);
    json_texts(d, &json);
    enum status st = buf_status(&json) == ST_OK ? ascii_json(&ascii, buf_span(&json)) : ST_LIMIT;
    if (st == ST_OK &&
        (fwrite(ascii.data, 1, ascii.len, stdout) != ascii.len || fputc('\n', stdout) == EOF)) {
        st = ST_IO;
    }
    buf_release(&json);
    buf_release(&ascii);
    return st;
}
