/* rights.c - what a thread may do unasked, what the server's login is, and which reins there are.
 */
#include "codex_priv.h"

#include <string.h>

#include "checkrein/alloc.h"

/* ---- reins and what they do not reach: the same for every thread, so constants */

#define TEXT(s) SPAN_INIT(s)

static const struct event_row REINS[] = {
    {{TEXT("withhold"), TEXT("true"), TEXT("the request is still pending"),
      TEXT("only what it asks for")}},
    {{TEXT("interrupt"), TEXT("true"), TEXT("the turn ended and the server lists no command of it"),
      TEXT("")}},
    {{TEXT("stop"), TEXT("true"),
      TEXT("every turn of its tree ended, and the server lists no command"),
      TEXT("interrupts each and ends its commands; the thread stays")}},
    {{TEXT("kill"), TEXT("true"), TEXT("the server says archived"),
      TEXT("its helpers too; its history stays, and its client can take it out again")}},
    {{TEXT("tighten"), TEXT("false"),
      TEXT("the server says that its policy is `untrusted`, and a person reviews"),
      TEXT("from its next turn on; who reviews, at once")}},
    {{TEXT("revoke"), TEXT("false"), TEXT("the server says that nobody is logged in"),
      TEXT("all threads of this server; not a key in its environment")}},
    {{TEXT("message"), TEXT("false"), TEXT("the server took it"),
      TEXT("into the running turn, or as a new one")}},
};

static const struct event_row LIMITS[] = {
    {{TEXT("its sandbox and policy"), TEXT("what they allow is not asked about")}},
    {{TEXT("other clients"),
      TEXT("any client of this server can answer, run commands and change its settings")}},
    {{TEXT("auto review"), TEXT("while a model reviews, no request reaches anybody")}},
    {{TEXT("a fleet stop"), TEXT("is held by this console: another one has to be told")}},
};

static const struct event_row FREEZE = {
    {TEXT("freeze"), TEXT("true"), TEXT("ALL threads: each process of its server is seen stopped"),
     TEXT("ALL threads of this server stand still")}
};

_Static_assert(ARRAY_LEN(REINS) < CODEX_REINS && ARRAY_LEN(LIMITS) < CODEX_REINS, "no room");

/* The server's process decides about one of them. */
void reins_put(struct codex *c, struct event *ev)
{
    struct event_row *reins = c->reins; /* the event borrows them */
    struct event_row *limits = c->limits;
    bool can = c->process.pid != 0;
    bool cannot = !can && c->process.words[0];
    memcpy(reins, REINS, sizeof(REINS));
    memcpy(limits, LIMITS, sizeof(LIMITS));
    reins[ARRAY_LEN(REINS)] = FREEZE;
    limits[ARRAY_LEN(LIMITS)] = (struct event_row){
        {SPAN("no freeze"), span_str(c->process.words)}
    };
    event_set_list(ev, F_REINS, reins, ARRAY_LEN(REINS) + can);
    event_set_list(ev, F_GATE_LIMITS, limits, ARRAY_LEN(LIMITS) + cannot);
}

/* ---- policy and sandbox */

struct rights {
    char mode[96], network[16], sandbox[192];
    bool asks_all;
    struct event_row grants[EVENT_LIST_ROWS];
    uint32_t count;
};

/* A word, or {"granular":{…}}. */
static void take_policy(struct codex *c, struct rights *r, uint32_t settings)
{
    struct span policy = codex_text(c, settings, "approvalPolicy");
    struct span reviewer = codex_text(c, settings, "approvalsReviewer");
    bool user = !reviewer.n || span_is(reviewer, "user");
    r->asks_all = user && span_is(policy, "untrusted");
    (void)snprintf(r->mode, sizeof(r->mode), "%.*s%s%.*s",
                   SPAN_ARG(policy.n ? policy : SPAN("granular")), user ? "" : ", reviewed by ",
                   SPAN_ARG(user ? SPAN_NONE : codex_cut(reviewer, 40)));
}

