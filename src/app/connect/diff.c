#include "connect_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/text.h"

#define LINES_MAX 4000
#define CONTEXT   2

struct lines {
    struct span line[LINES_MAX];
    size_t count;
};

static void split(struct span text, struct lines *l)
{
    struct span line;
    l->count = 0;
    while (l->count < LINES_MAX && span_next(&text, '\n', &line)) {
        l->line[l->count++] = line;
    }
    if (l->count && !l->line[l->count - 1].n) {
        l->count--;
    }
}

/* What a token stands behind: in a header, and in the address that Gemini CLI's telemetry goes to.
 */
static bool token_follows(struct span before)
{
    return span_ends(before, "Bearer ") || span_ends(before, "://checkrein:");
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("-._~+/=%", c));
}

/* Also a token of yesterday is nobody's to read. */
static void hide_tokens(struct buf *out, struct span line)
{
    for (size_t i = 0; i < line.n;) {
        buf_addch(out, line.p[i++]);
        if (token_follows(span_sub(line, 0, i))) {
            size_t from = i;
            while (i < line.n && is_token_char(line.p[i])) {
                i++;
            }
            buf_addstr(out, i > from ? "(token)" : "");
        }
    }
}

static void put(char mark, struct span line)
{
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    hide_tokens(&b, line);
    char *plain = xmalloc(b.len * 10 + 16);
    (void)text_plain_of(buf_span(&b), plain, b.len * 10 + 16);
    (void)printf("%c %s\n", mark, plain);
    free(plain);
    buf_release(&b);
}

/* The texts differ in few places: what both ends share is cut off, the rest is one block of
 * changes. */
void diff_print(const char *path, struct span before, struct span after)
{
    struct lines *a = xcalloc(1, sizeof(*a));
    struct lines *b = xcalloc(1, sizeof(*b));
    split(before, a);
    split(after, b);
    size_t head = 0;
    size_t tail = 0;
    while (head < a->count && head < b->count && span_eq(a->line[head], b->line[head])) {
        head++;
    }
    while (tail < a->count - head && tail < b->count - head &&
           span_eq(a->line[a->count - 1 - tail], b->line[b->count - 1 - tail])) {
        tail++;
    }
    (void)printf("--- %s\n+++ %s\n", path, path);
    for (size_t i = head > CONTEXT ? head - CONTEXT : 0; i < head; i++) {
        put(' ', a->line[i]);
    }
    for (size_t i = head; i < a->count - tail; i++) {
        put('-', a->line[i]);
    }
    for (size_t i = head; i < b->count - tail; i++) {
        put('+', b->line[i]);
    }
    for (size_t i = a->count - tail; i < a->count && i < a->count - tail + CONTEXT; i++) {
        put(' ', a->line[i]);
    }
    free(a);
    free(b);
}
