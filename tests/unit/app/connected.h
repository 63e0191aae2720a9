/* connected.h - a runtime's settings with our hooks, and without them again. */
#ifndef CONNECTED_H
#define CONNECTED_H

#include "connect/connect_priv.h"

#include "json_same.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static inline struct buf connected(const char *runtime, struct span old,
                                   const struct claude_gate *g)
{
    struct buf out;
    struct why why = {0};
    buf_init(&out, SETTINGS_BYTES);
    assert_status(connector_find(runtime)->add(old, g, &out, &why), ST_OK);
    return out;
}

static inline struct buf disconnected(const char *runtime, struct span old)
{
    struct buf out;
    struct why why = {0};
    buf_init(&out, SETTINGS_BYTES);
    assert_status(connector_find(runtime)->remove(old, &out, &why), ST_OK);
    return out;
}

/* They are not connected, and it is said why. */
static inline void assert_left_alone(const char *runtime, const char *old,
                                     const struct claude_gate *g)
{
    struct buf out;
    struct why why = {0};
    buf_init(&out, SETTINGS_BYTES);
    assert_status(connector_find(runtime)->add(span_str(old), g, &out, &why), ST_INVALID);
    assert_true(why.text[0] != '\0');
    assert_int_equal(out.len, 0);
    buf_release(&out);
}

/* Raw text of what stands at the path in `text`, into `out`. */
static inline void at_path(struct span text, const char *path, char *out, size_t bytes)
{
    struct json j;
    json_open(&j, text);
    assert_true(span_copy(tape_raw(&j.tape, tape_path(&j.tape, TAPE_ROOT, path)), out, bytes));
    json_close(&j);
}

#endif
