/* Revoking: pick, read what goes with it, press the key again. Each credential is an order of its
 * own, so that each has an end of its own; none is called revoked before that is confirmed.
 */
#include <string.h>

#include "checkrein/alloc.h"
#include "frame_priv.h"

static struct revoke_item *item_at_cursor(struct revoke *r)
{
    return r->at < r->count ? &r->item[r->at] : NULL;
}

static uint32_t picked_refs(const struct revoke *r, uint32_t refs[REVOKE_LISTED])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->item[i].picked) {
            refs[count++] = r->item[i].ref;
        }
    }
    return count;
}

/* ---- what was displayed: it binds the order */
static uint64_t mixed(uint64_t h, uint64_t n)
{
    h = (h ^ n) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t mixed_text(uint64_t h, struct span text)
{
    return mixed(h, span_hash(text, text.n));
}

/* Its words, not where they are kept: another string may come to stand there. */
static uint64_t mixed_credential(uint64_t h, const struct fleet *f, uint32_t ref)
{
    const struct credential *c = fleet_credential(f, ref);
    h = mixed_text(mixed(h, ref), fleet_span(f, c->kind));
    h = mixed_text(mixed_text(h, fleet_span(f, c->scopes)), fleet_span(f, c->issuer));
    return mixed(h, (uint64_t)fleet_credential_in_force(f, c));
}

static void measure(struct revoke *r, const struct fleet *f)
{
    uint32_t refs[REVOKE_LISTED] = {0};
    uint32_t count = picked_refs(r, refs);
    uint64_t h = count;
    fleet_credentials_reach(f, refs, count, &r->reach);
    for (uint32_t i = 0; i < count; i++) {
        h = mixed_credential(h, f, refs[i]);
    }
    h = mixed(mixed(h, r->reach.derived), r->reach.siblings);
    h = mixed(mixed(h, r->reach.agents), r->reach.holders);
    h = mixed(mixed(h, r->reach.losses), r->reach.kept);
    for (uint32_t i = 0; i < r->reach.losses && i < CREDENTIAL_REACH_LOSSES; i++) {
        h = mixed(h, r->reach.loss[i]);
    }
    for (uint32_t i = 0; i < CREDENTIAL_REACH_AGENTS; i++) {
        h = mixed_text(mixed(h, r->reach.agent[i]), agent_name(f, r->reach.agent[i]));
    }
    r->measured = h;
}

static void rearm(struct revoke *r, struct moment now)
{
    r->quiet_us = now.mono_us;
    r->read = false;
    r->top = 0;
}

bool revoke_armed(const struct ui *ui, struct moment now)
{
    return ui->revoke.read && now.mono_us >= ui->revoke.quiet_us + ui->options.arm_high_us;
}

/* ---- opening */
static void open_with(struct press *k, uint32_t agent)
{
    struct revoke *r = &k->ui->revoke;
    *r = (struct revoke){.stage = REVOKE_PICK, .agent = agent, .quiet_us = k->now.mono_us};
    k->out->kind = INTENT_FLUSH_KEYS;
}

static void ask(struct press *k)
{
    struct revoke *r = &k->ui->revoke;
    r->stage = REVOKE_ASK;
    notice_drop(k->ui);
    measure(r, k->f);
    rearm(r, k->now);
    k->out->kind = INTENT_FLUSH_KEYS;
}

/* Whether this one can be picked; says why it cannot. */
static bool may_pick(struct press *k, uint32_t ref)
{
    const struct credential *c = fleet_credential(k->f, ref);
    struct span why = SPAN("it is not known any more");
    if (c != NULL && fleet_credential_revocable(k->f, c, &why)) {
        return true;
    }
    notice_put(k->ui, k->now, ROLE_HINT, "revoke: %.*s", SPAN_ARG(span_sub(why, 0, 200)));
    return false;
}

void revoke_open_one(struct press *k, uint32_t credential)
{
    if (may_pick(k, credential)) {
        open_with(k, 0);
        k->ui->revoke.item[0] = (struct revoke_item){.ref = credential, .picked = true};
        k->ui->revoke.count = 1;
        ask(k);
    }
}

/* Those that are not there yet, behind the others: no row moves. */
static void add_items(struct revoke *r, const uint32_t *refs, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < REVOKE_LISTED; i++) {
        uint32_t at = 0;
        while (at < r->count && r->item[at].ref != refs[i]) {
            at++;
        }
        if (at == r->count && at < REVOKE_LISTED) {
            r->item[r->count++] = (struct revoke_item){.ref = refs[i]};
        }
    }
    r->more = count > r->count ? count - r->count : 0;
}

