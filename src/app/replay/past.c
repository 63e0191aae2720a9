#include "past.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../console.h"
#include "checkrein/journal.h"
#include "moment.h"

/* ---- is it intact? */

static void say_verdict(struct past *p, const struct journal_report *r)
{
    static const char *const words[] = {[VERIFY_INTACT] = "intact",
                                        [VERIFY_TORN_TAIL] = "intact, being written",
                                        [VERIFY_BROKEN] = "BROKEN",
                                        [VERIFY_UNREADABLE] = "cannot be verified"};
    p->judged = true;
    p->broken = r->verdict == VERIFY_BROKEN || r->verdict == VERIFY_UNREADABLE;
    if (r->verdict == VERIFY_BROKEN) {
        (void)snprintf(p->verdict, sizeof(p->verdict), "BROKEN at record %llu",
                       (unsigned long long)r->first_bad_n);
    } else {
        (void)snprintf(p->verdict, sizeof(p->verdict), "%s", words[r->verdict]);
    }
}

static void verify_no_more(struct past *p)
{
    loop_remove(p->loop, p->watch);
    p->watch = 0;
    if (p->verdict_fd >= 0) {
        (void)close(p->verdict_fd);
    }
    p->verdict_fd = -1;
    if (p->verifier > 0) {
        (void)kill(p->verifier, SIGKILL);
        (void)waitpid(p->verifier, NULL, 0);
    }
    p->verifier = 0;
}

static void on_verdict(void *ctx, int fd, unsigned ready)
{
    (void)ready;
    struct past *p = ctx;
    struct journal_report r = {.verdict = VERIFY_UNREADABLE};
    if (read(fd, &r, sizeof(r)) != (ssize_t)sizeof(r)) {
        r.verdict = VERIFY_UNREADABLE;
    }
    verify_no_more(p);
    say_verdict(p, &r);
}

/* The child writes one report, which a pipe takes in one piece, and is nobody any more. */
_Noreturn static void verify_as_child(const char *path, int fd)
{
    struct journal_report r = {.verdict = VERIFY_UNREADABLE};
    struct why why = {0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (journal_verify(path, NULL, &r, &why) != ST_OK) {
        r.verdict = VERIFY_UNREADABLE;
    }
    _exit(write(fd, &r, sizeof(r)) == (ssize_t)sizeof(r) ? 0 : 1);
}

static enum status verify_begin(struct past *p, const char *path, struct why *why)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return why_fail(why, ST_IO, "cannot make a pipe: %s", err_text(errno));
    }
    p->verifier = fork();
    if (p->verifier == 0) {
        verify_as_child(path, ends[1]);
    }
    (void)close(ends[1]);
    p->verdict_fd = ends[0];
    return p->verifier < 0
               ? why_fail(why, ST_IO, "cannot start to verify: %s", err_text(errno))
               : loop_fd_add(p->loop, p->verdict_fd, LOOP_READ, on_verdict, p, &p->watch);
}

/* ---- where to begin */

static enum status take_view(struct past *p, const struct past_view *v, struct why *why)
{
    enum status st = ST_OK;
    p->goal = (struct past_goal){.set = true, .event = v->event && v->event[0] ? v->event : NULL};
    if (v->at) {
        st = moment_parse(span_str(v->at), v->from_us, &p->goal.at_us, why);
    }
    if (st == ST_OK && v->speed) {
        st = stage_set_speed(&p->stage, span_str(v->speed), why);
        p->stage.playing = st == ST_OK;
    }
    return st;
}

enum status past_open(struct past *p, struct loop *loop, struct ui *ui,
                      const struct past_view *view, struct why *why)
{
    struct player *player = NULL;
    *p = (struct past){.open = true,
                       .over_live = view->over_live,
                       .ui = ui,
                       .loop = loop,
                       .name = view->path,
                       .verdict_fd = -1};
    enum status st = player_open(&player, view->path, why);
    stage_init(&p->stage, player, view->path);
    counter_init(&p->counter, loop);
    if (st == ST_OK) {
        st = take_view(p, view, why);
    }
    if (st == ST_OK && !view->over_live) {
        st = verify_begin(p, view->path, why);
    }
    if (st != ST_OK) {
        past_close(p);
    }
    return st;
}

void past_close(struct past *p)
{
    if (p->open) {
        verify_no_more(p);
        counter_end(&p->counter);
        stage_release(&p->stage);
        ui_free(p->ui);
    }
    *p = (struct past){.verdict_fd = -1};
}

