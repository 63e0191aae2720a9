/* replayed KIND URL TOKEN_FILE RECORD: a console without a screen on a real back-end, that looks at
 * itself; "-" is no token.
 *
 * A line of its input is a command: "check" folds the record again and compares what came out with
 * what is there ("same DIGEST" or the first lines that differ), "until approvals N" and "until
 * live" wait, "approve", "deny", "interrupt" and "stop" are what an operator does, "cut" ends the
 * program as SIGKILL would. Each is answered by one line. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkrein/clock.h"
#include "hub.h"

#define DUMP_BYTES  ((size_t)64 << 20)
#define PATIENCE_US (30 * (int64_t)1000000)
#define LINE_BYTES  256

struct run {
    struct hub hub;
    struct conf_backend backend;
    const char *record;
    char line[LINE_BYTES];
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)printf("failed: %s\n", what);
        exit(1);
    }
}

static void turn(struct run *r, int64_t ms)
{
    must(loop_turn(r->hub.loop, ms) == ST_OK, "turn the loop");
    hub_commit(&r->hub);
}

static void dump(const struct fleet *f, struct buf *out)
{
    buf_init(out, DUMP_BYTES);
    must(fleet_dump(f, out) == ST_OK, "write the picture down");
}

/* The first line that is another one. */
static void say_difference(const char *live, const char *again)
{
    while (*live && *live == *again) {
        live++, again++;
    }
    (void)printf("differ: live %.200s|| replayed %.200s\n", live, again);
}

static void check(struct run *r)
{
    struct why why = {0};
    struct buf live, replayed;
    struct fleet *again = NULL;
    must(journal_commit(r->hub.journal, &why) == ST_OK, "commit");
    must(hub_replay(&again, r->record, &why) == ST_OK, why.text);
    dump(r->hub.fleet, &live);
    dump(again, &replayed);
    if (fleet_digest(again) == fleet_digest(r->hub.fleet) &&
        strcmp(live.data, replayed.data) == 0) {
        (void)printf("same %016llx of %zu bytes\n", (unsigned long long)fleet_digest(again),
                     live.len);
    } else {
        say_difference(live.data, replayed.data);
    }
    buf_release(&live);
    buf_release(&replayed);
    fleet_free(again);
}

static bool is_reached(const struct run *r, const char *what, unsigned n)
{
    return strcmp(what, "live") == 0        ? r->hub.backends[0].link == LINK_LIVE
           : strcmp(what, "approvals") == 0 ? fleet_pending_count(r->hub.fleet) == n
                                            : fleet_agent_count(r->hub.fleet) >= n;
}

static void until(struct run *r)
{
    char what[32] = "";
    unsigned n = 0;
    int64_t end = clock_mono_us() + PATIENCE_US;
    must(sscanf(r->line, "until %31s %u", what, &n) >= 1, "understand what is waited for");
    while (!is_reached(r, what, n)) {
        must(clock_mono_us() < end, r->line);
        turn(r, 50);
    }
    (void)printf("%s\n", what);
}

static void settle(struct run *r, const char *id)
{
    int64_t end = clock_mono_us() + PATIENCE_US;
    const struct command_track *t = NULL;
    while (!(t = fleet_command_by_id(r->hub.fleet, span_str(id))) || t->state == COMMAND_SENT ||
           t->state == COMMAND_ACCEPTED) {
        must(clock_mono_us() < end, r->line);
        turn(r, 50);
    }
    (void)printf("%s\n", command_state_name(t->state));
}

static void command(struct run *r, enum verb verb)
{
    struct command c = {.verb = verb, .scope = SPAN("once"), .backend = span_str(r->backend.name)};
    struct why why = {0};
    char id[ULID_BYTES];
    const struct approval *a =
        fleet_pending_count(r->hub.fleet) ? fleet_pending_at(r->hub.fleet, 0) : NULL;
    if (verb == VERB_APPROVE || verb == VERB_DENY) {
        must(a, "find a request");
        c.approval = fleet_span(r->hub.fleet, a->id);
        c.digest = fleet_span(r->hub.fleet, a->digest);
    } else {
        const struct agent *who = a ? fleet_agent(r->hub.fleet, a->agent) : NULL;
        c.agent = fleet_span(r->hub.fleet, (who ? who : fleet_agent_at(r->hub.fleet, 0))->id);
    }
    must(hub_send(&r->hub, &c, id, &why) == ST_OK, why.text);
    settle(r, id);
}

static void obey(struct run *r)
{
    static const struct {
        const char *word;
        enum verb verb;
    } VERBS[] = {
        {"approve",   VERB_APPROVE  },
        {"deny",      VERB_DENY     },
        {"interrupt", VERB_INTERRUPT},
        {"stop",      VERB_STOP     }
    };
    if (strcmp(r->line, "check") == 0) {
        check(r);
    } else if (strncmp(r->line, "until ", 6) == 0) {
        until(r);
    } else if (strcmp(r->line, "cut") == 0) {
        _exit(0);
    }
    for (size_t i = 0; i < ARRAY_LEN(VERBS); i++) {
        if (strcmp(r->line, VERBS[i].word) == 0) {
            command(r, VERBS[i].verb);
        }
    }
    (void)fflush(stdout);
}

/* A line of the input, a byte a read: between them the loop goes on. False: there is no more. */
static bool next_line(struct run *r)
{
    size_t n = 0;
    for (;;) {
        char c = 0;
        ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got == 0) {
            return false;
        }
        if (got < 0) {
            turn(r, 20);
        } else if (c == '\n') {
            r->line[n] = '\0';
            return true;
        } else {
            must(n < LINE_BYTES - 1, "read a line");
            r->line[n++] = c;
        }
    }
}

int main(int argc, char **argv)
{
    static char name[] = "watched";
    struct run r = {0};
    struct why why = {0};
    must(argc == 5, "read its arguments");
    r.record = argv[4];
    r.backend = (struct conf_backend){.name = name, .kind = argv[1], .url = argv[2]};
    r.backend.token_file = strcmp(argv[3], "-") == 0 ? NULL : argv[3];
    must(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) == 0, "read its input");
    const struct hub_record record = {.dir = r.record};
    must(hub_open(&r.hub, &r.backend, 1, &record, NULL, NULL, &why) == ST_OK, why.text);
    must(hub_connect(&r.hub, &why) == ST_OK, why.text);
    while (next_line(&r)) {
        obey(&r);
    }
    hub_close(&r.hub);
    return 0;
}