void revoke_open_agent(struct press *k, uint32_t agent)
{
    uint32_t refs[REVOKE_LISTED] = {0};
    uint32_t count = fleet_credentials_of_tree(k->f, agent, refs, REVOKE_LISTED);
    if (count == 0) {
        notice_put(k->ui, k->now, ROLE_HINT, "revoke: it holds no credential that is known here");
        return;
    }
    open_with(k, agent);
    add_items(&k->ui->revoke, refs, count);
}

/* What is over is left out. */
void revoke_open_listed(struct press *k, const struct list *l)
{
    uint32_t refs[REVOKE_LISTED] = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct credential *c = fleet_credential(k->f, l->rows[i].id);
        if (c != NULL && fleet_credential_in_force(k->f, c) != CREDENTIAL_REVOKED &&
            count++ < REVOKE_LISTED) {
            refs[count - 1] = l->rows[i].id;
        }
    }
    if (count == 0) {
        notice_put(k->ui, k->now, ROLE_HINT, "revoke-listed: none that is listed is in force");
        return;
    }
    open_with(k, 0);
    k->ui->revoke.listed = true;
    add_items(&k->ui->revoke, refs, count);
}

/* ---- picking */
static void toggle(struct press *k)
{
    struct revoke_item *item = item_at_cursor(&k->ui->revoke);
    if (item != NULL && (item->picked || may_pick(k, item->ref))) {
        item->picked = !item->picked;
    }
}

/* All that can be revoked; once more: none. */
static void toggle_all(struct press *k)
{
    struct revoke *r = &k->ui->revoke;
    bool added = false;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct credential *c = fleet_credential(k->f, r->item[i].ref);
        bool can = c != NULL && fleet_credential_revocable(k->f, c, NULL);
        added |= can && !r->item[i].picked;
        r->item[i].picked |= can;
    }
    for (uint32_t i = 0; !added && i < r->count; i++) {
        r->item[i].picked = false;
    }
}

static void go_on(struct press *k)
{
    struct revoke *r = &k->ui->revoke;
    uint32_t refs[REVOKE_LISTED] = {0};
    if (picked_refs(r, refs) == 0) {
        toggle(k);
    }
    if (picked_refs(r, refs) > 0) {
        ask(k);
    }
}

static void move(struct revoke *r, enum action a)
{
    uint32_t last = r->count == 0 ? 0 : r->count - 1;
    if (a == ACT_FIRST || a == ACT_LAST) {
        r->at = a == ACT_LAST ? last : 0;
    } else if (a == ACT_UP) {
        r->at -= r->at > 0;
    } else if (a == ACT_DOWN) {
        r->at += r->at < last;
    }
}

/* Of a sheet; drawing knows its end. */
static void scroll(struct revoke *r, enum action a)
{
    int page = r->height > 1 ? r->height - 1 : 1;
    int64_t by = a == ACT_DOWN        ? 1
                 : a == ACT_UP        ? -1
                 : a == ACT_PAGE_DOWN ? page
                 : a == ACT_PAGE_UP   ? -page
                 : a == ACT_LAST      ? INT32_MAX
                 : a == ACT_FIRST     ? -INT32_MAX
                                      : 0;
    int64_t top = r->top + by;
    r->top = top < 0 ? 0 : top > INT32_MAX ? INT32_MAX : (int)top;
}

/* ---- ordering */
/* One that nobody may revoke any more by now is left out, and said to be. */
static void order_next(struct press *k)
{
    struct revoke *r = &k->ui->revoke;
    for (; r->next < r->count; r->next++) {
        struct revoke_item *item = &r->item[r->next];
        const struct credential *c = fleet_credential(k->f, item->ref);
        struct span why = SPAN("it is not known any more");
        if (!item->picked) {
            continue;
        }
        if (c != NULL && fleet_credential_revocable(k->f, c, &why)) {
            intent_credential(k, VERB_REVOKE, c);
            r->sending = ++r->next;
            return;
        }
        (void)span_copy(why, item->failed, sizeof(item->failed));
    }
}

void ui_next(struct ui *ui, const struct fleet *f, struct moment now, struct intent *out)
{
    struct press k = {.ui = ui, .f = f, .now = now, .out = out};
    intent_begin(ui, out);
    if (ui->revoke.stage == REVOKE_SENT) {
        order_next(&k);
    }
}