static bool is_read_far_enough(const struct past *p)
{
    const struct marks *m = player_marks(p->stage.player);
    return !p->stage.reading ||
           (!p->goal.event && p->goal.at_us && marks_time_us(m, UINT64_MAX) > p->goal.at_us);
}

static enum status reach_goal(struct past *p, struct why *why)
{
    struct stage *s = &p->stage;
    const struct marks *m = player_marks(s->player);
    p->goal.set = false;
    if (p->goal.event) {
        return stage_find(s, span_str(p->goal.event), why);
    }
    if (p->goal.at_us) {
        return stage_go_time(s, p->goal.at_us, why);
    }
    return stage_go(s, m->starts > 0 ? m->start[m->starts - 1] + 1 : 0, why);
}

static void say(struct past *p, const struct why *why, int64_t mono_us)
{
    ui_notice(p->ui, span_str(why->text), ROLE_HINT, (struct moment){p->stage.at_us, mono_us});
}

static void tell_bad(struct past *p, int64_t mono_us)
{
    struct why why = {0};
    if (player_bad(p->stage.player) > 0) {
        (void)why_fail(&why, ST_INVALID, "%llu lines are no records: %s",
                       (unsigned long long)player_bad(p->stage.player),
                       player_first_bad(p->stage.player));
        say(p, &why, mono_us);
    }
}

/* ---- how many hits, and where */

static void begin_count(struct past *p, int64_t mono_us)
{
    struct why why = {0};
    if (counter_begin(&p->counter, p->name, p->stage.search.text, &why) != ST_OK) {
        say(p, &why, mono_us);
    }
}

static void take_count(struct past *p, int64_t mono_us)
{
    struct counted c;
    struct why why = {0};
    if (counter_take(&p->counter, &c, &why) == ST_OK) {
        search_take_hits(&p->stage.search, c.hits, c.count, c.covered);
    } else {
        why_prefix(&why, "it is read through");
        say(p, &why, mono_us);
    }
}

bool past_turn(struct past *p, int64_t mono_us, struct why *why)
{
    struct stage *s = &p->stage;
    bool news = s->reading || p->judged || p->counter.done;
    if (p->counter.done) {
        take_count(p, mono_us);
    }
    p->judged = false;
    if (s->reading && !stage_read(s, why)) {
        tell_bad(p, mono_us);
    }
    if (s->hunting) {
        struct why none = {0};
        if (stage_hunt(s, &none) != ST_OK) {
            say(p, &none, mono_us);
        }
        s->mono_us = mono_us;
        return true;
    }
    if (p->goal.set && is_read_far_enough(p)) {
        struct why none = {0};
        if (reach_goal(p, &none) != ST_OK) {
            say(p, &none, mono_us);
        }
        s->mono_us = mono_us;
        return true;
    }
    if (p->goal.set) {
        s->mono_us = mono_us;
        return news;
    }
    return stage_tick(s, mono_us, why) || news;
}

int64_t past_due_ms(const struct past *p, int64_t mono_us)
{
    if (p->stage.reading || p->stage.hunting) {
        return 0;
    }
    int64_t due = stage_due_us(&p->stage, mono_us);
    return due == INT64_MAX ? -1 : (due - mono_us) / 1000 + 1;
}

/* What was written meanwhile is there for each key. */
void past_do(struct past *p, const struct intent *in, struct moment now)
{
    struct why why = {0};
    p->goal.set = false;
    p->stage.reading = p->stage.reading || stage_read(&p->stage, &why);
    enum status st = stage_do(&p->stage, in, now.mono_us, &why);
    if (in->action == ACT_FIND && st != ST_INVALID && st != ST_LIMIT) {
        begin_count(p, now.mono_us);
    }
    if (st != ST_OK) {
        say(p, &why, now.mono_us);
    } else if (p->stage.hunting) {
        (void)why_fail(&why, ST_AGAIN, "looking for it: any key of the replay ends that");
        say(p, &why, now.mono_us);
    }
}

struct scene past_scene(struct past *p, int cols, uint32_t live_pending, int64_t mono_us)
{
    struct playback *shown = stage_playback(&p->stage, cols);
    shown->name = p->name;
    shown->verdict = p->verdict[0] ? p->verdict : NULL;
    shown->broken = p->broken;
    shown->over_live = p->over_live;
    shown->live_pending = live_pending;
    ui_set_playback(p->ui, shown);
    return (struct scene){
        .fleet = player_fleet(p->stage.player), .ui = p->ui, .now = {p->stage.at_us, mono_us}
    };
}
