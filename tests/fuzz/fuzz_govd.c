/* What agents and their exporters send to the daemon: hooks' bodies and telemetry, one behind the
 * other.
 *
 * Each line is a body: its first byte chooses the room, the rest is what comes in there. A daemon
 * of its own, with a price for what the seeds use, sees the lines of one input. Whatever comes: a
 * hook is answered or held, never both and never neither; what is answered is JSON; who hangs up is
 * held no more; and the record does not fail.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/govd/calls_priv.h"
#include "../../src/govd/hooks_priv.h"
#include "checkrein/conf.h"

#define BODIES_MAX 64
#define FIRST_ID   ((net_id)1 << 40) /* of no connection that there is */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "fuzz_govd: %s\n", what);
        abort();
    }
}

static const struct {
    const char *path;
    void (*enter)(struct govd *g, net_id http, const struct http_head *head, struct span body);
} ROOMS[] = {
    {"/hook/claude", hook_receive},
    {"/hook/gemini", hook_receive},
    {"/v1/logs",     otlp_receive},
    {"/v1/metrics",  otlp_receive},
    {"/v1/traces",   otlp_receive},
};

static const char RULES[] = "[rule 1 \"reads\"]\ntool = Read\nverdict = allow\n"
                            "[rule 2 \"no\"]\ntool = WebFetch\nverdict = deny\n";
static const char PRICES[] =
    "[price flash]\nmodel = gemini-*\nfrom = 2026-01-01\ninput = 0.10\noutput = 0.40\nsource = none\n";

/* ---- a folder of its own, in memory where there is one */

static char folder[64];

static char *in_folder(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return xstrdup(path);
}

static void put(const char *name, const char *text)
{
    char *path = in_folder(name);
    FILE *f = fopen(path, "w");
    demand(f && fputs(text, f) >= 0 && fclose(f) == 0, "no room for a file");
    free(path);
}

static int unlink_one(const char *path, const struct stat *sb, int kind, struct FTW *at)
{
    (void)sb;
    (void)kind;
    (void)at;
    return remove(path);
}

static void enter_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "%s/cr-fuzz-govd-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    demand(mkdtemp(folder) != NULL, "no folder");
    put("policy.ini", RULES);
    put("prices.ini", PRICES);
}

/* ---- a daemon */

struct world {
    struct loop *loop;
    struct net *net;
    struct conf conf;
    struct govd *g;
    net_id next;
};

static void world_open(struct world *w)
{
    struct why why = {0};
    enter_folder();
    *w = (struct world){.next = FIRST_ID};
    conf_defaults(&w->conf);
    struct govd_options o = {.conf = &w->conf,
                             .socket_path = in_folder("cr.sock"),
                             .token_path = in_folder("token"),
                             .policy_path = in_folder("policy.ini"),
                             .prices_path = in_folder("prices.ini"),
                             .issuers_path = in_folder("issuers.ini"),
                             .journal_dir = in_folder("record"),
                             .tokens_path = in_folder("tokens"),
                             .host = "fuzz"};
    bool open = loop_new(&w->loop, &why) == ST_OK && net_new(&w->net, w->loop, &why) == ST_OK &&
                govd_start(&w->g, w->loop, w->net, &o, &why) == ST_OK;
    if (!open) {
        (void)fprintf(stderr, "%s\n", why.text);
    }
    demand(open, "no daemon");
    const char *paths[] = {o.socket_path,  o.token_path,  o.policy_path, o.prices_path,
                           o.issuers_path, o.journal_dir, o.tokens_path};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        free((char *)paths[i]);
    }
}

static void world_close(struct world *w)
{
    govd_free(w->g);
    net_free(w->net);
    loop_free(w->loop);
    conf_release(&w->conf);
    demand(nftw(folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "the folder stays");
}

/* ---- one body */

static struct span no_header(const struct http_head *head, const char *name)
{
    (void)head;
    (void)name;
    return SPAN_NONE;
}

static size_t answers_to(const struct govd *g, net_id http)
{
    size_t count = 0;
    for (size_t i = 0; i < g->parcel_count; i++) {
        const struct parcel *p = &g->parcels[i];
        if (p->kind == PARCEL_ANSWER && p->to == http) {
            struct tape_token tokens[256];
            struct tape j;
            struct span body = {p->body, p->bytes};
            demand(tape_parse(&j, body, TAPE_STRICT, tokens, ARRAY_LEN(tokens)) != ST_INVALID,
                   "an answer that is no JSON");
            count++;
        }
    }
    return count;
}

static void receive(struct world *w, struct span line)
{
    size_t room = (uint8_t)line.p[0] % ARRAY_LEN(ROOMS);
    net_id http = w->next++;
    struct http_head head = {.method = SPAN("POST"),
                             .path = span_str(ROOMS[room].path),
                             .content_type = SPAN("application/json"),
                             .is_unix = true,
                             .peer_pid = getpid(),
                             .peer_uid = geteuid(),
                             .header = no_header};
    ROOMS[room].enter(w->g, http, &head, span_sub(line, 1, line.n));
    bool held = call_by_http(w->g, http) != NULL;
    size_t answers = answers_to(w->g, http);
    demand(answers <= 1, "two answers");
    demand(!(held && answers), "a call that is held was answered");
    if (ROOMS[room].enter == hook_receive) {
        demand(held || answers, "a hook got no answer");
    }
    govd_turn(w->g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    struct span line;
    struct world w;
    world_open(&w);
    for (int i = 0; i < BODIES_MAX && span_next(&rest, '\n', &line); i++) {
        if (line.n) {
            receive(&w, line);
        }
    }
    for (net_id id = FIRST_ID; id < w.next; id++) {
        gate_gone(w.g, id);
        demand(call_by_http(w.g, id) == NULL, "a call is held for nobody");
    }
    govd_turn(w.g);
    demand(!journal_failed(w.g->journal), "the record failed");
    govd_shutdown(w.g);
    world_close(&w);
    return 0;
}