void revoke_sent(struct ui *ui, struct span command_id)
{
    struct revoke *r = &ui->revoke;
    if (r->sending > 0 && ui->sent.verb == VERB_REVOKE) {
        struct revoke_item *item = &r->item[r->sending - 1];
        (void)span_copy(command_id, item->command, sizeof(item->command));
    }
    r->sending = 0;
}

void revoke_send_failed(struct ui *ui, struct span command_id, const char *why)
{
    for (uint32_t i = 0; i < ui->revoke.count; i++) {
        struct revoke_item *item = &ui->revoke.item[i];
        if (item->command[0] != '\0' && span_is(command_id, item->command)) {
            (void)span_copy(span_str(why), item->failed, sizeof(item->failed));
        }
    }
}

static void confirm(struct press *k)
{
    struct revoke *r = &k->ui->revoke;
    if (!revoke_armed(k->ui, k->now)) {
        return;
    }
    r->stage = REVOKE_SENT;
    r->next = 0;
    r->top = 0;
    notice_drop(k->ui);
    order_next(k);
}

/* ---- keys */
void revoke_close(struct ui *ui)
{
    ui->revoke = (struct revoke){0};
}

/* Back to where it was picked. */
static void close_question(struct ui *ui)
{
    if (ui->revoke.agent != 0 || ui->revoke.listed) {
        ui->revoke.stage = REVOKE_PICK;
    } else {
        revoke_close(ui);
    }
}

static void back(struct press *k)
{
    enum revoke_stage stage = k->ui->revoke.stage;
    if (stage != REVOKE_SENT) {
        notice_put(k->ui, k->now, ROLE_HINT, "nothing was revoked");
    }
    if (stage == REVOKE_ASK) {
        close_question(k->ui);
    } else {
        revoke_close(k->ui);
    }
}

void revoke_key(struct press *k, enum action a)
{
    struct revoke *r = &k->ui->revoke;
    if (a == ACT_BACK) {
        back(k);
    } else if (r->stage == REVOKE_ASK && a == ACT_REVOKE) {
        confirm(k);
    } else if (r->stage == REVOKE_PICK && (a == ACT_OPEN || a == ACT_REVOKE)) {
        go_on(k);
    } else if (r->stage == REVOKE_SENT && a == ACT_OPEN) {
        revoke_close(k->ui);
    } else if (r->stage == REVOKE_PICK) {
        move(r, a);
    } else {
        scroll(r, a);
    }
}

bool revoke_pick_key(struct press *k)
{
    bool picks = k->ui->revoke.stage == REVOKE_PICK;
    if (picks && k->key == ' ') {
        toggle(k);
    } else if (picks && k->key == 'a') {
        toggle_all(k);
    } else {
        return false;
    }
    return true;
}

/* ---- the world moves on */
static void drop_impossible(struct revoke *r, const struct fleet *f)
{
    for (uint32_t i = 0; i < r->count; i++) {
        const struct credential *c = fleet_credential(f, r->item[i].ref);
        r->item[i].picked &= c != NULL && fleet_credential_revocable(f, c, NULL);
    }
}

/* What an agent has been given since it was opened. */
static void add_new(struct revoke *r, const struct fleet *f)
{
    uint32_t refs[REVOKE_LISTED] = {0};
    if (r->agent != 0) {
        add_items(r, refs, fleet_credentials_of_tree(f, r->agent, refs, REVOKE_LISTED));
    }
}

void revoke_sync(struct ui *ui, const struct fleet *f, struct moment now)
{
    struct revoke *r = &ui->revoke;
    uint32_t refs[REVOKE_LISTED] = {0};
    if (r->stage != REVOKE_PICK && r->stage != REVOKE_ASK) {
        return;
    }
    drop_impossible(r, f);
    if (r->stage == REVOKE_PICK) {
        add_new(r, f);
        return;
    }
    uint64_t shown = r->measured;
    if (picked_refs(r, refs) == 0) {
        close_question(ui);
        notice_put(ui, now, ROLE_GONE, "nothing was sent: none of them can be revoked any more");
        return;
    }
    measure(r, f);
    if (r->measured != shown) {
        rearm(r, now);
        notice_put(ui, now, ROLE_HINT, "what it reaches has changed: disarmed, look again");
    }
}

void revoke_disarm(struct ui *ui, struct moment now)
{
    if (ui->revoke.stage == REVOKE_ASK) {
        rearm(&ui->revoke, now);
    }
}
