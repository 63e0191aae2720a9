#include "codex_priv.h"

#include "checkrein/clock.h"

#define OUTPUT_EVERY_US 1000000

typedef void note_fn(struct codex *c, struct codex_thread *t, uint32_t params);

static void on_started(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)t;
    struct codex_thread *began = thread_take(c, codex_at(c, params, "thread"));
    if (began) {
        began->began_here = true;
        thread_attach(c, began);
    }
}

static void on_status(struct codex *c, struct codex_thread *t, uint32_t params)
{
    thread_status(c, t, codex_at(c, params, "status"));
}

static void on_archived(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)params;
    thread_state(c, t, AGENT_STOPPED, "archived: unloaded, its commands and its helpers ended");
}

static void read_again(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)params;
    codex_ask_about(c, CALL_READ, t);
}

static void on_deleted(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)params;
    thread_state(c, t, AGENT_STOPPED, "deleted, its history too");
}

static void on_turn_started(struct codex *c, struct codex_thread *t, uint32_t params)
{
    thread_turn_began(c, t, codex_text(c, params, "turn/id"));
}

static void on_turn_completed(struct codex *c, struct codex_thread *t, uint32_t params)
{
    thread_turn_ended(c, t, codex_at(c, params, "turn"));
}

static void on_item_started(struct codex *c, struct codex_thread *t, uint32_t params)
{
    turn_titled(c, t, codex_at(c, params, "item"));
    item_began(c, t, codex_at(c, params, "item"));
}

static void on_item_completed(struct codex *c, struct codex_thread *t, uint32_t params)
{
    item_ended(c, t, codex_at(c, params, "item"));
}

static void on_usage(struct codex *c, struct codex_thread *t, uint32_t params)
{
    spend_take(c, t, params);
    orders_model_went_on(c, t);
}

static void on_limits(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)t;
    limits_take(c, codex_at(c, params, "rateLimits"));
}

static void on_account(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)t;
    account_take(c, codex_text(c, params, "authMode"));
}

static void on_settings(struct codex *c, struct codex_thread *t, uint32_t params)
{
    rights_take(c, t, codex_at(c, params, "threadSettings"));
}

static void on_resolved(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)t;
    ask_resolved(c, params);
}

static void on_warning(struct codex *c, struct codex_thread *t, uint32_t params)
{
    struct span summary = codex_text(c, params, "summary");
    codex_signal(c, t, SEVERITY_LOW, summary.n ? summary : codex_text(c, params, "message"));
}

static void on_quiet(struct codex *c, struct codex_thread *t, uint32_t params)
{
    (void)c;
    (void)t;
    (void)params;
}

enum about {
    ABOUT_SERVER,
    ABOUT_THREAD,
    REPEATED, /* at the end of its item: not wanted */
};

