/* lease.c - `checkrein lease`: leases in place of real keys, from a shell. Issuing and listing are
 * asked of the daemon's own socket; what takes something away is an operator's command like any
 * other.
 */
#include "app_priv.h"

#include <stdlib.h>

#include "checkrein/alloc.h"
#include "checkrein/event.h"
#include "checkrein/num.h"
#include "checkrein/text.h"
#include "checkrein/wire.h"

#define ANSWER_BYTES  ((size_t)8 << 20)
#define ANSWER_TOKENS 65536
#define LIST_WORDS    8

struct choices {
    const char *config, *json, *upstream, *agent, *scopes, *expires, *parent, *like, *reason, *wait;
};

#define AT(member) offsetof(struct choices, member)
/* clang-format off */
const struct option_row OPTIONS_LEASE[] = {
    {"config", "FILE", "read this file", AT(config)},
    {"json", NULL, "one JSON object a line", AT(json)},
    {"upstream", "NAME", "issue: of which [upstream NAME]", AT(upstream)},
    {"agent", "AGENT", "issue: for whom, an agent's id or any name", AT(agent)},
    {"scopes", "SCOPES", "issue: methods=, paths=, models= with commas and *, rate= a minute; all unless given", AT(scopes)},
    {"expires", "TIME", "issue: good for this long, such as 8h; 24h unless given", AT(expires)},
    {"parent", "ID", "issue: out of this lease, and no further than that", AT(parent)},
    {"like", "ID", "issue: another one on the terms of this lease, for the same --agent", AT(like)},
    {"reason", "TEXT", "kept in the record, and told to who is refused", AT(reason)},
    {"wait", "TIME", "for the outcome; 15s unless given", AT(wait)},
    {0},
};
/* clang-format on */

/* ---- asking the daemon */

struct talk {
    struct conf conf;
    char *socket;
    struct buf answer, text;
    struct tape_token *tokens;
    struct tape json;
};

static void talk_release(struct talk *t)
{
    buf_wipe(&t->answer);
    buf_wipe(&t->text);
    free(t->tokens);
    free(t->socket);
    conf_release(&t->conf);
}

static struct span text_at(struct talk *t, uint32_t of, const char *key)
{
    return tape_string(&t->json, tape_get(&t->json, of, key), &t->text);
}

static enum status ask(struct talk *t, const char *url, struct span body, struct why *why)
{
    static const char *const HEADERS[] = {"Content-Type: application/json", NULL};
    struct question q = {
        .url = url, .unix_path = t->socket, .method = "POST", .headers = HEADERS, .body = body};
    int status = ask_http(&q, &t->answer, why);
    if (status == 0) {
        why_prefix(why, "no daemon answers on %s", t->socket);
        return ST_CLOSED;
    }
    if (tape_parse(&t->json, buf_span(&t->answer), TAPE_STRICT, t->tokens, ANSWER_TOKENS) !=
        ST_OK) {
        return why_fail(why, ST_INVALID, "the daemon's answer cannot be read");
    }
    struct span error = text_at(t, TAPE_ROOT, "error");
    return status == 200
               ? ST_OK
               : why_fail(why, ST_DENIED, "%.*s",
                          SPAN_ARG(error.n ? error : SPAN("the daemon knows of no leases")));
}

static enum status talk_open(struct talk *t, const struct choices *ch, struct why *why)
{
    *t = (struct talk){0};
    buf_init(&t->answer, ANSWER_BYTES);
    buf_init(&t->text, ANSWER_BYTES);
    (void)buf_reserve(&t->text, ANSWER_BYTES); /* it must not move while spans point into it */
    t->tokens = xcalloc(ANSWER_TOKENS, sizeof(*t->tokens));
    enum status st = config_load(&t->conf, ch->config, why);
    if (st == ST_OK) {
        t->socket = path_chosen(NULL, t->conf.serve.socket, path_runtime("checkrein.sock"));
        st = socket_is_ours(t->socket, why);
    }
    return st;
}

/* ---- issue */

static void put(struct buf *b, const char *key, const char *value)
{
    if (value) {
        buf_printf(b, ",\"%s\":", key);
        (void)tape_quote(b, span_str(value));
    }
}

