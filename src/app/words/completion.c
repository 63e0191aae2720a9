/* completion.c - `checkrein completion SHELL`, and what its scripts ask while someone types:
 * `checkrein complete WHAT`.
 */
#include "words_priv.h"

#include "../headless.h"

#define ANSWER_MS  1000 /* someone waits at a prompt */
#define ANSWER_MAX 1000

enum word_kind word_kind_of(const char *text, struct span *choices)
{
    static const struct {
        const char *word;
        enum word_kind kind;
    } WORDS[] = {
        {"FILE",       WORD_FILE      },
        {"PATH",       WORD_FILE      },
        {"FOLDER",     WORD_FOLDER    },
        {"AGENT",      WORD_AGENT     },
        {"ID",         WORD_REQUEST   },
        {"SUBCOMMAND", WORD_SUBCOMMAND},
    };
    const char *at = text ? text + strspn(text, "[") : "";
    struct span word = {at, strcspn(at, " ].")};
    *choices = SPAN_NONE;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (span_is(word, WORDS[i].word)) {
            return WORDS[i].kind;
        }
    }
    if (word.n && (memchr(word.p, '|', word.n) || (word.p[0] >= 'a' && word.p[0] <= 'z'))) {
        *choices = word;
        return WORD_ONE_OF;
    }
    return WORD_NONE;
}

bool choice_next(struct span *choices, struct span *one)
{
    if (!choices->n) {
        return false;
    }
    size_t n = span_find(*choices, '|');
    *one = span_sub(*choices, 0, n);
    *choices = span_sub(*choices, n + 1, choices->n);
    return true;
}

void put_escaped(struct buf *out, struct span text, const char *special, const char *escape)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr(special, text.p[i])) {
            buf_addstr(out, escape);
        }
        buf_addch(out, text.p[i]);
    }
}

int print_and_release(struct buf *b)
{
    bool ok = buf_status(b) == ST_OK && fwrite(b->data, 1, b->len, stdout) == b->len &&
              fflush(stdout) == 0;
    buf_release(b);
    return ok ? EXIT_DONE : EXIT_TROUBLE;
}

int cmd_completion(struct args *a)
{
    static const struct {
        const char *name;
        void (*write)(struct buf *out);
    } SHELLS[] = {
        {"bash", bash_completion},
        {"zsh",  zsh_completion },
        {"fish", fish_completion}
    };
    for (size_t i = 0; a->argc == 1 && i < ARRAY_LEN(SHELLS); i++) {
        if (strcmp(a->argv[0], SHELLS[i].name) == 0) {
            struct buf b;
            buf_init(&b, SCRIPT_BYTES);
            SHELLS[i].write(&b);
            return print_and_release(&b);
        }
    }
    return usage_fault(a);
}

/* ---- what is there now */

/* A shell may do anything with a word: what could mean more than itself is not offered. */
static void offer(struct span word)
{
    if (word.n &&
        ini_has_only(word,
                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._/@+-") &&
        word.p[0] != '-') {
        (void)printf("%.*s\n", SPAN_ARG(word));
    }
}

static void offer_agents(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_agent_count(f) && i < ANSWER_MAX; i++) {
        const struct agent *a = fleet_agent_at(f, i);
        if (a->state != AGENT_STOPPED) {
            offer(fleet_span(f, a->name));
            offer(fleet_span(f, a->id));
        }
    }
}

static void offer_requests(const struct fleet *f)
{
    for (uint32_t i = 0; i < fleet_pending_count(f) && i < ANSWER_MAX; i++) {
        offer(fleet_span(f, fleet_pending_at(f, i)->id));
    }
}

/* Nothing to offer is no error to tell: a half-typed line stays as it is. */
int cmd_complete(struct args *a)
{
    static const struct {
        const char *what;
        void (*offer)(const struct fleet *f);
    } WHATS[] = {
        {"agents",   offer_agents  },
        {"requests", offer_requests}
    };
    for (size_t i = 0; a->argc == 1 && i < ARRAY_LEN(WHATS); i++) {
        if (strcmp(a->argv[0], WHATS[i].what) == 0) {
            struct headless h;
            struct why why = {0};
            if (headless_open_within(&h, NULL, ANSWER_MS, &why) == ST_OK) {
                WHATS[i].offer(h.hub.fleet);
            }
            headless_close(&h);
            return EXIT_DONE;
        }
    }
    return EXIT_USAGE;
}
