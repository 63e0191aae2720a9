#include <string.h>

#include "payload_priv.h"

enum { WORD_MIN = 3, WORD_MAX = PAYLOAD_WORD_BYTES - 1 };

/* Members by how well their value says what is acted on: the target itself, in this order; then
 * arguments; then anything; last what only describes. */
static const char *const targets[] = {
    "target",    "host", "hostname", "url",       "to",    "recipient", "amount", "write",
    "file_path", "path", "branch",   "namespace", "table", "database",  "repo",
};
static const char *const arguments[] = {"argv",  "command", "cmd",  "args",
                                        "query", "sql",     "code", "script"};
static const char *const describing[] = {"tool",   "cwd",     "description",
                                         "reason", "summary", "timeout"};
enum { RANK_TARGET = 1, RANK_ARGUMENT = 1000, RANK_OTHER = 2000, RANK_DESCRIBING = 3000 };

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._-/@:+=%", c) != NULL);
}

/* The next run of plain characters at or after *at. */
static bool next_word(struct span s, size_t *at, struct span *word)
{
    while (*at < s.n && !is_plain(s.p[*at])) {
        (*at)++;
    }
    size_t from = *at;
    while (*at < s.n && is_plain(s.p[*at])) {
        (*at)++;
    }
    *word = span_sub(s, from, *at - from);
    return word->n > 0;
}

/* Of a word that is too long to type, the part behind its last '/'. */
static struct span short_end(struct span word)
{
    size_t from = word.n;
    while (from > 0 && word.p[from - 1] != '/') {
        from--;
    }
    return word.n <= WORD_MAX ? word : span_sub(word, from, word.n - from);
}

static bool fits(struct span word)
{
    return word.n >= WORD_MIN && word.n <= WORD_MAX;
}

/* A flag says how, not what: it is taken only when there is nothing else. */
static bool is_better(struct span word, struct span best)
{
    bool flag = word.p[0] == '-';
    bool best_is_flag = best.n > 0 && best.p[0] == '-';
    return best.n > 0 && flag != best_is_flag ? best_is_flag : word.n > best.n;
}

static struct span longest(struct span s)
{
    struct span best = SPAN_NONE;
    struct span word;
    for (size_t at = 0; next_word(s, &at, &word);) {
        word = short_end(word);
        if (fits(word) && is_better(word, best)) {
            best = word;
        }
    }
    return best;
}

static bool is_one_of(struct span key, const char *const *names, size_t count, int *at)
{
    for (*at = 0; *at < (int)count; (*at)++) {
        if (span_is(key, names[*at])) {
            return true;
        }
    }
    return false;
}

/* Lower is better; among words of a group the longer ones are. */
static int rank_of(struct span key, struct span word)
{
    int at;
    if (is_one_of(key, targets, ARRAY_LEN(targets), &at)) {
        return RANK_TARGET + at;
    }
    if (is_one_of(key, arguments, ARRAY_LEN(arguments), &at)) {
        return RANK_ARGUMENT - (int)word.n;
    }
    if (is_one_of(key, describing, ARRAY_LEN(describing), &at)) {
        return RANK_DESCRIBING - (int)word.n;
    }
    return RANK_OTHER - (int)word.n;
}

void word_offer(struct word_pick *pick, struct span key, struct span value)
{
    struct span word = longest(value);
    int rank = rank_of(key, word);
    if (word.n > 0 && (pick->rank == 0 || rank < pick->rank)) {
        pick->rank = rank;
        (void)span_copy(word, pick->word, sizeof(pick->word));
    }
}

void word_longest(struct span s, char out[PAYLOAD_WORD_BYTES])
{
    (void)span_copy(longest(s), out, PAYLOAD_WORD_BYTES);
}
