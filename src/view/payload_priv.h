/* payload_priv.h - the exact text of a call as fields that an operator can read, and nothing left
 * out.
 *
 * payload_load() reads the text once: a JSON object becomes one field a member, strings unescaped,
 * nested objects indented under their name, arrays as name[0], name[1]. Whatever is not plain
 * (broken JSON, a string that cannot be unescaped, nesting that is too deep, more members than a
 * person reads) is shown as the text itself. payload_wrap() breaks the fields into rows of a width.
 * Both allocate; drawing does not.
 *
 * Every byte of keys and values is in some row. When the text does not fit the limits even raw,
 * `whole` is false and it may not be approved.
 */
#ifndef CHECKREIN_PAYLOAD_PRIV_H
#define CHECKREIN_PAYLOAD_PRIV_H

#include "checkrein/canvas.h"
#include "checkrein/event.h"
#include "checkrein/text.h"

#define PAYLOAD_DEPTH      6      /* objects in objects; what is deeper is shown as JSON */
#define PAYLOAD_FIELDS     65536  /* more: the whole text raw */
#define PAYLOAD_ROWS       500000 /* more: not whole; nobody reads that */
#define PAYLOAD_WORD_BYTES 25

struct payload_field {
    struct safe key, value;
    uint8_t depth;
    bool bare; /* the value is JSON as it stands (number, true, nested too deep), not an unescaped
                  string */
};

enum payload_part { PAYLOAD_KEY, PAYLOAD_VALUE, PAYLOAD_PAIR };
struct payload_row {
    struct safe text;
    uint32_t field;
    enum payload_part part; /* PAIR: the field's key stands before the text */
};

struct payload {
    struct text_arena arena;
    char *block;
    struct payload_field *fields;
    struct payload_row *rows;
    uint64_t *seen; /* a bit a row */
    size_t field_cap, row_cap, seen_cap, bytes;
    uint32_t field_count, row_count;
    uint32_t seen_count; /* rows that were displayed */
    uint32_t replaced;
    int cols, key_cols; /* of the last payload_wrap() */
    bool foreign;       /* letters that look like others */
    bool raw;           /* not the plain JSON object that it should be: shown as it stands */
    bool whole;
    char word[PAYLOAD_WORD_BYTES]; /* what an operator types to show that it was read; may be empty
                                    */
};

void payload_load(struct payload *p, struct span action, bool ascii);
void payload_wrap(struct payload *p, int cols);
void payload_release(struct payload *p);
/* These rows were displayed. payload_wrap() forgets what was. */
void payload_saw(struct payload *p, uint32_t top, int rows);
/* None were: the next payload_wrap() is due, at whatever width. */
void payload_forget(struct payload *p);
bool payload_end_seen(const struct payload *p);
/* Draws rows from `top` on; returns how many were drawn. */
int payload_draw(const struct payload *p, struct canvas *c, struct rect area, uint32_t top);

/* payload_json.c: walks the text; false when it is no JSON object or over a limit. */
struct payload_item {
    struct span key;  /* between the quotes, as it stands */
    struct span text; /* the value as it stands, quotes included */
    uint32_t index;   /* of an array's element */
    uint8_t depth;
    bool is_element, opens; /* opens: an object whose members follow, one deeper */
};
typedef bool payload_item_fn(void *ctx,
                             const struct payload_item *item); /* false: stop, over a limit */
bool payload_walk(struct span text, payload_item_fn *each, void *ctx);
/* Appends what a JSON string (with its quotes) says to out, which has room for s.n bytes: never
 * more come out than went in. False when it cannot be said in UTF-8 (a lone surrogate). */
bool payload_unescape(struct span s, char *out, size_t *n);

/* payload_word.c: the word to type, the same for the same text: the target if a member names one,
 * else the longest word of a value. Plain ASCII, 3 to 24 characters, and all of it in the text. */
struct word_pick {
    int rank; /* of what was picked; lower is better, 0: nothing yet */
    char word[PAYLOAD_WORD_BYTES];
};
void word_offer(struct word_pick *pick, struct span key, struct span value);
/* The longest plain word of any text; empty when it has none. */
void word_longest(struct span s, char out[PAYLOAD_WORD_BYTES]);

#endif