/* What is not here is counted, and its thread's next word shows what came of it. */
static const struct note {
    const char *method;
    enum about about;
    note_fn *take;
} NOTES[] = {
    {"thread/started",                        ABOUT_SERVER, on_started       },
    {"thread/status/changed",                 ABOUT_THREAD, on_status        },
    {"thread/archived",                       ABOUT_THREAD, on_archived      },
    {"thread/unarchived",                     ABOUT_THREAD, read_again       },
    {"thread/deleted",                        ABOUT_THREAD, on_deleted       },
    {"thread/settings/updated",               ABOUT_THREAD, on_settings      },
    {"thread/tokenUsage/updated",             ABOUT_THREAD, on_usage         },
    {"turn/started",                          ABOUT_THREAD, on_turn_started  },
    {"turn/completed",                        ABOUT_THREAD, on_turn_completed},
    {"item/started",                          ABOUT_THREAD, on_item_started  },
    {"item/completed",                        ABOUT_THREAD, on_item_completed},
    {"item/commandExecution/outputDelta",     ABOUT_THREAD, item_output      },
    {"item/fileChange/patchUpdated",          ABOUT_THREAD, item_patched     },
    {"serverRequest/resolved",                ABOUT_SERVER, on_resolved      },
    {"error",                                 ABOUT_THREAD, failure_take     },
    {"account/updated",                       ABOUT_SERVER, on_account       },
    {"account/rateLimits/updated",            ABOUT_SERVER, on_limits        },
    {"configWarning",                         ABOUT_SERVER, on_warning       },
    {"guardianWarning",                       ABOUT_THREAD, on_warning       },
    {"warning",                               ABOUT_SERVER, on_warning       },
    {"turn/plan/updated",                     ABOUT_SERVER, on_quiet         },
    {"thread/readState/changed",              ABOUT_SERVER, on_quiet         },
    {"thread/goal/cleared",                   ABOUT_SERVER, on_quiet         },
    {"thread/name/updated",                   ABOUT_THREAD, read_again       },
    {"remoteControl/status/changed",          ABOUT_SERVER, on_quiet         },
    {"deprecationNotice",                     ABOUT_SERVER, on_quiet         },
    {"mcpServer/startupStatus/updated",       ABOUT_SERVER, on_quiet         },
    {"hook/started",                          ABOUT_SERVER, on_quiet         },
    {"hook/completed",                        ABOUT_SERVER, on_quiet         },
    {"item/agentMessage/delta",               REPEATED,     on_quiet         },
    {"item/plan/delta",                       REPEATED,     on_quiet         },
    {"item/reasoning/summaryTextDelta",       REPEATED,     on_quiet         },
    {"item/reasoning/summaryPartAdded",       REPEATED,     on_quiet         },
    {"item/reasoning/textDelta",              REPEATED,     on_quiet         },
    {"item/fileChange/outputDelta",           REPEATED,     on_quiet         },
    {"item/mcpToolCall/progress",             REPEATED,     on_quiet         },
    {"turn/diff/updated",                     REPEATED,     on_quiet         },
    {"thread/realtime/outputAudio/delta",     REPEATED,     on_quiet         },
    {"thread/realtime/transcript/delta",      REPEATED,     on_quiet         },
    {"thread/realtime/item/transcript/delta", REPEATED,     on_quiet         },
};

static const struct note *find(struct span method)
{
    for (size_t i = 0; i < ARRAY_LEN(NOTES); i++) {
        if (span_is(method, NOTES[i].method)) {
            return &NOTES[i];
        }
    }
    return NULL;
}

void note_take(struct codex *c, struct span method, uint32_t params)
{
    const struct note *n = find(method);
    if (!n) {
        c->unknown++;
    } else if (n->about != ABOUT_THREAD) {
        n->take(c, NULL, params);
    } else {
        struct codex_thread *t = thread_meet(c, codex_text(c, params, "threadId"));
        if (t && !t->hidden) {
            n->take(c, t, params);
        }
    }
}

void notes_unwanted(struct buf *out)
{
    const char *before = "[";
    for (size_t i = 0; i < ARRAY_LEN(NOTES); i++) {
        if (NOTES[i].about == REPEATED) {
            buf_printf(out, "%s\"%s\"", before, NOTES[i].method);
            before = ",";
        }
    }
    buf_addch(out, ']');
}

/* Of what a command prints it is told now and then that it does. What was recorded of it is told
 * again. */
static bool is_too_soon(struct codex *c, uint32_t params)
{
    struct codex_thread *t = thread_find(c, codex_text(c, params, "threadId"));
    int64_t now = clock_mono_us();
    if (!t || !c->link.loop) {
        return false;
    }
    if (item_is_open(t, codex_text(c, params, "itemId")) && now - t->output_us >= OUTPUT_EVERY_US) {
        t->output_us = now;
        return false;
    }
    return true;
}

bool note_passes(struct codex *c, struct span method, uint32_t params)
{
    const struct note *n = find(method);
    bool asks = codex_at(c, TAPE_ROOT, "id") != TAPE_ABSENT;
    return n && !asks &&
           (n->about == REPEATED || (n->take == item_output && is_too_soon(c, params)));
}
