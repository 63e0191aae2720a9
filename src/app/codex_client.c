#include "codex_client.h"

#include <stdlib.h>

#include "program.h"

#include "checkrein/alloc.h"

#define ANSWER_BYTES ((size_t)4 << 20)
#define WAIT_MS      20000
#define WORDS_MAX    512
#define DONE         "\"id\":\"hooks\""

static void write_questions(struct buf *out, const char *folder)
{
    buf_addstr(out,
               "{\"id\":\"hello\",\"method\":\"initialize\",\"params\":{\"clientInfo\":{\"name\":"
               "\"checkrein\",\"title\":\"checkrein\",\"version\":\"" CHECKREIN_VERSION
               "\"}}}\n{\"method\":\"initialized\"}\n{" DONE
               ",\"method\":\"hooks/list\",\"params\":{\"cwds\":[");
    (void)tape_quote(out, span_str(folder));
    buf_addstr(out, "]}}\n");
}

/* The line that answers, among what else it says. */
static enum status read_answer(struct codex_hooks *h, struct why *why)
{
    struct span rest = buf_span(&h->answer);
    struct span line;
    while (span_next(&rest, '\n', &line)) {
        if (tape_parse(&h->j, line, TAPE_REPAIR, h->tokens, SETTINGS_TOKENS) == ST_OK &&
            span_is(tape_raw(&h->j, tape_get(&h->j, TAPE_ROOT, "id")), "\"hooks\"")) {
            uint32_t data = tape_path(&h->j, TAPE_ROOT, "result/data");
            h->list = tape_get(&h->j, tape_first(&h->j, data), "hooks");
            return tape_type(&h->j, h->list) == TAPE_ARRAY
                       ? ST_OK
                       : why_fail(why, ST_UNSUPPORTED, "this client does not tell its hooks");
        }
    }
    return why_fail(why, ST_INVALID, "the client does not answer which hooks it would run");
}

enum status codex_hooks_ask(struct codex_hooks *h, const char *const *argv, const char *folder,
                            struct why *why)
{
    const char *words[WORDS_MAX] = {NULL};
    struct buf questions;
    size_t n = 0;
    *h = (struct codex_hooks){.list = TAPE_ABSENT};
    buf_init(&h->answer, ANSWER_BYTES);
    buf_init(&h->text, ANSWER_BYTES);
    (void)buf_reserve(&h->text, ANSWER_BYTES); /* so that what is in it never moves */
    h->tokens = xcalloc(SETTINGS_TOKENS, sizeof(*h->tokens));
    while (argv[n] && n + 2 < WORDS_MAX) {
        words[n] = argv[n];
        n++;
    }
    words[n] = "app-server";
    buf_init(&questions, 16384);
    write_questions(&questions, folder);
    struct program p = {.argv = words,
                        .folder = folder,
                        .input = buf_span(&questions),
                        .input_until = DONE,
                        .out = &h->answer,
                        .deadline_ms = WAIT_MS};
    enum status st = program_run(&p, why);
    buf_release(&questions);
    return st == ST_OK ? read_answer(h, why) : st;
}

static struct span text_of(struct codex_hooks *h, uint32_t hook, const char *key)
{
    return tape_string(&h->j, tape_get(&h->j, hook, key), &h->text);
}

bool codex_hooks_next(struct codex_hooks *h, uint32_t *at, struct codex_hook *out)
{
    *at = *at == TAPE_ABSENT ? tape_first(&h->j, h->list) : tape_next(&h->j, h->list, *at);
    if (*at == TAPE_ABSENT) {
        return false;
    }
    *out = (struct codex_hook){
        .event = text_of(h, *at, "eventName"),
        .source = text_of(h, *at, "source"),
        .path = text_of(h, *at, "sourcePath"),
        .key = text_of(h, *at, "key"),
        .hash = text_of(h, *at, "currentHash"),
        .trust = text_of(h, *at, "trustStatus"),
        .ours = span_is(text_of(h, *at, "statusMessage"), OUR_MARK),
        .enabled = tape_bool(&h->j, tape_get(&h->j, *at, "enabled"), false),
    };
    return true;
}

void codex_hooks_release(struct codex_hooks *h)
{
    buf_release(&h->answer);
    buf_release(&h->text);
    free(h->tokens);
}
