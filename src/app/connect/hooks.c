#include "connect_priv.h"

#define GROUP_BYTES 65536

void hooks_write_command(struct buf *out, const struct settings_kind *k,
                         const struct claude_gate *g, enum hook_role role)
{
    struct buf line;
    buf_init(&line, 16384);
    struct hook_command c = {.kind = k,
                             .role = role,
                             .self = g->self,
                             .socket_path = g->socket_path,
                             .version = g->version};
    hook_command_write(&line, &c);
    buf_addstr(out, "{\"type\": \"command\", \"command\": ");
    tape_quote(out, buf_span(&line));
    buf_printf(out, ", \"timeout\": %d, \"%s\": \"" OUR_MARK "\"", k->terms[role].timeout,
               k->mark_key);
    for (const char *const *name = k->cleared; *name; name++) {
        buf_printf(out, "%s\"%s\": \"\"%s", name == k->cleared ? ", \"env\": {" : ", ", *name,
                   name[1] ? "" : "}");
    }
    buf_addch(out, '}');
    buf_release(&line);
}

enum status hooks_set(struct edit *e, const struct settings_kind *k, const struct claude_gate *g,
                      hook_writer *write)
{
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < k->hook_count; i++) {
        struct buf ours;
        buf_init(&ours, GROUP_BYTES);
        buf_printf(&ours, "%s\"hooks\": [", k->terms[k->hooks[i].role].group);
        write(&ours, g, k->hooks[i].role);
        buf_addstr(&ours, "]}");
        st = edit_hook(e, k->hooks[i].event, &ours);
        buf_release(&ours);
    }
    return st;
}

enum status hooks_remove(struct edit *e, const struct settings_kind *k)
{
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < k->hook_count; i++) {
        st = edit_hook(e, k->hooks[i].event, NULL);
    }
    return st;
}
