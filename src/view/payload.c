#include "payload_priv.h"

#include <stdlib.h>
#include <string.h>

#include "checkrein/alloc.h"

/* A broken byte is shown as \x{ff}, and each character of that has its mark. */
#define ARENA_PER_BYTE 12
#define ARENA_EXTRA    ((size_t)64 * 1024)
#define KEY_COLS_MAX   24
#define GAP_COLS       2
#define INDENT_COLS    2
#define ROW_COLS_MIN   8

struct loader {
    struct payload *p;
    char *scratch; /* as long as the text */
    struct word_pick pick;
};

static struct payload_field *add_field(struct payload *p)
{
    if (p->field_count == PAYLOAD_FIELDS) {
        return NULL;
    }
    GROW(p->fields, p->field_cap, (size_t)p->field_count + 1);
    struct payload_field *field = &p->fields[p->field_count++];
    *field = (struct payload_field){.key = text_own(""), .value = text_own("")};
    return field;
}

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '-' && c != '.' && c != '$') {
            return false;
        }
    }
    return s.n > 0;
}

/* A name that is not plain stands in its quotes, with its escapes. */
static struct safe label_of(struct payload *p, const struct payload_item *item)
{
    struct span quoted = {item->key.p - 1, item->key.n + 2};
    struct safe name =
        text_sanitise(&p->arena, is_name(item->key) ? item->key : quoted, TEXT_ONE_LINE);
    if (!item->is_element) {
        return name;
    }
    const struct safe parts[] = {name, text_fmt(&p->arena, "[%u]", item->index)};
    return text_join(&p->arena, parts, ARRAY_LEN(parts));
}

static bool is_string(struct span s)
{
    return s.n > 2 && s.p[0] == '"';
}

static bool load_item(void *ctx, const struct payload_item *item)
{
    struct loader *l = ctx;
    struct payload_field *field = add_field(l->p);
    if (field == NULL) {
        return false;
    }
    field->key = label_of(l->p, item);
    field->depth = item->depth;
    struct span said = item->text;
    size_t n = 0;
    field->bare = !is_string(said) || !payload_unescape(said, l->scratch, &n);
    if (!field->bare) {
        said = (struct span){l->scratch, n};
    }
    field->value = text_sanitise(&l->p->arena, said, TEXT_MANY);
    word_offer(&l->pick, item->key, said);
    return !l->p->arena.full;
}

static void begin(struct payload *p, bool ascii)
{
    text_arena_reset(&p->arena);
    p->arena.ascii = ascii;
    p->field_count = p->row_count = 0;
    p->cols = 0;
    p->raw = false;
    p->word[0] = '\0';
}

static void load_raw(struct payload *p, struct span action)
{
    begin(p, p->arena.ascii);
    p->raw = true;
    struct payload_field *field = add_field(p);
    field->value = text_sanitise(&p->arena, action, TEXT_MANY);
    field->bare = true;
    word_longest(action, p->word);
}

static void count_hidden(struct payload *p)
{
    p->replaced = 0;
    p->foreign = false;
    for (uint32_t i = 0; i < p->field_count; i++) {
        const struct payload_field *field = &p->fields[i];
        p->replaced += field->key.replaced + field->value.replaced;
        p->foreign = p->foreign || field->key.foreign || field->value.foreign;
    }
}

static void make_room(struct payload *p, size_t text_bytes)
{
    size_t most = text_bytes < ACTION_BYTES_MAX ? text_bytes : ACTION_BYTES_MAX;
    size_t need = most * ARENA_PER_BYTE + ARENA_EXTRA;
    if (p->arena.cap < need) {
        free(p->block);
        p->block = xmalloc(need);
        text_arena_init(&p->arena, p->block, need);
    }
}

void payload_load(struct payload *p, struct span action, bool ascii)
{
    make_room(p, action.n);
    begin(p, ascii);
    p->bytes = action.n;
    struct loader l = {.p = p, .scratch = xmalloc(action.n + 1)};
    if (payload_walk(action, load_item, &l)) {
        memcpy(p->word, l.pick.word, sizeof(p->word));
    } else {
        load_raw(p, action);
    }
    free(l.scratch);
    p->whole = action.n > 0 && !p->arena.full;
    count_hidden(p);
}

static int64_t key_cols(const struct payload_field *field)
{
    return (int64_t)field->key.cols + (int64_t)field->depth * INDENT_COLS;
}

static int key_width(const struct payload *p, int cols)
{
    int limit = cols / 3 < KEY_COLS_MAX ? cols / 3 : KEY_COLS_MAX;
    int widest = 0;
    for (uint32_t i = 0; i < p->field_count; i++) {
        int64_t width = key_cols(&p->fields[i]);
        if (width <= limit && width > widest) {
            widest = (int)width;
        }
    }
    return widest;
}

static void add_row(struct payload *p, uint32_t field, enum payload_part part, struct safe text)
{
    if (p->row_count == PAYLOAD_ROWS) {
        p->whole = false;
        return;
    }
    GROW(p->rows, p->row_cap, (size_t)p->row_count + 1);
    p->rows[p->row_count++] = (struct payload_row){.text = text, .field = field, .part = part};
}

