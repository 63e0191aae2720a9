/* Any keys at any time over a fleet that changes at any time: the rules hold, and nothing breaks.
 */
#include "fleet_scene.h"
#include "prng.h"
#include "ui_priv.h"

#define STEPS       4000
#define ARM_LOW_MS  500
#define ARM_HIGH_MS 1000

static uint32_t random_key(struct prng *r)
{
    static const char likely[] = "aaaaddjjkkhhhgGprXvvvmbiotwnNF!S/:?1234567Q2 yRD";
    static const uint32_t named[] = {KEY(ENTER), KEY(ESC),      KEY(TAB),  KEY(BACKTAB),
                                     KEY(UP),    KEY(DOWN),     KEY(PGUP), KEY(PGDN),
                                     KEY(HOME),  KEY(FOCUS_IN), KEY(LEFT), KEY(BACKSPACE)};
    switch (prng_below(r, 8)) {
    case 0:
    case 1:
        return named[prng_below(r, ARRAY_LEN(named))];
    case 2:
        return (uint32_t)(0x20 + prng_below(r, 0x5F));
    case 3:
        return (uint32_t)prng_below(r, 0x120000);
    default:
        return (uint32_t)likely[prng_below(r, sizeof(likely) - 1)];
    }
}

static void random_event(struct kit *k, struct prng *r)
{
    static const char *const agents[] = {"agent/7f3c", "agent/docs", "agent/si", "agent/lint"};
    static const char *const backends[] = {"codex-prod", "laptop", "codex-prod", "ci"};
    uint64_t which = prng_below(r, ARRAY_LEN(agents));
    char id[32];
    (void)snprintf(id, sizeof(id), "r%u", (unsigned)prng_below(r, 12));
    static const char *const states[] = {"active", "held", "choked", "revoked"};
    switch (prng_below(r, 9)) {
    case 7:
        lease_issue(k, backends[which], agents[which], id, prng_below(r, 2) ? "r1" : "", "rate=1");
        break;
    case 8:
        lease_set(k, backends[which], agents[which], id, states[prng_below(r, 4)]);
        break;
    case 0:
        agent_state(k, backends[which], agents[which],
                    (enum agent_state)prng_below(r, AGENT_STATE_COUNT));
        break;
    case 1:
    case 2:
        request_add(k, backends[which],
                    &(struct a_request){.agent = agents[which],
                                        .id = id,
                                        .tool = "Bash",
                                        .summary = id,
                                        .action = prng_below(r, 2) ? SCENE_SQL : SCENE_WRITE,
                                        .risk = (enum risk)prng_below(r, RISK_COUNT),
                                        .asked_s = (int64_t)prng_below(r, 90),
                                        .left_s = (int64_t)prng_below(r, 300)});
        break;
    case 3:
        request_resolve(k, backends[which], id, DECISION_DENIED, "m.ito", "");
        break;
    case 4:
        backend_verbs(k, backends[which], prng_below(r, 4) ? LINK_LIVE : LINK_DOWN, 0, "", 0);
        break;
    case 5:
        begin(k, backends[which], EVENT_FLEET_STOP, 0);
        number(k, F_STOP_LATCHED, prng_below(r, 4) == 0);
        number(k, F_STOP_REQUESTED, 4);
        fold(k);
        break;
    default:
        ui_resized(k->ui, k->c.w, k->c.h, k->now);
        break;
    }
}

static void random_size(struct kit *k, struct prng *r)
{
    int cols = (int)(30 + prng_below(r, 220));
    int rows = (int)(5 + prng_below(r, 70));
    canvas_resize(&k->c, cols, rows);
    ui_resized(k->ui, cols, rows, k->now);
}

/* The last thing that was typed, looked at, or that disturbed. */
struct watch {
    int64_t key_us;
    bool dialog_was_shown, question_was_shown;
    bool frozen;
};

