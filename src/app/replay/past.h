/* past.h - what a console shows while it looks back: a record on a stage, with a screen state of
 * its own. What is live goes on behind it.
 *
 * Whether the record is intact is found out by a process of its own meanwhile.
 *
 * Thread: the loop's.
 */
#ifndef APP_REPLAY_PAST_H
#define APP_REPLAY_PAST_H

#include "checkrein/loop.h"
#include "checkrein/view.h"
#include "counter.h"
#include "stage.h"

struct past_view;

struct past {
    bool open, over_live;
    struct stage stage;
    struct ui *ui;
    struct loop *loop;
    struct past_goal {
        bool set;
        const char *event;
        int64_t at_us; /* 0: the start of the last session */
    } goal;            /* where it is to stand once that was read */
    const char *name;
    char verdict[96];
    bool broken, judged; /* judged: since the last turn */
    struct counter counter;
    pid_t verifier;
    int verdict_fd;
    loop_id watch;
};

/* Takes the ui, also when it fails. */
enum status past_open(struct past *p, struct loop *loop, struct ui *ui,
                      const struct past_view *view, struct why *why) MUST_USE;
void past_close(struct past *p);
/* Reads, plays, and says where it stands. True when the frame is another. */
bool past_turn(struct past *p, int64_t mono_us, struct why *why);
/* How long nothing happens by itself, in ms; -1: for ever. */
int64_t past_due_ms(const struct past *p, int64_t mono_us);
/* What an INTENT_REPLAY of its ui asks for; what cannot be done is said on the screen. */
void past_do(struct past *p, const struct intent *in, struct moment now);
struct scene past_scene(struct past *p, int cols, uint32_t live_pending, int64_t mono_us);

#endif