/* ---- issued again: never by itself, and only by who says for whom */

struct terms {
    char upstream[80], agent[280], scopes[1024], parent[80];
};

static enum status terms_take(struct talk *t, uint32_t at, struct terms *out, struct why *why)
{
    const struct {
        const char *key;
        char *text;
        size_t bytes;
    } TEXTS[] = {
        {"upstream", out->upstream, sizeof(out->upstream)},
        {"agent",    out->agent,    sizeof(out->agent)   },
        {"scopes",   out->scopes,   sizeof(out->scopes)  },
        {"parent",   out->parent,   sizeof(out->parent)  },
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        struct span s = text_at(t, at, TEXTS[i].key);
        if (!span_copy(s, TEXTS[i].text, TEXTS[i].bytes)) {
            return why_fail(why, ST_LIMIT, "its %s is too long to be taken over", TEXTS[i].key);
        }
    }
    return ST_OK;
}

static enum status terms_of(struct talk *t, const char *id, struct terms *out, struct why *why)
{
    enum status st = ask(t, "http://localhost/lease/list", SPAN("{}"), why);
    uint32_t list = st == ST_OK ? tape_get(&t->json, TAPE_ROOT, "leases") : TAPE_ABSENT;
    for (uint32_t at = st == ST_OK ? tape_first(&t->json, list) : TAPE_ABSENT; at != TAPE_ABSENT;
         at = tape_next(&t->json, list, at)) {
        buf_clear(&t->text);
        if (span_is(text_at(t, at, "id"), id)) {
            return terms_take(t, at, out, why);
        }
    }
    return st == ST_OK ? why_fail(why, ST_DENIED, "no lease %s is listed", id) : st;
}

/* What was said goes before what is taken over. Its holder has to be named: that is what arms it.
 */
static enum status take_over(struct talk *t, struct choices *ch, struct terms *terms,
                             struct why *why)
{
    enum status st = terms_of(t, ch->like, terms, why);
    if (st != ST_OK) {
        return st;
    }
    if (strcmp(ch->agent, terms->agent) != 0) {
        return why_fail(why, ST_DENIED, "that lease is of %s: --agent has to name it",
                        terms->agent);
    }
    ch->upstream = ch->upstream ? ch->upstream : terms->upstream;
    ch->scopes = ch->scopes ? ch->scopes : terms->scopes;
    ch->parent = ch->parent || !terms->parent[0] ? ch->parent : terms->parent;
    return ST_OK;
}

static enum status lease_issue(struct talk *t, const char *id, const struct choices *given,
                               struct why *why)
{
    struct choices said = *given;
    struct choices *ch = &said;
    struct terms terms = {0};
    struct buf body;
    int64_t lasts_ms = INT64_C(24) * 3600 * 1000;
    (void)id;
    if (!ch->agent || (!ch->upstream && !ch->like)) {
        return why_fail(why, ST_INVALID, "--agent is needed, and --upstream or --like");
    }
    if (ch->expires &&
        (num_parse_duration_ms(span_str(ch->expires), &lasts_ms) != ST_OK || lasts_ms <= 0)) {
        return why_fail(why, ST_INVALID, "--expires: a duration such as 8h");
    }
    enum status st = ch->like ? take_over(t, ch, &terms, why) : ST_OK;
    if (st != ST_OK) {
        return st;
    }
    buf_init(&body, 8192);
    buf_printf(&body, "{\"lasts_ms\":%lld", (long long)lasts_ms);
    put(&body, "upstream", ch->upstream);
    put(&body, "agent", ch->agent);
    put(&body, "scopes", ch->scopes);
    put(&body, "parent", ch->parent);
    buf_addch(&body, '}');
    buf_clear(&t->text);
    st = buf_status(&body) == ST_OK ? ask(t, "http://localhost/lease/issue", buf_span(&body), why)
                                    : why_fail(why, ST_LIMIT, "the options are too long");
    buf_release(&body);
    if (st == ST_OK && ch->json) {
        (void)printf("%.*s\n", SPAN_ARG(buf_span(&t->answer)));
    } else if (st == ST_OK) {
        (void)printf("%.*s\n", SPAN_ARG(text_at(t, TAPE_ROOT, "token")));
        (void)fprintf(
            stderr, "lease %.*s for %.*s; this is the only time that the token is shown\n",
            SPAN_ARG(text_at(t, TAPE_ROOT, "id")), SPAN_ARG(text_at(t, TAPE_ROOT, "url")));
    }
    return st;
}

