/* One line of typing at a time: opened for a purpose, bound to what it is about, closed by Enter or
 * Esc. */
#include <string.h>

#include "ui_priv.h"

struct span agent_name(const struct fleet *f, uint32_t agent)
{
    const struct agent *a = fleet_agent(f, agent);
    if (a == NULL) {
        return SPAN_NONE;
    }
    return fleet_span(f, a->name != 0 ? a->name : a->id);
}

void agent_word(const struct fleet *f, uint32_t agent, char out[PAYLOAD_WORD_BYTES])
{
    const struct agent *a = fleet_agent(f, agent);
    word_longest(agent_name(f, agent), out);
    if (out[0] == '\0' && a != NULL) {
        word_longest(fleet_span(f, a->id), out);
    }
    if (out[0] == '\0') {
        (void)span_copy(SPAN("stop"), out, PAYLOAD_WORD_BYTES);
    }
}

void prompt_open(struct press *k, enum prompt_name name, struct target t)
{
    struct ui *ui = k->ui;
    struct prompt *p = &ui->prompt;
    *p = (struct prompt){.kind = prompt_kind(name), .agent = t.agent, .approval = t.approval};
    const struct task *task = fleet_task_of(k->f, t.agent);
    p->task = task == NULL ? 0 : task->ref;
    if (name == PROMPT_STOP || name == PROMPT_KILL) {
        agent_word(k->f, t.agent, p->word);
    } else if (name == PROMPT_RESET) {
        (void)span_copy(SPAN("reset"), p->word, sizeof(p->word));
    } else if (name == PROMPT_APPROVE_LASTING) {
        (void)span_copy(SPAN(LASTING_WORD), p->word, sizeof(p->word));
    } else if (name == PROMPT_APPROVE || name == PROMPT_APPROVE_MORE || name == PROMPT_SEND) {
        memcpy(p->word, ui->approve.payload.word, sizeof(p->word));
    } else if (name == PROMPT_FILTER) {
        line_set(&p->line, span_str(ui_list(ui)->filter));
    } else if (name == PROMPT_HELP) {
        line_set(&p->line, span_str(ui->help.search));
    }
    if (p->kind->typing == TYPE_WORD) {
        k->out->kind = INTENT_FLUSH_KEYS;
    }
}

bool prompt_is(const struct ui *ui, enum prompt_name name)
{
    return ui->prompt.kind == prompt_kind(name);
}

void prompt_close(struct ui *ui)
{
    ui->prompt.kind = NULL;
}

/* ---- history: the newest first */
static void remember(struct history *h, struct span s)
{
    const char *newest = h->line[(h->count + HISTORY_LINES - 1) % HISTORY_LINES];
    if (s.n > 0 && (h->count == 0 || !span_is(s, newest))) {
        (void)span_copy(s, h->line[h->count % HISTORY_LINES], LINE_BYTES);
        h->count++;
    }
}

static void recall(struct prompt *p, const struct history *h, int by)
{
    uint32_t most = h->count < HISTORY_LINES ? h->count : HISTORY_LINES;
    if ((by > 0 && p->recall == most) || (by < 0 && p->recall == 0)) {
        return;
    }
    p->recall = by > 0 ? p->recall + 1 : p->recall - 1;
    const char *line = p->recall == 0 ? "" : h->line[(h->count - p->recall) % HISTORY_LINES];
    line_set(&p->line, span_str(line));
}

static void complete(struct press *k)
{
    struct prompt *p = &k->ui->prompt;
    struct line found;
    if (p->completions == 0) {
        p->stem = p->line;
    }
    if (!p->kind->complete(k, line_span(&p->stem), p->completions, &found)) {
        p->completions = 0; /* around once; the next one is the first again */
        p->line = p->stem;
        return;
    }
    p->completions++;
    p->line = found;
}

/* ---- keys */
static void submit(struct press *k)
{
    struct ui *ui = k->ui;
    struct prompt *p = &ui->prompt;
    const struct prompt_kind *kind = p->kind;
    bool is_word = span_is(line_span(&p->line), p->word);
    if (kind->typing == TYPE_SOMETHING && span_trim(line_span(&p->line)).n == 0) {
        notice_put(ui, k->now, ROLE_HINT, "type something, or Esc");
        return;
    }
    if (kind->typing == TYPE_WORD && !is_word) {
        line_set(&p->line, SPAN_NONE);
        notice_put(ui, k->now, ROLE_ERROR, "that is not the word \"%s\": nothing was sent",
                   p->word);
        return;
    }
    if (kind->history != NULL) {
        remember(kind->history(ui), line_span(&p->line));
    }
    prompt_close(ui);
    kind->submit(k);
}

static bool is_special(struct press *k)
{
    struct prompt *p = &k->ui->prompt;
    const struct prompt_kind *kind = p->kind;
    if (k->key == KEY_NAMED(KEYN_ENTER)) {
        submit(k);
    } else if (k->key == KEY_NAMED(KEYN_ESC)) {
        prompt_close(k->ui);
        if (kind->cancel != NULL) {
            kind->cancel(k);
        }
    } else if (k->key == KEY_NAMED(KEYN_TAB) && kind->complete != NULL) {
        complete(k);
    } else if ((k->key == KEY_NAMED(KEYN_UP) || k->key == KEY_NAMED(KEYN_DOWN)) &&
               kind->history != NULL) {
        recall(p, kind->history(k->ui), k->key == KEY_NAMED(KEYN_UP) ? 1 : -1);
    } else {
        return false;
    }
    return true;
}

void prompt_key(struct press *k)
{
    struct prompt *p = &k->ui->prompt;
    if (is_special(k)) {
        if (p->kind != NULL && p->kind->changed != NULL && k->key != KEY_NAMED(KEYN_ENTER)) {
            p->kind->changed(k);
        }
        return;
    }
    if (line_key(&p->line, k->key)) {
        p->completions = 0;
        if (p->kind->changed != NULL) {
            p->kind->changed(k);
        }
    }
}

/* What it is about may be over before the line is finished. */
void prompt_sync(struct ui *ui, const struct fleet *f, struct moment now)
{
    struct prompt *p = &ui->prompt;
    if (p->kind == NULL || p->kind->in_dialog) {
        return;
    }
    const struct approval *a = fleet_approval(f, p->approval);
    bool about_request = prompt_is(ui, PROMPT_DENY) || prompt_is(ui, PROMPT_DENY_REASON);
    if (about_request && (a == NULL || !a->pending)) {
        prompt_close(ui);
        notice_put(ui, now, ROLE_GONE, "nothing was sent: the request is %s%s%.200s",
                   a == NULL ? "gone" : decision_name(a->decision),
                   a == NULL || a->decided_by == 0 ? "" : " by ",
                   a == NULL ? "" : fleet_str(f, a->decided_by));
    } else if (p->agent != 0 && fleet_agent(f, p->agent) == NULL) {
        prompt_close(ui);
        notice_put(ui, now, ROLE_GONE, "nothing was sent: the agent is gone");
    }
}
