/* words_priv.h - completion scripts and manual pages, written from the tables of subcommands,
 * options and keys.
 */
#ifndef APP_WORDS_PRIV_H
#define APP_WORDS_PRIV_H

#include "../app_priv.h"

#define SCRIPT_BYTES ((size_t)256 << 10)

/* What stands for an argument or operand says how it is completed. */
enum word_kind {
    WORD_NONE,
    WORD_FILE,
    WORD_FOLDER,
    WORD_AGENT,
    WORD_REQUEST,
    WORD_SUBCOMMAND,
    WORD_ONE_OF
};

/* The kind of the first placeholder in `text` ("AGENT...", "[FILE]", "bash|zsh|fish"); *choices
 * gets the words of WORD_ONE_OF, divided by '|'. NULL is WORD_NONE. */
enum word_kind word_kind_of(const char *text, struct span *choices);

/* Takes the next of "a|b|c" off; false at the end. */
bool choice_next(struct span *choices, struct span *one);

/* Writes `text` with each character of `special` behind `escape`. */
void put_escaped(struct buf *out, struct span text, const char *special, const char *escape);

void bash_completion(struct buf *out);
void zsh_completion(struct buf *out);
void fish_completion(struct buf *out);

/* Prints and releases it: EXIT_DONE, or EXIT_TROUBLE when it was too long or nobody reads. */
int print_and_release(struct buf *b);

#endif
