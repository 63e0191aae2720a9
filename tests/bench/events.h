/* events.h - what a working fleet says, made up: the same seed gives the same events on every
 * machine.
 *
 * An agent has names of its own (a UUID in its id, as Claude Code's sessions have), and does in
 * turn what agents do: starts a call, is judged, ends the call, spends, now and then fails or
 * waits. As frames of checkrein.v1 these are 400 to 820 bytes long, 570 in the mean; what
 * introduces an agent is longer.
 *
 * Thread: any, one at a time. Spans of an event live until the next call.
 */
#ifndef CHECKREIN_BENCH_EVENTS_H
#define CHECKREIN_BENCH_EVENTS_H

#include "checkrein/event.h"
#include "prng.h"

#define EVENTS_TEXT_BYTES 512

struct events {
    uint64_t seed;
    struct prng random;
    uint32_t agents;
    uint64_t seq; /* of the newest event that is no state */
    char id[32], subject[64], agent[64], instance[64], name[64], cwd[128], call[40];
    char summary[EVENTS_TEXT_BYTES], output[EVENTS_TEXT_BYTES];
};

void events_init(struct events *e, uint64_t seed, uint32_t agents);
/* Agent `index` as a snapshot has it: who it is. */
void events_introduce(struct events *e, uint32_t index, struct event *out);
/* The next piece of news, of any agent. */
void events_next(struct events *e, struct event *out);
/* The next piece of news, of this agent. */
void events_next_of(struct events *e, uint32_t index, struct event *out);
/* The same, and it is that a call starts: on the screen the whole row changes. */
void events_call_of(struct events *e, uint32_t index, struct event *out);

#endif
