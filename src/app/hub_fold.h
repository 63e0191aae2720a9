/* hub_fold.h - what this console itself adds to the picture: connection states, its own commands,
 * results. Live and in replay the same functions are called, with the time that is in the record:
 * whole milliseconds.
 */
#ifndef APP_HUB_FOLD_H
#define APP_HUB_FOLD_H

#include "checkrein/crypto.h"
#include "checkrein/driver.h"
#include "checkrein/model.h"
#include "checkrein/ulid.h"

/* An event of the console's own, with what it borrows; its subject is "backend/NAME". */
struct own_event {
    struct event ev;
    char id[ULID_BYTES], subject[64];
    char digest[DIGEST_TEXT_BYTES]; /* of what was displayed */
};
void own_link(struct own_event *o, const char *backend, const char *kind, enum link_state st,
              const char *why, int64_t retry_ms, int64_t now_us);
/* An alarm about this back-end. `title` outlives it. */
void own_signal(struct own_event *o, const char *backend, enum severity severity, const char *title,
                int64_t now_us);
void own_command(struct own_event *o, const struct command *c);
/* With what stood on the screen when it was given; `text` is what this console had of the request.
 */
void own_display(struct own_event *o, const struct display *d, struct span text);
/* NAME of a subject "backend/NAME"; empty when it is none. */
struct span own_backend(const struct event *ev);
/* True for states that a frame brings about: they are folded again from the frame, and not
 * recorded. */
bool link_is_of_a_frame(enum link_state st);

/* Where an event goes that is made here of what a driver says. */
struct teller {
    void *ctx;
    void (*tell)(void *ctx, const struct event *ev);
};
void fold_snapshot(struct fleet *f, const char *backend, uint64_t seq, bool complete);
void tell_offers(const struct teller *t, const char *backend, const struct driver_offer *offer,
                 int64_t now_us);
/* What a driver says of a command that it was given. */
struct command_news {
    struct span command;
    enum command_state state;
    struct span reason, by;
};
void tell_result(const struct teller *t, const char *backend, const struct command_news *news,
                 int64_t now_us);

#endif
