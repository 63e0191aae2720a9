#include "checkrein/driver.h"

#include "checkrein/alloc.h"
#include "kinds_priv.h"

struct driver {
    const struct driver_ops *ops;
    void *state;
};

static const struct driver_ops *const KINDS[] = {
    &driver_checkrein,
    &driver_codex,
    NULL,
};

const struct driver_ops *const *driver_table(void)
{
    return KINDS;
}

const struct driver_ops *driver_kind(const char *kind)
{
    for (size_t i = 0; KINDS[i]; i++) {
        if (span_is(span_str(kind), KINDS[i]->kind)) {
            return KINDS[i];
        }
    }
    return NULL;
}

enum status driver_open(struct driver **out, const struct driver_ops *ops,
                        const struct driver_conf *c, struct net *n, struct loop *l,
                        struct driver_sink sink, struct why *why)
{
    struct driver *d = xcalloc(1, sizeof(*d));
    d->ops = ops;
    d->state = xcalloc(1, ops->state_bytes);
    enum status st = ops->open(d->state, c, n, l, sink, why);
    if (st != ST_OK) {
        driver_close(d);
        return st;
    }
    *out = d;
    return ST_OK;
}

struct driver_frame frame_shown(const struct driver_sink *sink, struct span frame)
{
    return sink->shown ? sink->shown(sink->shown_ctx, frame) : (struct driver_frame){.text = frame};
}

enum status driver_send(struct driver *d, const struct command *c, struct why *why)
{
    return d->ops->send(d->state, c, why);
}

enum status driver_countersign(struct driver *d, const struct msg_countersign *s)
{
    return d->ops->countersign ? d->ops->countersign(d->state, s) : ST_UNSUPPORTED;
}

enum status driver_feed(struct driver *d, struct span frame)
{
    return d->ops->feed(d->state, frame);
}

void driver_reconnect(struct driver *d)
{
    d->ops->reconnect(d->state);
}

void driver_remember(const struct driver *d, void *memory)
{
    d->ops->remember(d->state, memory);
}

void driver_go_on_from(struct driver *d, const void *memory)
{
    d->ops->go_on_from(d->state, memory);
}

void driver_close(struct driver *d)
{
    if (!d) {
        return;
    }
    d->ops->close(d->state);
    free(d->state);
    free(d);
}
