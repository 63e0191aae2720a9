#include "lex_priv.h"

#include "policy_priv.h"

/* Byte at `ahead` from here; 0 at the end: a NUL in the line counts as a control character
 * elsewhere. */
static char peek(const struct lexer *lx, size_t ahead)
{
    if (lx->at + ahead >= lx->in.n) {
        return '\0';
    }
    return lx->in.p[lx->at + ahead];
}

static bool at_end(const struct lexer *lx)
{
    return lx->at >= lx->in.n;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static void doubt(struct lexer *lx)
{
    lx->certain = false;
}

static void put(struct lexer *lx, char c)
{
    (void)buf_addch(&lx->plain, c);
}

/* A byte inside of quotes: text of any language is, a control character is not what a person wrote.
 */
static void put_quoted(struct lexer *lx, char c)
{
    lx->certain = lx->certain && !is_control(c);
    put(lx, c);
}

static void remember_nested(struct lexer *lx, size_t from)
{
    if (lx->nested_count == LEX_NESTED_MAX) {
        lx->over = true;
        return;
    }
    lx->nested[lx->nested_count++] = span_sub(lx->in, from, SIZE_MAX);
}

/* ---- quotes: each takes everything from its opening to its closing mark */
static void lex_single(struct lexer *lx)
{
    for (lx->at++; !at_end(lx) && peek(lx, 0) != '\''; lx->at++) {
        put_quoted(lx, peek(lx, 0));
    }
    lx->certain = lx->certain && !at_end(lx);
    lx->at++;
}

static bool is_escapable(char c)
{
    return c == '$' || c == '`' || c == '"' || c == '\\';
}

static void lex_in_double(struct lexer *lx)
{
    char c = peek(lx, 0);
    if (c == '\\' && is_escapable(peek(lx, 1))) {
        lx->at++;
        put(lx, peek(lx, 0));
    } else if (c == '`' || c == '$') {
        doubt(lx);
        put(lx, c);
        if (c == '`') {
            remember_nested(lx, lx->at + 1);
        } else if (peek(lx, 1) == '(') {
            remember_nested(lx, lx->at + 2);
        }
    } else {
        put_quoted(lx, c);
    }
    lx->at++;
}

static void lex_double(struct lexer *lx)
{
    lx->at++;
    while (!at_end(lx) && peek(lx, 0) != '"') {
        lex_in_double(lx);
    }
    lx->certain = lx->certain && !at_end(lx);
    lx->at++;
}

static void lex_escape(struct lexer *lx)
{
    char c = peek(lx, 1);
    bool joins_lines = c == '\n' || lx->at + 1 >= lx->in.n;
    lx->certain = lx->certain && !is_control(c) && (unsigned char)c < 0x80;
    if (!joins_lines) {
        put(lx, c);
    }
    lx->at += 2;
}

static int digit_value(char c, int base)
{
    int v = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : base;
    return v < base ? v : -1;
}

/* At the first digit; takes at most `most` of them. */
static void lex_coded(struct lexer *lx, int base, int most)
{
    int value = 0;
    for (; most > 0 && digit_value(peek(lx, 0), base) >= 0; most--) {
        value = value * base + digit_value(peek(lx, 0), base);
        lx->at++;
    }
    value = value < 0x80 ? value : '?';
    put(lx, (char)value);
}

/* At what follows the backslash of $'...'. */
static void lex_ansi_escape(struct lexer *lx)
{
    static const struct {
        char letter;
        int base, most;
    } codes[] = {
        {'x', 16, 2},
        {'u', 16, 4},
        {'U', 16, 8}
    };
    char c = peek(lx, 0);
    if (digit_value(c, 8) >= 0) {
        lex_coded(lx, 8, 3);
        return;
    }
    lx->at++;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (c == codes[i].letter) {
            lex_coded(lx, codes[i].base, codes[i].most);
            return;
        }
    }
    if (c == 'n' || c == 't' || c == 'r') {
        c = ' ';
    }
    put(lx, c);
}

static void lex_ansi(struct lexer *lx)
{
    lx->at += 2;
    while (!at_end(lx) && peek(lx, 0) != '\'') {
        if (peek(lx, 0) == '\\') {
            lx->at++;
            lex_ansi_escape(lx);
        } else {
            put(lx, peek(lx, 0));
            lx->at++;
        }
    }
    lx->at++;
}

static void lex_dollar(struct lexer *lx)
{
    doubt(lx);
    if (peek(lx, 1) == '\'') {
        lex_ansi(lx);
    } else {
        put(lx, '$');
        lx->at++;
    }
}

/* ---- words */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool starts_substitution(const struct lexer *lx)
{
    return peek(lx, 0) == '$' && peek(lx, 1) == '(';
}

static bool is_operator(char c)
{
    return c == ';' || c == '&' || c == '|' || c == '(' || c == ')' || c == '`' || c == '\n' ||
           c == '<' || c == '>';
}

static bool is_brace(const struct lexer *lx)
{
    char c = peek(lx, 0);
    return c == '{' || c == '}' || (c == ',' && lx->braces > 0);
}

static bool ends_word(const struct lexer *lx)
{
    char c = peek(lx, 0);
    return at_end(lx) || is_blank(c) || is_operator(c) || is_brace(lx) || starts_substitution(lx);
}

