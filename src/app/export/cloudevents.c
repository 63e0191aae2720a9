/* cloudevents.c - CloudEvents 1.0, structured mode, one JSON object a line. What checkrein.v1 adds
 * has the types and names that the specification leaves to extensions: an Integer has 32 bits
 * there, so numbers of records are text. */
#include "export_priv.h"

#include <string.h>

#include "checkrein/num.h"
#include "checkrein/text.h"

#define PLAIN_BYTES 9216 /* CODEC_NAME_BYTES, spelt out */

static void put_plain_text(json_t *o, const char *name, struct span s)
{
    char plain[PLAIN_BYTES];
    json_put_text(o, name, (struct span){plain, text_plain_of(s, plain, sizeof(plain))});
}

static void put_text_number(json_t *o, const char *name, uint64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    json_put_text(o, name, span_str(text));
}

/* A URI reference: what cannot stand in one is escaped. */
static void put_source(json_t *o, struct span source)
{
    static const char FINE[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "-._~:/?@!$&'()*+,;=";
    struct buf uri;
    buf_init(&uri, 3 * source.n + 1);
    for (size_t i = 0; i < source.n; i++) {
        char c = source.p[i];
        if (c != '\0' && strchr(FINE, c)) {
            buf_addch(&uri, c);
        } else {
            buf_printf(&uri, "%%%02X", (unsigned char)c);
        }
    }
    json_put_text(o, "source", buf_span(&uri));
    buf_release(&uri);
}

enum status cloudevents_item(struct buf *out, const struct export_item *it)
{
    char when[TIME_TEXT_BYTES];
    const struct event *ev = it->ev;
    json_t *o = event_json(ev);
    if (!o) {
        return ST_INVALID;
    }
    put_plain_text(o, "id", ev->id);
    put_source(o, ev->source);
    if (ev->raw_type.n) {
        put_plain_text(o, "type", ev->raw_type);
    }
    put_plain_text(o, "subject", ev->subject);
    (void)json_object_set_new(o, "datacontenttype", json_string("application/json"));
    if (json_object_del(o, "seq") == 0) {
        put_text_number(o, "sequence", ev->seq);
    }
    put_plain_text(o, "backend", it->backend);
    put_text_number(o, "record", it->n);
    time_format(it->time_us, when);
    json_put_text(o, "recordtime", span_str(when));
    return put_json_line(out, o);
}