/* ---- list */

static void print_lease(struct talk *t, uint32_t at)
{
    static const struct {
        const char *key;
        int cols;
    } COLUMNS[LIST_WORDS] = {
        {"id",       26},
        {"state",    8 },
        {"upstream", 12},
        {"agent",    32},
        {"expires",  24},
        {"scopes",   1 },
    };
    char plain[512];
    for (size_t i = 0; i < LIST_WORDS && COLUMNS[i].key; i++) {
        (void)text_plain_of(text_at(t, at, COLUMNS[i].key), plain, sizeof(plain));
        (void)printf("%-*s ", COLUMNS[i].cols, plain[0] ? plain : "-");
    }
    int64_t uses = 0;
    int64_t waiting = 0;
    (void)!tape_int(&t->json, tape_get(&t->json, at, "uses"), &uses);
    (void)!tape_int(&t->json, tape_get(&t->json, at, "waiting"), &waiting);
    (void)printf("%lld used, %lld waiting\n", (long long)uses, (long long)waiting);
}

static enum status lease_list(struct talk *t, const char *id, const struct choices *ch,
                              struct why *why)
{
    (void)id;
    enum status st = ask(t, "http://localhost/lease/list", SPAN("{}"), why);
    if (st != ST_OK) {
        return st;
    }
    uint32_t list = tape_get(&t->json, TAPE_ROOT, "leases");
    for (uint32_t at = tape_first(&t->json, list); at != TAPE_ABSENT;
         at = tape_next(&t->json, list, at)) {
        buf_clear(&t->text);
        if (ch->json) {
            (void)printf("%.*s\n", SPAN_ARG(tape_raw(&t->json, at)));
        } else {
            print_lease(t, at);
        }
    }
    return ST_OK;
}

/* ---- the subcommand */

static const struct deed {
    const char *word, *scope;
    /* Or a verb. */
    enum status (*run)(struct talk *t, const char *id, const struct choices *ch, struct why *why);
    enum verb verb;
    int operands; /* after the word */
} DEEDS[] = {
    {"issue",  NULL,    lease_issue, VERB_UNKNOWN, 0},
    {"list",   NULL,    lease_list,  VERB_UNKNOWN, 0},
    {"revoke", NULL,    NULL,        VERB_REVOKE,  1},
    {"hold",   NULL,    NULL,        VERB_PAUSE,   1},
    {"choke",  "choke", NULL,        VERB_PAUSE,   1},
    {"resume", NULL,    NULL,        VERB_RESUME,  1},
};

static const struct deed *deed_of(const struct args *a)
{
    for (size_t i = 0; a->argc > 0 && i < ARRAY_LEN(DEEDS); i++) {
        if (strcmp(a->argv[0], DEEDS[i].word) == 0 && a->argc == DEEDS[i].operands + 1) {
            return &DEEDS[i];
        }
    }
    return NULL;
}

static int ask_for(const struct deed *deed, const char *id, const struct choices *ch)
{
    struct talk t;
    struct why why = {0};
    enum status st = talk_open(&t, ch, &why);
    if (st == ST_OK) {
        st = deed->run(&t, id, ch, &why);
    }
    talk_release(&t);
    return st == ST_OK ? EXIT_DONE
                       : app_trouble(&why, st == ST_DENIED ? EXIT_REFUSED : EXIT_TROUBLE);
}

int cmd_lease(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    const struct deed *deed = st == ST_OK ? deed_of(a) : NULL;
    if (!deed) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    if (deed->run) {
        return ask_for(deed, a->argv[1], &ch);
    }
    return verb_on_credential(&(struct credential_act){.verb = deed->verb,
                                                       .credential = a->argv[1],
                                                       .scope = deed->scope,
                                                       .config = ch.config,
                                                       .reason = ch.reason,
                                                       .wait = ch.wait,
                                                       .json = ch.json});
}
