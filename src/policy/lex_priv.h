/* lex_priv.h - a command line as words, separators and redirections, by the quoting rules of a
 * POSIX shell.
 *
 * What a shell would do with a construct that is not plain quoting is not worked out: `certain`
 * falls, and the tokens are then a good guess for rules that forbid, never for rules that allow.
 */
#ifndef LEX_PRIV_H
#define LEX_PRIV_H

#include "checkrein/buf.h"

#define LEX_NESTED_MAX 32

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_SEPARATOR, TOKEN_REDIRECT };

struct token {
    enum token_kind kind;
    struct span op;      /* of a separator or a redirection, without its number */
    struct span written; /* of a word: as it stands */
    struct span plain;   /* of a word: without its quotes; until the next token */
    bool globs;          /* a word with '*', '?' or '[' outside of quotes */
};

struct lexer {
    struct span in;
    size_t at;
    bool certain;
    int braces;
    struct buf plain;
    struct token token;
    struct span nested[LEX_NESTED_MAX]; /* text that may be commands too: after a substitution in
                                           double quotes */
    size_t nested_count;
    bool over; /* there were more of them */
};

void lexer_init(struct lexer *lx, struct span in);
void lexer_release(struct lexer *lx);
/* Of kind TOKEN_END at the end. The token is the lexer's, until the next call. */
const struct token *lexer_next(struct lexer *lx);

#endif
