/* writer_priv.h - JSON objects written member by member, in the order of the calls.
 *
 * Failures are kept by the buffer (`over`) and looked at once, in writer_end().
 */
#ifndef CHECKREIN_CODEC_WRITER_PRIV_H
#define CHECKREIN_CODEC_WRITER_PRIV_H

#include "checkrein/buf.h"

struct writer {
    struct buf *out;
    size_t start; /* where the text begins: what is taken back when it does not fit */
    bool first;   /* nothing stands in the innermost container yet */
};

/* Opens the outermost object. */
struct writer writer_begin(struct buf *out);
/* Closes it; ST_LIMIT has taken everything back. */
enum status writer_end(struct writer *w) MUST_USE;

/* A comma if one is due, then `"name":`. Names are ours and need no escapes. */
void write_name(struct writer *w, const char *name);
/* As write_name, of text that is quoted already. */
void write_key(struct writer *w, struct span quoted_with_colon);
void write_comma(struct writer *w);
void write_open(struct writer *w, char bracket);
void write_close(struct writer *w, char bracket);
/* Values without a name. */
void write_int_value(struct writer *w, int64_t n);
void write_bool_value(struct writer *w, bool b);
void write_time_value(struct writer *w, int64_t wall_us);
void write_plain_value(struct writer *w, const char *s); /* needs no escapes */

void write_text(struct writer *w, const char *name, struct span s);
void write_text_if(struct writer *w, const char *name, struct span s); /* unless it is empty */
void write_plain(struct writer *w, const char *name, const char *s);   /* needs no escapes */
void write_int(struct writer *w, const char *name, int64_t n);
void write_bool(struct writer *w, const char *name, bool b);
void write_time(struct writer *w, const char *name, int64_t wall_us);

#endif
