#include "connect_priv.h"

#include "checkrein/alloc.h"

#define PATH_PARTS_MAX 4
#define PATH_BYTES     128

enum status splice_read(struct span text, struct tape *j, struct tape_token *tokens,
                        struct why *why)
{
    if (tape_parse(j, text, TAPE_STRICT, tokens, SETTINGS_TOKENS) != ST_OK) {
        return why_fail(why, ST_INVALID, "not JSON that can be edited safely: %s at byte %u",
                        j->error ? j->error : "broken", j->error_at);
    }
    return tape_type(j, TAPE_ROOT) == TAPE_OBJECT ? ST_OK
                                                  : why_fail(why, ST_INVALID, "not a JSON object");
}

/* Key token of a member, TAPE_ABSENT when there is none; a key may be written with escapes. */
static uint32_t key_of(const struct tape *j, uint32_t object, struct span name)
{
    char text[PATH_BYTES];
    (void)span_copy(name, text, sizeof(text));
    uint32_t at = tape_first(j, object);
    while (at != TAPE_ABSENT && !tape_key_is(j, at, text)) {
        at = tape_next(j, object, at);
    }
    return at;
}

static size_t offset_in(struct span text, const char *p)
{
    return (size_t)(p - text.p);
}

static void indent(struct buf *out, size_t depth)
{
    buf_addch(out, '\n');
    for (size_t i = 0; i < depth; i++) {
        buf_addstr(out, "  ");
    }
}

/* `"a": {"b": VALUE}` for the rest of a path that is not there yet. */
static void write_new(struct buf *out, const struct span *parts, size_t count, size_t depth,
                      struct span value)
{
    for (size_t i = 0; i < count; i++) {
        tape_quote(out, parts[i]);
        buf_addstr(out, ": ");
        if (i + 1 < count) {
            buf_addch(out, '{');
            indent(out, depth + i + 1);
        }
    }
    buf_add(out, value);
    for (size_t i = count; i > 1; i--) {
        indent(out, depth + i - 2);
        buf_addch(out, '}');
    }
}

static void cut(struct buf *out, struct span old, size_t from, size_t to, const struct buf *middle)
{
    buf_add(out, span_sub(old, 0, from));
    if (middle) {
        buf_add(out, buf_span(middle));
    }
    buf_add(out, span_sub(old, to, old.n - to));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Behind the last member, before what blanks follow it: so taking it out again leaves the same. */
static void insert(struct buf *out, struct span old, const struct tape *j, uint32_t object,
                   const struct span *parts, size_t count, size_t depth, struct span value)
{
    struct span raw = tape_raw(j, object);
    size_t end = offset_in(old, raw.p) + raw.n - 1; /* the closing brace */
    size_t last = end;
    bool is_empty = tape_first(j, object) == TAPE_ABSENT;
    while (last > 0 && is_blank(old.p[last - 1])) {
        last--;
    }
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    buf_addstr(&b, is_empty ? "" : ",");
    indent(&b, depth + 1);
    write_new(&b, parts, count, depth + 1, value);
    if (is_empty) {
        indent(&b, depth);
    }
    cut(out, old, last, is_empty ? end : last, &b);
    buf_release(&b);
}

/* Takes the member out with the comma that goes with it. */
static void take_out(struct buf *out, struct span old, const struct tape *j, uint32_t object,
                     uint32_t key)
{
    struct span value = tape_raw(j, key + 1);
    size_t from = offset_in(old, tape_raw(j, key).p);
    size_t to = offset_in(old, value.p) + value.n;
    uint32_t next = tape_next(j, object, key);
    if (next != TAPE_ABSENT) {
        to = offset_in(old, tape_raw(j, next).p);
    } else {
        while (from > 0 && old.p[from - 1] != ',' && old.p[from - 1] != '{') {
            from--;
        }
        bool is_only = from > 0 && old.p[from - 1] == '{';
        from -= from > 0 && !is_only;
        while (is_only && to < old.n && is_blank(old.p[to])) {
            to++;
        }
    }
    cut(out, old, from, to, NULL);
}

static void replace(struct buf *out, struct span old, const struct tape *j, uint32_t key,
                    struct span value)
{
    struct span raw = tape_raw(j, key + 1);
    size_t from = offset_in(old, raw.p);
    struct buf b;
    buf_init(&b, SETTINGS_BYTES);
    buf_add(&b, value);
    cut(out, old, from, from + raw.n, &b);
    buf_release(&b);
}

static size_t split(const char *path, struct span parts[PATH_PARTS_MAX])
{
    struct span rest = span_str(path);
    size_t count = 0;
    while (count < PATH_PARTS_MAX && span_next(&rest, '/', &parts[count])) {
        count++;
    }
    return count;
}

static enum status edit(struct span old, const struct tape *j, const struct span *parts,
                        size_t count, struct span value, struct buf *out, struct why *why)
{
    uint32_t object = TAPE_ROOT;
    uint32_t key = TAPE_ABSENT;
    size_t depth = 0;
    for (; depth < count; depth++) {
        key = key_of(j, object, parts[depth]);
        if (key == TAPE_ABSENT || depth + 1 == count) {
            break;
        }
        if (tape_type(j, key + 1) != TAPE_OBJECT) {
            return why_fail(why, ST_INVALID, "\"%.*s\" is not an object", SPAN_ARG(parts[depth]));
        }
        object = key + 1;
    }
    if (key == TAPE_ABSENT && value.n) {
        insert(out, old, j, object, parts + depth, count - depth, depth, value);
    } else if (key == TAPE_ABSENT) {
        buf_add(out, old);
    } else if (value.n) {
        replace(out, old, j, key, value);
    } else {
        take_out(out, old, j, object, key);
    }
    return buf_status(out) == ST_OK ? ST_OK : why_fail(why, ST_LIMIT, "the settings are too large");
}

/* After the only member of an object was taken out, the object goes too. */
static enum status drop_if_empty(struct buf *out, struct span parent, struct tape_token *tokens,
                                 struct why *why)
{
    struct tape j;
    enum status st = splice_read(buf_span(out), &j, tokens, why);
    uint32_t key = st == ST_OK ? key_of(&j, TAPE_ROOT, parent) : TAPE_ABSENT;
    if (key == TAPE_ABSENT || tape_type(&j, key + 1) != TAPE_OBJECT ||
        tape_first(&j, key + 1) != TAPE_ABSENT) {
        return st;
    }
    struct buf next;
    buf_init(&next, SETTINGS_BYTES);
    take_out(&next, buf_span(out), &j, TAPE_ROOT, key);
    buf_clear(out);
    buf_add(out, buf_span(&next));
    buf_release(&next);
    return ST_OK;
}

enum status splice_member(struct span old, const char *path, struct span value, struct buf *out,
                          struct why *why)
{
    struct span parts[PATH_PARTS_MAX];
    size_t count = split(path, parts);
    struct tape_token *tokens = xcalloc(SETTINGS_TOKENS, sizeof(*tokens));
    struct tape j;
    buf_clear(out);
    enum status st = splice_read(old, &j, tokens, why);
    if (st == ST_OK) {
        st = edit(old, &j, parts, count, value, out, why);
    }
    if (st == ST_OK && !value.n && count > 1) {
        st = drop_if_empty(out, parts[0], tokens, why);
    }
    free(tokens);
    return st;
}
