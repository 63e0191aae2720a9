/* The one pass over hostile bytes; linear in their number whatever they are. */
#include "text_priv.h"

#define TAB_COLS 8

struct scan {
    struct text_sink *out;
    struct text_scan_options options;
    struct text_run run;
    struct text_word word;
    uint32_t base;       /* the character that a mark would sit on; 0 for none */
    uint32_t marks;      /* how many sit on it */
    uint32_t line_start; /* column where the line started, for TAB */
    uint32_t replaced;
    bool foreign;
};

static void refuse(struct scan *s, enum text_run_kind kind, uint32_t cp)
{
    text_run_add(&s->run, kind, cp, s->out);
    text_word_char(&s->word, 0);
    s->base = 0;
    if (s->replaced < UINT32_MAX) {
        s->replaced++;
    }
}

static void take_ascii(struct scan *s, const char *p, size_t n)
{
    text_run_flush(&s->run, s->out);
    text_sink_ascii(s->out, p, n);
    text_word_ascii(&s->word, p, n);
    s->base = p[n - 1] == ' ' ? 0 : (uint32_t)p[n - 1];
    s->marks = 0;
}

static void take_line_feed(struct scan *s)
{
    text_run_flush(&s->run, s->out);
    text_sink_put(s->out, "\n", 1, 1);
    text_word_char(&s->word, 0);
    s->line_start = s->out->cols;
    s->base = 0;
}

static void take_tab(struct scan *s)
{
    text_run_flush(&s->run, s->out);
    uint32_t column = (s->out->cols - s->line_start) % TAB_COLS;
    text_sink_put(s->out, "        ", TAB_COLS - column, TAB_COLS - column);
    text_word_char(&s->word, 0);
    s->base = 0;
}

static bool is_hangul(uint32_t cp)
{
    return (cp >= 0x1100 && cp <= 0x115E) || (cp >= 0xA960 && cp <= 0xA97C) ||
           (cp >= 0xAC00 && cp <= 0xD7A3);
}

static bool mark_fits(const struct scan *s, uint32_t prop)
{
    if (s->options.ascii || s->base == 0 || s->marks >= TEXT_MARKS_MAX) {
        return false;
    }
    return (prop & PROP_JAMO) == 0 || is_hangul(s->base);
}

static void take_mark(struct scan *s, uint32_t cp, uint32_t prop, struct span bytes)
{
    if (!mark_fits(s, prop)) {
        refuse(s, RUN_MARKS, cp);
        return;
    }
    text_sink_put(s->out, bytes.p, bytes.n, 0);
    text_word_char(&s->word, prop);
    s->foreign = s->foreign || text_is_odd_mark(s->base, cp) || (prop & PROP_FOREIGN) != 0;
    s->marks++;
}

static void take_char(struct scan *s, uint32_t cp, struct span bytes)
{
    uint32_t prop = text_prop(cp);
    if ((prop & PROP_MARK) != 0) {
        take_mark(s, cp, prop, bytes);
        return;
    }
    if (prop == 0 || s->options.ascii) {
        refuse(s, RUN_CHAR, cp);
        return;
    }
    text_run_flush(&s->run, s->out);
    text_sink_put(s->out, bytes.p, bytes.n, prop & PROP_WIDTH);
    text_word_char(&s->word, prop);
    s->foreign = s->foreign || (prop & PROP_FOREIGN) != 0;
    s->base = cp;
    s->marks = 0;
}

static void take_control(struct scan *s, char c)
{
    if (s->options.lines == TEXT_MANY && c == '\n') {
        take_line_feed(s);
    } else if (s->options.lines == TEXT_MANY && c == '\t') {
        take_tab(s);
    } else {
        refuse(s, RUN_CHAR, (uint32_t)c);
    }
}

static size_t printable_run(const char *p, size_t n)
{
    size_t length = 0;
    while (length < n && text_is_printable_ascii(p[length])) {
        length++;
    }
    return length;
}

/* Takes what stands at p: a run of printable ASCII, one character, or one bad byte. */
static size_t take(struct scan *s, const char *p, size_t n)
{
    size_t length = printable_run(p, n);
    if (length > 0) {
        take_ascii(s, p, length);
        return length;
    }
    uint32_t cp = 0;
    length = text_utf8(p, n, &cp);
    if (length == 0) {
        refuse(s, RUN_BYTE, (unsigned char)*p);
        return 1;
    }
    if (length == 1) {
        take_control(s, *p);
    } else {
        take_char(s, cp, (struct span){p, length});
    }
    return length;
}

void text_scan(struct span hostile, struct text_scan_options options, struct text_sink *out,
               struct safe *safe)
{
    struct scan s = {.out = out, .options = options, .run = {.kind = RUN_NONE}};
    for (size_t at = 0; at < hostile.n && !out->full;) {
        at += take(&s, hostile.p + at, hostile.n - at);
    }
    text_run_flush(&s.run, out);
    safe->cols = out->cols;
    safe->replaced = s.replaced;
    safe->foreign = s.foreign || s.word.mixed;
}