static uint32_t row_cols(int cols)
{
    return cols > ROW_COLS_MIN ? (uint32_t)cols : ROW_COLS_MIN;
}

static bool key_fits(const struct payload *p, const struct payload_field *field)
{
    return key_cols(field) <= p->key_cols;
}

static int value_x(const struct payload *p)
{
    return p->raw ? GAP_COLS : p->key_cols + GAP_COLS;
}

static void wrap_value(struct payload *p, uint32_t at, bool has_key)
{
    struct safe rest = p->fields[at].value;
    bool ends_line = rest.n > 0 && rest.p[rest.n - 1] == '\n';
    enum payload_part part = has_key ? PAYLOAD_PAIR : PAYLOAD_VALUE;
    uint32_t cols = row_cols(p->cols - value_x(p));
    if (rest.n == 0 && has_key) {
        add_row(p, at, part, rest);
    }
    for (struct safe row; text_row(&rest, cols, &row); part = PAYLOAD_VALUE) {
        add_row(p, at, part, row);
    }
    if (ends_line) {
        add_row(p, at, PAYLOAD_VALUE, rest);
    }
}

void payload_wrap(struct payload *p, int cols)
{
    p->cols = cols;
    p->row_count = 0;
    p->key_cols = key_width(p, cols);
    for (uint32_t i = 0; i < p->field_count; i++) {
        const struct payload_field *field = &p->fields[i];
        bool fits = key_fits(p, field);
        if (!fits) {
            struct safe rest = field->key;
            for (struct safe row;
                 text_row(&rest, row_cols(cols - INDENT_COLS * PAYLOAD_DEPTH), &row);) {
                add_row(p, i, PAYLOAD_KEY, row);
            }
        }
        wrap_value(p, i, fits);
    }
    size_t words = p->row_count / 64 + 1;
    GROW(p->seen, p->seen_cap, words);
    memset(p->seen, 0, words * sizeof(*p->seen));
    p->seen_count = 0;
}

static bool is_seen(const struct payload *p, uint32_t row)
{
    return (p->seen[row / 64] >> row % 64 & 1u) != 0;
}

void payload_saw(struct payload *p, uint32_t top, int rows)
{
    for (uint32_t i = top; i < p->row_count && rows > 0; i++, rows--) {
        p->seen_count += !is_seen(p, i);
        p->seen[i / 64] |= UINT64_C(1) << i % 64;
    }
}

void payload_forget(struct payload *p)
{
    p->cols = 0;
}

bool payload_end_seen(const struct payload *p)
{
    return p->row_count > 0 && p->cols > 0 && is_seen(p, p->row_count - 1);
}

void payload_release(struct payload *p)
{
    free(p->block);
    free(p->fields);
    free(p->rows);
    free(p->seen);
    *p = (struct payload){0};
}

/* The row at `at` goes on in the next one without a line feed. */
static bool is_wrapped(const struct payload *p, uint32_t at)
{
    const struct payload_row *row = &p->rows[at];
    const struct payload_row *next = row + 1;
    return at + 1 < p->row_count && row->part != PAYLOAD_KEY && next->field == row->field &&
           row->text.p + row->text.n == next->text.p;
}

/* Blanks at the end of a row can push what follows out of sight: they are shown, but for the one at
 * which a row was wrapped. */
static void draw_end(const struct payload *p, struct canvas *c, int x, int y, uint32_t at)
{
    struct safe text = p->rows[at].text;
    uint32_t blanks = 0;
    while (blanks < text.n && text.p[text.n - 1 - blanks] == ' ') {
        blanks++;
    }
    for (uint32_t i = blanks == 1 && is_wrapped(p, at) ? 1 : 0; i < blanks; i++) {
        canvas_put(c, --x, y, ROLE_DIM, text_own("\u00b7"));
    }
}

static void draw_row(const struct payload *p, struct canvas *c, int x, int y, uint32_t at)
{
    const struct payload_row *row = &p->rows[at];
    const struct payload_field *field = &p->fields[row->field];
    int indent = INDENT_COLS * field->depth;
    if (row->part == PAYLOAD_KEY) {
        canvas_put(c, x + indent, y, ROLE_LABEL, row->text);
        return;
    }
    if (row->part == PAYLOAD_PAIR) {
        canvas_put(c, x + indent, y, ROLE_LABEL, field->key);
    }
    x += value_x(p);
    if (at > 0 && is_wrapped(p, at - 1)) {
        canvas_put(c, x - GAP_COLS, y, ROLE_FRAME, text_own("\u25b8"));
    }
    draw_end(p, c, canvas_put(c, x, y, ROLE_PAYLOAD, row->text), y, at);
}

int payload_draw(const struct payload *p, struct canvas *c, struct rect area, uint32_t top)
{
    struct rect saved = canvas_clip(c, area);
    int drawn = 0;
    while (drawn < area.h && top + (uint32_t)drawn < p->row_count) {
        draw_row(p, c, area.x, area.y + drawn, top + (uint32_t)drawn);
        drawn++;
    }
    canvas_unclip(c, saved);
    return drawn;
}
