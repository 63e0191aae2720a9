/* walk_priv.h - the lines of a record from its first to its last segment, or those of one file. */
#ifndef CHECKREIN_JOURNAL_WALK_PRIV_H
#define CHECKREIN_JOURNAL_WALK_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/span.h"
#include "checkrein/status.h"
#include "folder_priv.h"
#include "reader_priv.h"

#define PLACE_BYTES 128

struct place {
    uint32_t segment; /* 0: the walk has one file only */
    uint64_t line;    /* from 1 */
};

struct walk {
    int dir;        /* owned; -1 when it is one file */
    uint32_t first; /* segment that it began with */
    uint32_t segment;
    struct reader reader;
    struct place place; /* of what walk_next() told last */
    char file[64];      /* the one file's name, without its folder */
};

/* Before the first walk_next() comes the first line of the first segment. */
enum status walk_open(struct walk *w, const char *path, struct why *why) MUST_USE;
void walk_release(struct walk *w);
/* The writer has dropped the beginning meanwhile: what seems to be missing may be that. */
bool walk_was_overtaken(const struct walk *w);
/* The next line comes from the start of this segment, or of the one file. ST_IO with errno. */
enum status walk_to(struct walk *w, uint32_t segment) MUST_USE;

/* ST_OK: a line, valid until the next call. ST_END: no whole line now; call again later and there
 * may be one. ST_IO: with errno. After each of these the next call goes on behind the fault:
 * ST_LIMIT: a line is too long for a record. ST_INVALID: a segment that others follow is empty or
 * ends in the middle of a line. ST_NOTFOUND: segments are missing. */
enum status walk_next(struct walk *w, struct span *line) MUST_USE;
/* True when nothing follows the segment that is walked, or only one that is empty so far. */
bool walk_is_last(const struct walk *w);
/* "000001.jsonl:17" */
void walk_place_text(const struct walk *w, struct place at, char out[PLACE_BYTES]);

#endif
