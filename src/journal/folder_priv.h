/* folder_priv.h - the segments of a folder: which there are, opened for reading. */
#ifndef CHECKREIN_JOURNAL_FOLDER_PRIV_H
#define CHECKREIN_JOURNAL_FOLDER_PRIV_H

#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/status.h"

/* Of the segments whose number is above a given one. All 0 when there is none. */
struct folder {
    uint32_t first;
    uint32_t last;
    uint32_t count;
};

enum status folder_scan(int dir, uint32_t above, struct folder *f) MUST_USE; /* ST_IO with errno */
/* A regular file for reading, without following a link; -1 with errno. */
int folder_open_file(int dir, const char *name);
int folder_open_segment(int dir, uint32_t segment);
/* The last line of a finished segment, which is a seal and therefore short. ST_INVALID when it ends
 * otherwise. */
enum status folder_last_line(int dir, uint32_t segment, struct buf *line) MUST_USE;

#endif
