#include "compare.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

#define ID_DIGITS 8

/* ---- rows */

struct work {
    const uint32_t *a, *b;
    size_t *match;
    uint32_t *left, *right; /* lengths, of one row each */
};

/* score[j]: of a[a0, a1) with b[b0, b0 + j). */
static void forward(const struct work *w, size_t a0, size_t a1, size_t b0, size_t b1,
                    uint32_t *score)
{
    memset(score, 0, (b1 - b0 + 1) * sizeof(*score));
    for (size_t i = a0; i < a1; i++) {
        uint32_t before = 0; /* score[j - 1] of the row above */
        for (size_t j = b0; j < b1; j++) {
            uint32_t above = score[j - b0 + 1];
            uint32_t beside = score[j - b0];
            uint32_t best = above > beside ? above : beside;
            score[j - b0 + 1] = w->a[i] == w->b[j] ? before + 1 : best;
            before = above;
        }
    }
}

/* score[j]: of a[a0, a1) with b[b0 + j, b1). */
static void backward(const struct work *w, size_t a0, size_t a1, size_t b0, size_t b1,
                     uint32_t *score)
{
    memset(score, 0, (b1 - b0 + 1) * sizeof(*score));
    for (size_t i = a1; i > a0; i--) {
        uint32_t before = 0;
        for (size_t j = b1; j > b0; j--) {
            uint32_t below = score[j - 1 - b0];
            uint32_t beside = score[j - b0];
            uint32_t best = below > beside ? below : beside;
            score[j - 1 - b0] = w->a[i - 1] == w->b[j - 1] ? before + 1 : best;
            before = below;
        }
    }
}

static void pair_one(const struct work *w, size_t a, size_t b0, size_t b1)
{
    for (size_t j = b0; j < b1; j++) {
        if (w->b[j] == w->a[a]) {
            w->match[a] = j;
            return;
        }
    }
}

static size_t best_cut(const struct work *w, size_t count)
{
    size_t cut = 0;
    for (size_t j = 0; j <= count; j++) {
        if (w->left[j] + w->right[j] > w->left[cut] + w->right[cut]) {
            cut = j;
        }
    }
    return cut;
}

/* Goes as deep as the logarithm of the row. */
// NOLINTNEXTLINE(misc-no-recursion)
static void between(const struct work *w, size_t a0, size_t a1, size_t b0, size_t b1)
{
    for (; a0 < a1 && b0 < b1 && w->a[a0] == w->b[b0]; a0++, b0++) {
        w->match[a0] = b0;
    }
    for (; a0 < a1 && b0 < b1 && w->a[a1 - 1] == w->b[b1 - 1]; a1--, b1--) {
        w->match[a1 - 1] = b1 - 1;
    }
    if (a0 == a1 || b0 == b1) {
        return;
    }
    if (a1 - a0 == 1) {
        pair_one(w, a0, b0, b1);
        return;
    }
    size_t middle = a0 + (a1 - a0) / 2;
    forward(w, a0, middle, b0, b1, w->left);
    backward(w, middle, a1, b0, b1, w->right);
    size_t cut = b0 + best_cut(w, b1 - b0);
    between(w, a0, middle, b0, cut);
    between(w, middle, a1, cut, b1);
}

void compare(struct row_of a, struct row_of b, size_t *match)
{
    struct work w = {.a = a.key, .b = b.key, .match = match};
    w.left = xcalloc(b.count + 1, sizeof(*w.left));
    w.right = xcalloc(b.count + 1, sizeof(*w.right));
    for (size_t i = 0; i < a.count; i++) {
        match[i] = SIZE_MAX;
    }
    between(&w, 0, a.count, 0, b.count);
    free(w.left);
    free(w.right);
}

/* ---- texts */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* How many characters of an id stand here: hex digits, and the dashes of a UUID. */
static size_t id_length(const char *s)
{
    size_t n = 0;
    size_t digits = 0;
    bool decimal = false;
    while (isxdigit((unsigned char)s[n]) ||
           (n > 0 && s[n] == '-' && isxdigit((unsigned char)s[n + 1]))) {
        digits += s[n] != '-';
        decimal |= isdigit((unsigned char)s[n]) != 0;
        n++;
    }
    return digits >= ID_DIGITS && decimal && !is_word(s[n]) ? n : 0;
}

static size_t folder_length(const char *s, const char *cwd)
{
    size_t n = cwd ? strlen(cwd) : 0;
    return n > 1 && strncmp(s, cwd, n) == 0 && !is_word(s[n]) && s[n] != '-' && s[n] != '.' ? n : 0;
}

/* What stands here, and how many characters it takes. */
struct piece {
    char put;
    size_t length;
};

static struct piece piece_at(const char *s, const char *cwd, char before)
{
    size_t folder = is_word(before) ? 0 : folder_length(s, cwd);
    size_t id = is_word(before) ? 0 : id_length(s);
    if (folder > 0) {
        return (struct piece){'.', folder};
    }
    if (id > 0) {
        return (struct piece){'#', id};
    }
    return (struct piece){*s, 1};
}

void normalise(const char *text, const char *cwd, char *out, size_t cap)
{
    size_t used = 0;
    char before = ' ';
    const char *s = text ? text : "";
    while (*s != '\0' && used + 1 < cap) {
        struct piece p = piece_at(s, cwd, before);
        if (isspace((unsigned char)p.put)) {
            p.put = ' ';
        }
        if (p.put != ' ' || before != ' ') {
            out[used++] = p.put;
        }
        s += p.length;
        before = p.put;
    }
    used -= used > 0 && out[used - 1] == ' ';
    out[used] = '\0';
}