static void lex_bare(struct lexer *lx)
{
    char c = peek(lx, 0);
    bool first = lx->plain.len == 0;
    bool globs = c == '*' || c == '?' || c == '[';
    lx->token.globs |= globs;
    /* A word that starts with a wildcard can become an option, one that starts with '#' is none,
     * and one that starts with '=' is a program's path to zsh. */
    if (is_control(c) || (unsigned char)c >= 0x80 || (first && (globs || c == '#' || c == '='))) {
        doubt(lx);
    }
    put(lx, c);
    lx->at++;
}

static void lex_piece(struct lexer *lx)
{
    switch (peek(lx, 0)) {
    case '\'':
        lex_single(lx);
        break;
    case '"':
        lex_double(lx);
        break;
    case '\\':
        lex_escape(lx);
        break;
    case '$':
        lex_dollar(lx);
        break;
    default:
        lex_bare(lx);
        break;
    }
}

static void lex_word(struct lexer *lx)
{
    size_t from = lx->at;
    while (!ends_word(lx)) {
        lex_piece(lx);
    }
    lx->at = lx->at < lx->in.n ? lx->at : lx->in.n;
    lx->token.kind = TOKEN_WORD;
    lx->token.written = span_sub(lx->in, from, lx->at - from);
}

/* ---- operators, longest first */
struct operator
{
    const char *text;
    enum token_kind kind;
    bool certain;
};

static const struct operator operators[] = {
    {"&>>", TOKEN_REDIRECT,  false},
    {"<<<", TOKEN_REDIRECT,  false},
    {"<<-", TOKEN_REDIRECT,  false},
    {"&&",  TOKEN_SEPARATOR, true },
    {"||",  TOKEN_SEPARATOR, true },
    {"|&",  TOKEN_SEPARATOR, false},
    {";;",  TOKEN_SEPARATOR, false},
    {";&",  TOKEN_SEPARATOR, false},
    {"&>",  TOKEN_REDIRECT,  false},
    {">>",  TOKEN_REDIRECT,  true },
    {">|",  TOKEN_REDIRECT,  true },
    {">&",  TOKEN_REDIRECT,  false},
    {">(",  TOKEN_SEPARATOR, false},
    {"<<",  TOKEN_REDIRECT,  false},
    {"<&",  TOKEN_REDIRECT,  false},
    {"<>",  TOKEN_REDIRECT,  false},
    {"<(",  TOKEN_SEPARATOR, false},
    {"$(",  TOKEN_SEPARATOR, false},
    {";",   TOKEN_SEPARATOR, true },
    {"&",   TOKEN_SEPARATOR, true },
    {"|",   TOKEN_SEPARATOR, true },
    {"\n",  TOKEN_SEPARATOR, false},
    {"(",   TOKEN_SEPARATOR, false},
    {")",   TOKEN_SEPARATOR, false},
    {"`",   TOKEN_SEPARATOR, false},
    {">",   TOKEN_REDIRECT,  true },
    {"<",   TOKEN_REDIRECT,  true },
};

/* "a &>f b" is "a b" with redirected output to bash, and "a" and then "b" to a POSIX shell. */
static void note_second_reading(struct lexer *lx, struct span op)
{
    if (span_starts(op, "&>")) {
        remember_nested(lx, lx->at + 1);
    }
}

static bool lex_operator(struct lexer *lx)
{
    struct span rest = span_sub(lx->in, lx->at, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (span_starts(rest, operators[i].text)) {
            lx->token.kind = operators[i].kind;
            lx->token.op = span_str(operators[i].text);
            lx->certain = lx->certain && operators[i].certain;
            note_second_reading(lx, lx->token.op);
            lx->at += lx->token.op.n;
            return true;
        }
    }
    return false;
}

/* The digits right before '<' or '>' name a file descriptor; to some shells only when it is one
 * digit. */
static void skip_descriptor(struct lexer *lx)
{
    size_t digits = 0;
    while (digit_value(peek(lx, digits), 10) >= 0) {
        digits++;
    }
    char c = peek(lx, digits);
    if (c == '<' || c == '>') {
        lx->certain = lx->certain && digits <= 1;
        lx->at += digits;
    }
}

static void skip_between(struct lexer *lx)
{
    while (!at_end(lx) && (is_blank(peek(lx, 0)) || is_brace(lx))) {
        char c = peek(lx, 0);
        lx->certain = lx->certain && c == ' ';
        lx->braces += c == '{' ? 1 : c == '}' && lx->braces > 0 ? -1 : 0;
        lx->at++;
    }
}

void lexer_init(struct lexer *lx, struct span in)
{
    *lx = (struct lexer){.in = in, .certain = true};
    buf_init(&lx->plain, in.n);
}

void lexer_release(struct lexer *lx)
{
    buf_release(&lx->plain);
}

const struct token *lexer_next(struct lexer *lx)
{
    lx->token = (struct token){.kind = TOKEN_END};
    buf_clear(&lx->plain);
    skip_between(lx);
    if (at_end(lx)) {
        return &lx->token;
    }
    skip_descriptor(lx);
    if (!lex_operator(lx)) {
        lex_word(lx);
        lx->token.plain = buf_span(&lx->plain);
    }
    return &lx->token;
}
