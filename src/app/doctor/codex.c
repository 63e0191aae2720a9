/* codex.c - what Codex itself says of its hooks: a file of hooks alone is no gate before its user
 * has trusted them, and its settings may switch all of them off.
 */
#include "doctor_priv.h"

#include <limits.h>
#include <unistd.h>

#include "../codex_client.h"

#define TRUST "start codex here, type /hooks, look at each and trust it"

struct count {
    size_t ours, trusted;
};

static struct count count_ours(struct codex_hooks *h)
{
    struct count n = {0};
    struct codex_hook hook;
    for (uint32_t at = TAPE_ABSENT; codex_hooks_next(h, &at, &hook);) {
        n.ours += hook.ours;
        n.trusted += hook.ours && hook.enabled &&
                     (span_is(hook.trust, "trusted") || span_is(hook.trust, "managed"));
    }
    return n;
}

static void tell(struct doctor *d, struct count n)
{
    size_t want = d->runtime->kind->hook_count;
    if (!n.ours) {
        found(
            d, "trust", LEVEL_FAIL,
            "look for hooks = false under [features] in config.toml, the user's and this folder's",
            "the client runs none of our hooks here, though its settings hold them");
    } else if (n.trusted < want) {
        found(d, "trust", LEVEL_FAIL, TRUST,
              "the client runs %zu of %zu hooks: the others are not trusted, or switched off, and "
              "are skipped without a word",
              n.trusted, want);
    } else {
        found(d, "trust", LEVEL_OK, NULL, "the client trusts all %zu hooks", want);
    }
}

void check_codex_besides(struct doctor *d)
{
    char here[PATH_MAX];
    const char *const argv[] = {d->binary ? d->binary : "codex", NULL};
    struct codex_hooks h;
    struct why why = {0};
    if (!d->in_force) {
        return;
    }
    enum status st = codex_hooks_ask(&h, argv, getcwd(here, sizeof(here)) ? here : "/", &why);
    if (st == ST_OK) {
        tell(d, count_ours(&h));
    } else {
        found(d, "trust", LEVEL_FAIL, "name the client with --binary",
              "whether the hooks are trusted is not known: %s", why.text);
    }
    codex_hooks_release(&h);
}
