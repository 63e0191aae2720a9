/* Figures as the dialect tells them to tokens that are each counted under one kind. */
#include <string.h>

#include "usage_priv.h"

static const char *const words[] = {
#define X(mark, words) [mark] = (words),
    USAGE_MARKS(X)
#undef X
};

const char *usage_mark_words(enum usage_mark mark)
{
    return mark < USAGE_MARK_COUNT ? words[mark] : "";
}

bool usage_lied(const struct usage_said *said)
{
    uint32_t lies = 1u << USAGE_NO_COUNT | 1u << USAGE_TOO_MANY | 1u << USAGE_PART_OVER_WHOLE |
                    1u << USAGE_SHRANK | 1u << USAGE_TWICE | 1u << USAGE_TOO_FEW;
    return (said->marks & lies) != 0;
}

static int64_t sum(int64_t a, int64_t b, uint32_t *marks)
{
    if (a > USAGE_TOKENS_MAX - b) {
        *marks |= 1u << USAGE_TOO_MANY;
        return USAGE_TOKENS_MAX;
    }
    return a + b;
}

/* What is left of a whole. Who tells a larger part has not put it in: then the part counts alone.
 */
static int64_t rest(const struct usage_reader *r, enum usage_figure whole, int64_t parts,
                    uint32_t *marks)
{
    if ((r->told >> whole & 1) != 0 && parts > r->figure[whole]) {
        *marks |= 1u << USAGE_PART_OVER_WHOLE;
    }
    return r->figure[whole] > parts ? r->figure[whole] - parts : 0;
}

static struct price_usage tokens(const struct usage_reader *r, uint32_t *marks)
{
    const int64_t *n = r->figure;
    int64_t cached = sum(n[FIGURE_CACHE_READ], n[FIGURE_CACHE_WRITE], marks);
    int64_t input = sum(n[FIGURE_IN_APART], rest(r, FIGURE_IN_WHOLE, cached, marks), marks);
    int64_t written = rest(r, FIGURE_CACHE_WRITE, n[FIGURE_CACHE_WRITE_1H], marks);
    int64_t output = rest(r, FIGURE_OUT_WHOLE, n[FIGURE_REASONING], marks);
    return (struct price_usage){
        .tokens = {
                   [PRICE_INPUT] = sum(input, n[FIGURE_IN_TOOL], marks),
                   [PRICE_OUTPUT] = sum(n[FIGURE_OUT_APART], output, marks),
                   [PRICE_CACHE_READ] = n[FIGURE_CACHE_READ],
                   [PRICE_CACHE_WRITE] = written,
                   [PRICE_CACHE_WRITE_1H] = n[FIGURE_CACHE_WRITE_1H],
                   [PRICE_REASONING] = n[FIGURE_REASONING],
                   }
    };
}

/* The longest token of any vocabulary that is known stands for 128 bytes, each of which JSON may
 * write in six. */
#define TOKEN_BYTES_MAX 768
#define FEW_BYTES       4096

static bool too_few(const struct usage_reader *r, const struct price_usage *u)
{
    int64_t bytes = r->text_bytes > FEW_BYTES ? r->text_bytes - FEW_BYTES : 0;
    return r->ending == USAGE_COMPLETE &&
           bytes / TOKEN_BYTES_MAX > u->tokens[PRICE_OUTPUT] + u->tokens[PRICE_REASONING];
}

void usage_totals(const struct usage_reader *r, struct usage_said *out)
{
    *out = (struct usage_said){.told = r->told != 0, .ending = r->ending, .marks = r->marks};
    if (out->told) {
        out->tokens = tokens(r, &out->marks);
        out->marks |= too_few(r, &out->tokens) ? 1u << USAGE_TOO_FEW : 0;
    }
    out->text_bytes = r->text_bytes;
    out->served = r->served;
    memcpy(out->id, r->id, sizeof(out->id));
    memcpy(out->model, r->model, sizeof(out->model));
    memcpy(out->error, r->error, sizeof(out->error));
}
