/* text_priv.h - what the files of text share. */
#ifndef CHECKREIN_TEXT_PRIV_H
#define CHECKREIN_TEXT_PRIV_H

#include "checkrein/text.h"

/* A character's properties in the generated table; 0 is not fit to show. Above PROP_SCRIPT_SHIFT
 * stands the script: 0 for those shared by all. */
enum {
    PROP_WIDTH = 3,
    PROP_MARK = 4,     /* combines with the character before */
    PROP_WORD = 8,     /* letter, mark or number */
    PROP_FOREIGN = 16, /* looks like ASCII, or runs right to left */
    PROP_JAMO = 32,    /* a mark on Hangul only */
    PROP_SCRIPT_SHIFT = 8
};
enum { SCRIPT_LATIN = 1, SCRIPT_CJK = 2 };

uint32_t text_prop(uint32_t cp);

/* Where sanitised bytes go. A piece goes in whole or sets `full`, after which nothing goes in. */
struct text_sink {
    char *p;
    size_t cap;
    size_t n;
    uint32_t cols;
    bool plain; /* leaves TEXT_MARK_ESC out */
    bool full;
};

void text_sink_put(struct text_sink *out, const char *p, size_t n, uint32_t cols);
/* As much of a run of printable ASCII as fits. */
void text_sink_ascii(struct text_sink *out, const char *p, size_t n);
/* A piece of a replacement: each character gets its TEXT_MARK_ESC. ASCII or "…" and "×" only. */
void text_sink_mark(struct text_sink *out, const char *p, size_t n);

/* What is not fit to show, gathered while the same follows the same. */
enum text_run_kind { RUN_NONE, RUN_BYTE, RUN_CHAR, RUN_MARKS };
struct text_run {
    enum text_run_kind kind;
    bool various; /* RUN_MARKS of more than one kind */
    uint32_t cp;  /* the first */
    uint32_t count;
};

void text_run_add(struct text_run *run, enum text_run_kind kind, uint32_t cp,
                  struct text_sink *out);
void text_run_flush(struct text_run *run, struct text_sink *out);

/* Which scripts the word under way has. */
struct text_word {
    bool latin;
    bool cjk;
    uint8_t other;
    bool mixed; /* some word mixed scripts; never goes back */
};

void text_word_char(struct text_word *w, uint32_t prop);
void text_word_ascii(struct text_word *w, const char *p, size_t n);

/* The scan behind the door: fills the sink and everything of `safe` but p and n. */
struct text_scan_options {
    enum text_lines lines;
    bool ascii;
};
void text_scan(struct span hostile, struct text_scan_options options, struct text_sink *out,
               struct safe *safe);

/* Accents are what marks on ASCII are for; any other may draw nothing in a terminal's font. */
static inline bool text_is_odd_mark(uint32_t base, uint32_t mark)
{
    return base < 0x80 && (mark < 0x300 || mark > 0x36F);
}

/* One byte a cell: no mark, nothing wide, nothing outside ASCII. */
static inline bool text_is_simple(struct safe s)
{
    return s.n == s.cols;
}

static inline bool text_is_printable_ascii(char c)
{
    return c >= 0x20 && c <= 0x7E;
}

#endif
