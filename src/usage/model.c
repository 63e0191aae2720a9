/* The model that a body asks for, whatever the rest of it is. */
#include "usage_priv.h"

struct named {
    char *model;
    bool found, wrong, ended;
};

/* With an escape in it another reader may take another name. */
static void told(void *to, const struct usage_want *want, enum usage_kind kind, struct span token)
{
    struct named *n = to;
    (void)want;
    n->found = true;
    n->wrong = n->wrong || kind != KIND_TEXT || span_find(token, '\\') < token.n ||
               !usage_text(token, n->model, USAGE_MODEL_BYTES);
}

static void ended(void *to)
{
    struct named *n = to;
    n->ended = true;
}

enum status usage_body_model(struct span body, char model[USAGE_MODEL_BYTES])
{
    static const struct usage_want MODEL[] = {
        {{"model"}, 0, 0, 0, TAKE_TOKEN}
    };
    static const struct usage_form FORM = {MODEL, ARRAY_LEN(MODEL), told, NULL, ended};
    struct usage_scan scan;
    struct named n = {.model = model};
    model[0] = '\0';
    usage_scan_init(&scan, &FORM);
    if (body.n > 0) {
        usage_scan_feed(&scan, body, &n);
    }
    if (!n.ended || n.wrong || scan.listed || scan.twice || !usage_scan_whole(&scan)) {
        model[0] = '\0';
        return ST_INVALID;
    }
    return n.found ? ST_OK : ST_NOTFOUND;
}