static void add_grant(struct rights *r, struct span resource, struct span actions)
{
    if (r->count < EVENT_LIST_ROWS) {
        r->grants[r->count++] = (struct event_row){
            {resource, actions, SPAN("its sandbox"), SPAN_NONE}
        };
    }
}

static uint32_t sandbox_of(const struct codex *c, uint32_t settings)
{
    uint32_t at = codex_at(c, settings, "sandbox");
    return at != TAPE_ABSENT ? at : codex_at(c, settings, "sandboxPolicy");
}

static struct span take_sandbox(struct codex *c, struct rights *r, uint32_t sandbox,
                                struct span cwd)
{
    struct span type = codex_text(c, sandbox, "type");
    uint32_t roots = codex_at(c, sandbox, "writableRoots");
    bool network =
        tape_bool(&c->j, codex_at(c, sandbox, "networkAccess"), span_is(type, "dangerFullAccess"));
    (void)snprintf(r->network, sizeof(r->network), "%s", network ? "open" : "none");
    if (span_is(type, "dangerFullAccess")) {
        add_grant(r, SPAN("everything"), SPAN("read write"));
    } else if (span_is(type, "workspaceWrite")) {
        add_grant(r, cwd, SPAN("write"));
    }
    for (uint32_t at = tape_first(&c->j, roots); at != TAPE_ABSENT;
         at = tape_next(&c->j, roots, at)) {
        add_grant(r, codex_string(c, at), SPAN("write"));
    }
    return type;
}

/* The sandbox, and the named profile that it comes of. */
static void put_sandbox(struct codex *c, struct rights *r, uint32_t settings, struct span type)
{
    struct span profile = codex_text(c, settings, "activePermissionProfile/id");
    struct span parent = codex_text(c, settings, "activePermissionProfile/extends");
    (void)snprintf(r->sandbox, sizeof(r->sandbox), "%.*s%s%.*s%s%.*s",
                   SPAN_ARG(codex_cut(type, 40)), profile.n ? " by profile " : "",
                   SPAN_ARG(codex_cut(profile, 50)), parent.n ? ", of " : "",
                   SPAN_ARG(codex_cut(parent, 50)));
}

void rights_take(struct codex *c, struct codex_thread *t, uint32_t settings)
{
    struct rights *r = xcalloc(1, sizeof(*r));
    struct event ev;
    take_policy(c, r, settings);
    struct span type = take_sandbox(c, r, sandbox_of(c, settings), span_str(t->cwd));
    codex_begin(c, &ev, EVENT_AGENT_UPDATED, t);
    event_set_text(&ev, F_PERMISSION_MODE, span_str(r->mode));
    put_sandbox(c, r, settings, type);
    event_put_text(&ev, F_PERMISSION_SANDBOX, span_str(r->sandbox));
    event_put_text(&ev, F_PERMISSION_NETWORK, span_str(r->network));
    event_set_list(&ev, F_GRANTS, r->grants, r->count);
    t->asks_all = r->asks_all;
    thread_keep(&t->model, codex_text(c, settings, "model"));
    event_put_text(&ev, F_MODEL, span_str(t->model));
    event_put_text(&ev, F_PROVIDER, codex_text(c, settings, "modelProvider"));
    thread_show(c, t);
    codex_emit(c, &ev);
    free(r);
}

/* ---- the login of the server: one for all of its threads */

static void say_login(struct codex *c, const struct codex_thread *t)
{
    struct event ev;
    struct event_row row = {
        {SPAN("account"), span_str(c->account), SPAN("openai"), SPAN("every thread of this server"),
         SPAN_NONE, SPAN("yes")}
    };
    codex_begin(c, &ev, EVENT_AGENT_UPDATED, t);
    event_set_list(&ev, F_CREDENTIALS, &row, c->account[0] ? 1 : 0);
    codex_emit(c, &ev);
}

void account_take(struct codex *c, struct span kind)
{
    if (!span_copy(kind, c->account, sizeof(c->account))) {
        c->account[0] = '\0';
    }
    for (size_t i = 0; i < c->thread_count; i++) {
        if (c->threads[i]->shown) {
            say_login(c, c->threads[i]);
        }
    }
}
