/* Finds words that mix scripts. */
#include "text_priv.h"

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_alpha(c) || (c >= '0' && c <= '9');
}

static void word_end(struct text_word *w)
{
    *w = (struct text_word){.mixed = w->mixed};
}

static void word_script(struct text_word *w, uint32_t script)
{
    if (script == SCRIPT_LATIN) {
        w->latin = true;
    } else if (script == SCRIPT_CJK) {
        w->cjk = true;
    } else if (script != 0) {
        w->mixed = w->mixed || (w->other != 0 && w->other != script);
        w->other = (uint8_t)script;
    }
    w->mixed = w->mixed || (w->other != 0 && (w->latin || w->cjk));
}

void text_word_char(struct text_word *w, uint32_t prop)
{
    if ((prop & PROP_WORD) == 0) {
        word_end(w);
    } else {
        word_script(w, prop >> PROP_SCRIPT_SHIFT);
    }
}

void text_word_ascii(struct text_word *w, const char *p, size_t n)
{
    size_t head = 0;
    bool alpha = false;
    for (; head < n && is_word(p[head]); head++) {
        alpha = alpha || is_alpha(p[head]);
    }
    word_script(w, alpha ? SCRIPT_LATIN : 0);
    if (head == n) {
        return;
    }
    word_end(w);
    for (size_t i = n; i > head && is_word(p[i - 1]); i--) {
        w->latin = w->latin || is_alpha(p[i - 1]);
    }
}