static void assert_was_earned(const struct kit *k, const struct watch *w, uint32_t key)
{
    const struct command *c = &k->out.command;
    if (k->out.kind != INTENT_COMMAND) {
        return;
    }
    assert_int_not_equal(c->verb, VERB_UNKNOWN);
    if (c->verb == VERB_REVOKE) {
        const struct backend *b = fleet_backend_named(k->f, c->backend);
        assert_non_null(fleet_credential_by_id(k->f, b->ref, c->credential));
        assert_true(w->question_was_shown);
        assert_false(w->frozen);
        assert_true(k->now.mono_us - w->key_us >= ARM_HIGH_MS * 1000);
    }
    if (c->verb != VERB_APPROVE) {
        return;
    }
    const struct approval *a = fleet_approval_by_id(k->f, c->backend, c->approval);
    assert_non_null(a);
    assert_true(a->pending);
    assert_span_is(c->digest, A_DIGEST);
    assert_true(w->dialog_was_shown);
    assert_false(w->frozen);
    if (key != KEY(ENTER)) { /* Enter ends a word that was typed */
        assert_int_equal(a->risk, RISK_LOW);
        assert_true(k->now.mono_us - w->key_us >= ARM_LOW_MS * 1000);
    } else {
        assert_int_not_equal(a->risk, RISK_LOW);
    }
}

struct run {
    struct kit k;
    struct prng r;
    struct watch w;
    uint32_t approvals, revocations;
};

static void look(struct run *x)
{
    const char *frame = screen(&x->k);
    x->w.dialog_was_shown = strstr(frame, "sha256") != NULL;
    x->w.question_was_shown = strstr(frame, " credential? ") || strstr(frame, " credentials? ");
    x->w.frozen = strstr(frame, "FROZEN") != NULL;
    uint64_t digest = canvas_digest(&x->k.c);
    draw(&x->k);
    assert_true(canvas_digest(&x->k.c) == digest); /* drawing changes nothing */
}

static void one_key(struct run *x, uint32_t key)
{
    struct kit *k = &x->k;
    enum intent_kind kind = press(k, key);
    assert_was_earned(k, &x->w, key);
    x->revocations += kind == INTENT_COMMAND && k->out.command.verb == VERB_REVOKE;
    x->approvals += kind == INTENT_COMMAND && k->out.command.verb == VERB_APPROVE;
    if (kind == INTENT_COMMAND) {
        ui_sent(k->ui, SPAN("01X"), k->now);
    }
    for (int more = 0; kind == INTENT_COMMAND; more++) {
        ui_next(k->ui, k->f, k->now, &k->out);
        kind = k->out.kind;
        assert_true(more < REVOKE_LISTED);
    }
    x->w.key_us = k->now.mono_us;
}

static void one_step(struct run *x)
{
    if (prng_below(&x->r, 4) == 0) {
        random_event(&x->k, &x->r);
    }
    if (prng_below(&x->r, 200) == 0) {
        random_size(&x->k, &x->r);
        x->w.dialog_was_shown = false;
    }
    one_key(x, random_key(&x->r));
    if (prng_below(&x->r, 3) != 0) {
        look(x);
    }
    pass_ms(&x->k, (int64_t)prng_below(&x->r, 1500));
}

/* Somebody who wants to, in a world that does not stand still. */
static void try_to_approve(struct run *x)
{
    static const uint32_t keys[] = {KEY(ESC), KEY(ESC), KEY(ESC), '2', 'j', 'a', 'G', 'a', 'a'};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        one_key(x, keys[i]);
        look(x);
        pass_ms(&x->k, 400 + (int64_t)prng_below(&x->r, 1200));
        if (prng_below(&x->r, 12) == 0) {
            random_event(&x->k, &x->r);
        }
    }
    for (const char *c = x->k.ui->prompt.word; x->k.ui->prompt.kind != NULL && *c != '\0'; c++) {
        one_key(x, (uint32_t)(unsigned char)*c);
        look(x);
    }
    one_key(x, KEY(ENTER));
}

static void try_to_revoke(struct run *x)
{
    static const uint32_t keys[] = {KEY(ESC), KEY(ESC), KEY(ESC), '7', 'G', 'v', 'G', 'v', 'v'};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        one_key(x, keys[i]);
        look(x);
        pass_ms(&x->k, 700 + (int64_t)prng_below(&x->r, 1200));
        if (prng_below(&x->r, 12) == 0) {
            random_event(&x->k, &x->r);
            look(x);
        }
    }
}

static void the_rules_hold(void **state)
{
    (void)state;
    struct run x = {.r = {.state = 7}};
    kit_init(&x.k, 100, 30);
    scene_build(&x.k);
    for (int step = 0; step < STEPS; step++) {
        one_step(&x);
        if (prng_below(&x.r, 40) == 0) {
            try_to_approve(&x);
            try_to_revoke(&x);
        }
    }
    assert_true(x.approvals > 10); /* else this proves nothing */
    assert_true(x.revocations > 5);
    kit_release(&x.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_rules_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
