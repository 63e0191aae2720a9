/* stage.h - a record being played: where it stands, how fast, and what the keys of a replay do.
 *
 * Time goes on as it did, times the speed; where nothing happened for long, it is passed over.
 * Nothing here knows the screen.
 *
 * Thread: the loop's.
 */
#ifndef APP_REPLAY_STAGE_H
#define APP_REPLAY_STAGE_H

#include "checkrein/view.h"
#include "player.h"
#include "search.h"

#define STAGE_READ   4096             /* records of one slice of reading */
#define STAGE_HUNT   16384            /* records that are searched in one turn, or a little more */
#define STAGE_GAP_US INT64_C(3000000) /* of an operator's time in which nothing would happen */

struct stage {
    struct player *player;
    int64_t at_us; /* of the picture: between two records, when it plays */
    int64_t mono_us;
    unsigned speed;
    bool playing, reading;
    struct search search;
    struct player_hunt hunt; /* for it */
    bool hunting;
    struct strip {
        struct marks_span of;
        size_t count;
        struct marks_cell *parts;
        struct playback_cell *cells;
        size_t cap, cell_cap;
    } strip; /* made anew only when it is of something else */
    struct playback shown;
};

/* Takes the player, which is of the record with this path. */
void stage_init(struct stage *s, struct player *p, const char *path);
void stage_release(struct stage *s);

/* Reads a slice on. False when all that is written now was read. */
bool stage_read(struct stage *s, struct why *why);
/* Time has passed. True when the picture is another. */
bool stage_tick(struct stage *s, int64_t mono_us, struct why *why);
/* Until it changes by itself; INT64_MAX: it stands still. */
int64_t stage_due_us(const struct stage *s, int64_t mono_us);

/* One key or command of a replay. `why` says what there was nothing of: the picture is as it was.
 */
enum status stage_do(struct stage *s, const struct intent *in, int64_t mono_us,
                     struct why *why) MUST_USE;
/* Begins to search for a text as it stands in a line, from the start of the record; a piece more of
 * a search that goes on. It is over once `hunting` is false: ST_OK when it was found, and the
 * picture is there. What an index says of the search makes it shorter: search_take_hits() at any
 * time. */
enum status stage_find(struct stage *s, struct span text, struct why *why) MUST_USE;
enum status stage_hunt(struct stage *s, struct why *why) MUST_USE;
enum status stage_go(struct stage *s, uint64_t position, struct why *why) MUST_USE;
enum status stage_go_time(struct stage *s, int64_t at_us, struct why *why) MUST_USE;
enum status stage_set_speed(struct stage *s, struct span text, struct why *why) MUST_USE;

/* What ui_set_playback() takes, for a screen of this width; name, verdict and over_live are the
 * caller's to add. Until the next call. */
struct playback *stage_playback(struct stage *s, int cols);

#endif
