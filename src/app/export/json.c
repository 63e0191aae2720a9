#include "export_priv.h"

#include "checkrein/codec.h"

json_t *event_json(const struct event *ev)
{
    struct buf text;
    json_t *o = NULL;
    buf_init(&text, CODEC_RECORD_BYTES);
    if (codec_write_event(&text, ev) == ST_OK) {
        o = json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL);
    }
    buf_release(&text);
    return o;
}

static int add(const char *bytes, size_t n, void *text)
{
    return buf_append(text, bytes, n) == ST_OK ? 0 : -1;
}

enum status put_json_line(struct buf *out, json_t *value)
{
    struct buf text;
    enum status st = ST_LIMIT;
    buf_init(&text, EXPORT_TEXT_BYTES);
    if (value && json_dump_callback(value, add, &text, JSON_COMPACT) == 0) {
        st = ascii_json(out, buf_span(&text));
        buf_addch(out, '\n');
    }
    buf_release(&text);
    json_decref(value);
    return st == ST_OK ? buf_status(out) : st;
}

void json_put_text(json_t *o, const char *name, struct span s)
{
    json_t *text = s.n ? json_stringn(s.p, s.n) : NULL;
    if (text) {
        (void)json_object_set_new(o, name, text);
    }
}

void json_put_number(json_t *o, const char *name, int64_t n)
{
    (void)json_object_set_new(o, name, json_integer(n));
}
