#include <string.h>

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"
#include "codex_priv.h"

#define TOKENS_FIRST ((size_t)1 << 14)
#define TOKENS_MOST  ((size_t)1 << 21)

/* Nothing else is ever sent but answers to requests: whoever may send any method has a shell on
 * that machine. */
static const struct {
    const char *name, *word;
} METHODS[CODEX_METHODS] = {
    [CALL_INITIALIZE] = {"initialize",                       "hello"    },
    [CALL_LOADED_LIST] = {"thread/loaded/list",               "list"     },
    [CALL_READ] = {"thread/read",                      "read"     },
    [CALL_RESUME] = {"thread/resume",                    "attach"   },
    [CALL_ACCOUNT] = {"account/read",                     "account"  },
    [CALL_DIAGNOSTICS] = {"server/diagnostics",               "process"  },
    [CALL_INTERRUPT] = {"turn/interrupt",                   "interrupt"},
    [CALL_TERMINALS] = {"thread/backgroundTerminals/list",  "commands" },
    [CALL_CLEAN] = {"thread/backgroundTerminals/clean", "clean"    },
    [CALL_ARCHIVE] = {"thread/archive",                   "archive"  },
    [CALL_LOGOUT] = {"account/logout",                   "logout"   },
    [CALL_STEER] = {"turn/steer",                       "steer"    },
    [CALL_TURN] = {"turn/start",                       "say"      },
    [CALL_SETTINGS] = {"thread/settings/update",           "settings" },
    [CALL_TURN_SETTINGS] = {"turn/settings/update",             "reviewer" },
};

const char *codex_method_name(enum codex_method m)
{
    return METHODS[m].name;
}

/* ---- out */

static enum status send_out(struct codex *c)
{
    enum status st = buf_status(&c->out);
    return st == ST_OK ? wslink_send(&c->link, buf_span(&c->out)) : st;
}

enum status codex_call(struct codex *c, enum codex_method m, struct span about, struct span params)
{
    buf_clear(&c->out);
    buf_printf(&c->out, "{\"id\":\"%s:%.*s\",\"method\":\"%s\",\"params\":{", METHODS[m].word,
               SPAN_ARG(about), METHODS[m].name);
    buf_add(&c->out, params);
    buf_addstr(&c->out, "}}");
    return send_out(c);
}

void codex_ask_with(struct codex *c, enum codex_method m, const struct codex_thread *t,
                    struct span more)
{
    struct buf params;
    buf_init(&params, CODEX_ID_BYTES * 8);
    buf_printf(&params, "\"threadId\":\"%s\"%s", t->id, more.n ? "," : "");
    buf_add(&params, more);
    if (codex_call(c, m, span_str(t->id), buf_span(&params)) != ST_OK) {
        wslink_break(&c->link, 1013);
    }
    buf_release(&params);
}

void codex_ask_about(struct codex *c, enum codex_method m, const struct codex_thread *t)
{
    codex_ask_with(c, m, t, SPAN_NONE);
}

enum status codex_notify_initialized(struct codex *c)
{
    buf_clear(&c->out);
    buf_addstr(&c->out, "{\"method\":\"initialized\"}");
    return send_out(c);
}

enum status codex_answer(struct codex *c, const char *id, struct span result)
{
    buf_clear(&c->out);
    buf_printf(&c->out, "{\"id\":%s,\"result\":", id);
    buf_add(&c->out, result);
    buf_addch(&c->out, '}');
    enum status st = send_out(c);
    wipe(c->out.data, c->out.len); /* an answer may be secret */
    return st;
}

/* ---- in */

enum status codex_parse(struct codex *c, struct span frame)
{
    enum status st;
    texts_clear(&c->texts);
    for (;;) {
        if (!c->tokens) {
            c->tokens = xreallocarray(NULL, c->token_cap = TOKENS_FIRST, sizeof(*c->tokens));
        }
        st = tape_parse(&c->j, frame, TAPE_REPAIR, c->tokens, (uint32_t)c->token_cap);
        if (st != ST_LIMIT || c->token_cap >= TOKENS_MOST || c->token_cap > frame.n) {
            break; /* it is no lack of tokens: every value has a byte */
        }
        c->tokens = xreallocarray(c->tokens, c->token_cap *= 4, sizeof(*c->tokens));
    }
    return st == ST_OK && tape_type(&c->j, TAPE_ROOT) != TAPE_OBJECT ? ST_INVALID : st;
}

bool codex_response(struct codex *c, enum codex_method *m, struct span *about)
{
    struct span id = codex_text(c, TAPE_ROOT, "id");
    size_t colon = span_find(id, ':');
    for (uint32_t i = 0; colon < id.n && i < CODEX_METHODS; i++) {
        if (span_is(span_sub(id, 0, colon), METHODS[i].word)) {
            *m = (enum codex_method)i;
            *about = span_sub(id, colon + 1, id.n);
            return true;
        }
    }
    return false;
}

uint32_t codex_at(const struct codex *c, uint32_t object, const char *path)
{
    return tape_path(&c->j, object, path);
}

int64_t codex_number(const struct codex *c, uint32_t object, const char *path, int64_t otherwise)
{
    int64_t n = 0;
    bool told = tape_int(&c->j, codex_at(c, object, path), &n) == ST_OK && n >= -EVENT_INT_MAX &&
                n <= EVENT_INT_MAX;
    return told ? n : otherwise;
}

struct span codex_cut(struct span s, size_t bytes)
{
    if (s.n <= bytes) {
        return s;
    }
    while (bytes > 0 && ((unsigned char)s.p[bytes] & 0xC0) == 0x80) {
        bytes--;
    }
    return span_sub(s, 0, bytes);
}
