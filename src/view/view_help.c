/* The keys, from the table and as they are bound now: on the screen and as text. */
#include "checkrein/buf.h"
#include "frame_priv.h"

#define KEY_COLS  14
#define NAME_COLS 14

static const char *const context_titles[CONTEXT_COUNT] = {
    [CTX_GLOBAL] = "everywhere",     [CTX_LIST] = "in a list",      [CTX_AGENT] = "agent",
    [CTX_DIALOG] = "in an approval", [CTX_PROMPT] = "while typing", [CTX_HELP] = "here",
    [CTX_STOP] = "fleet stop",       [CTX_REPLAY] = "in a replay",
};

/* Keys that no action has. */
static const struct {
    enum context context;
    const char *keys, *name, *help;
} fixed[] = {
    {CTX_PROMPT, "enter esc",     "", "do it, or leave it"                                     },
    {CTX_PROMPT, "tab",           "", "complete (command line)"                                },
    {CTX_PROMPT, "up down",       "", "earlier lines"                                          },
    {CTX_PROMPT, "ctrl-u ctrl-w", "", "erase the line, the word"                               },
    {CTX_STOP,   "S",             "", "within 3 s after the key of stop-all: every agent stops"},
};

typedef void line_fn(void *ctx, const char *keys, const char *name, const char *help);

static void walk_actions(const struct ui *ui, enum context context, line_fn *each, void *ctx)
{
    for (unsigned a = 0; a < ACTION_COUNT; a++) {
        const struct action_info *info = action_info((enum action)a);
        char keys[128];
        if (info->context == context) {
            (void)keymap_keys(&ui->keymap, (uint16_t)context, (uint16_t)a, keys, sizeof(keys));
            each(ctx, keys, info->name, info->help);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        if (fixed[i].context == context) {
            each(ctx, fixed[i].keys, fixed[i].name, fixed[i].help);
        }
    }
}

/* A title is a line without a name and keys. */
static void walk(const struct ui *ui, line_fn *each, void *ctx)
{
    static const enum context order[] = {CTX_LIST,   CTX_DIALOG, CTX_GLOBAL,
                                         CTX_PROMPT, CTX_STOP,   CTX_REPLAY};
    size_t last = ARRAY_LEN(order) - 1;
    if (ui->options.replay) { /* first what is special here */
        each(ctx, "", "", context_titles[order[last]]);
        walk_actions(ui, order[last], each, ctx);
    }
    for (size_t i = 0; i < (ui->options.replay ? last : ARRAY_LEN(order)); i++) {
        each(ctx, "", "", context_titles[order[i]]);
        walk_actions(ui, order[i], each, ctx);
    }
}

struct drawing {
    struct frame *fr;
    struct rect area;
    int y, lines;
    const char *search;
};

static bool is_wanted(const struct drawing *d, const char *keys, const char *name, const char *help)
{
    struct span part = span_str(d->search);
    bool title = keys[0] == '\0' && name[0] == '\0';
    if (part.n == 0) {
        return true;
    }
    return !title && (filter_finds(span_str(keys), part) || filter_finds(span_str(name), part) ||
                      filter_finds(span_str(help), part));
}

static void draw_line(void *ctx, const char *keys, const char *name, const char *help)
{
    struct drawing *d = ctx;
    struct frame *fr = d->fr;
    bool title = keys[0] == '\0' && name[0] == '\0';
    if (!is_wanted(d, keys, name, help)) {
        return;
    }
    d->y += title && d->lines > 0;
    d->lines += title && d->lines > 0;
    if (title) {
        canvas_put(fr->c, d->area.x, d->y, ROLE_TITLE, text_own(help));
    } else {
        int x = canvas_field(fr->c, d->area.x, d->y, KEY_COLS, ROLE_KEY,
                             text_fmt(fr->arena, "%s", keys));
        x = canvas_field(fr->c, x + 1, d->y, NAME_COLS, ROLE_LABEL, text_own(name));
        canvas_put(fr->c, x + 1, d->y, ROLE_TEXT, text_own(help));
    }
    d->y++;
    d->lines++;
}

void help_draw(struct frame *fr, struct rect r)
{
    struct help *h = &fr->ui->help;
    struct rect inner = {r.x + 1, r.y + 1, r.w - 2, r.h - 1};
    struct words right = words_of(fr);
    canvas_fill(fr->c, r, ROLE_TEXT, ' ');
    if (h->search[0] != '\0') {
        words_own(&right, "with \"");
        words_foreign(&right, span_str(h->search), 30);
        words_own(&right, "\"");
    } else {
        words_own(&right, "every key is a : command");
    }
    rule_draw(fr, (struct rect){r.x, r.y, r.w, 1}, ROLE_TITLE, text_own("keys"), words_end(&right));
    struct rect saved = canvas_clip(fr->c, inner);
    struct drawing d = {.fr = fr, .area = inner, .y = inner.y - h->top, .search = h->search};
    walk(fr->ui, draw_line, &d);
    canvas_unclip(fr->c, saved);
    h->lines = d.lines;
    h->height = inner.h;
}

void help_key(struct press *k, enum action a)
{
    struct help *h = &k->ui->help;
    int page = h->height > 1 ? h->height - 1 : 1;
    int most = h->lines > h->height ? h->lines - h->height : 0;
    int top = h->top;
    switch ((int)a) {
    case ACT_DOWN:
    case ACT_UP:
        top += a == ACT_DOWN ? 1 : -1;
        break;
    case ACT_PAGE_DOWN:
    case ACT_PAGE_UP:
        top += a == ACT_PAGE_DOWN ? page : -page;
        break;
    case ACT_FIRST:
    case ACT_LAST:
        top = a == ACT_LAST ? most : 0;
        break;
    case ACT_FILTER:
        prompt_open(k, PROMPT_HELP, (struct target){0, 0});
        break;
    case ACT_BACK:
    case ACT_HELP:
        h->open = false;
        break;
    default:
        action_do(k, a);
        break;
    }
    h->top = top > most ? most : top < 0 ? 0 : top;
}

static void add_line(void *ctx, const char *keys, const char *name, const char *help)
{
    struct buf *out = ctx;
    if (keys[0] == '\0' && name[0] == '\0') {
        buf_printf(out, "%s%s\n", out->len > 0 ? "\n" : "", help);
    } else {
        buf_printf(out, "  %-*s %-*s %s\n", KEY_COLS, keys, NAME_COLS, name, help);
    }
}

enum status view_keys_text(const struct ui *ui, struct buf *out)
{
    walk(ui, add_line, out);
    return buf_status(out);
}
