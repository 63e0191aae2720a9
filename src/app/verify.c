#include "verify.h"

#include "app_priv.h"
#include "checkrein/file.h"
#include "checkrein/num.h"
#include "checkrein/text.h"

static const char *const VERDICT_WORDS[] = {
    [VERIFY_INTACT] = "intact",
    [VERIFY_TORN_TAIL] = "intact, but its last line is not whole",
    [VERIFY_BROKEN] = "NOT INTACT",
    [VERIFY_UNREADABLE] = "unreadable",
};

int verify_look(const char *path, struct verify_verdict *out, struct why *why)
{
    *out = (struct verify_verdict){0};
    if (journal_verify(path, NULL, &out->report, why) != ST_OK) {
        return EXIT_TROUBLE;
    }
    out->words = VERDICT_WORDS[out->report.verdict];
    if (out->report.verdict != VERIFY_INTACT && out->report.verdict != VERIFY_TORN_TAIL) {
        return EXIT_BROKEN;
    }
    if (journal_decisions(path, &out->decisions, why) != ST_OK) {
        return EXIT_TROUBLE;
    }
    return out->decisions.faults > 0 ? EXIT_BROKEN : EXIT_DONE;
}

static void print_report(const char *path, const struct journal_report *r)
{
    char key[HEX_BYTES(32)];
    char when[TIME_TEXT_BYTES];
    char name[PATH_SHOWN_BYTES]; /* that somebody gave to a file */
    hex_encode(r->key, sizeof(r->key), key);
    (void)text_plain_of(span_str(path), name, sizeof(name));
    (void)printf("%s: %s, %llu records, %llu seals\n", name, VERDICT_WORDS[r->verdict],
                 (unsigned long long)r->records, (unsigned long long)r->seals);
    if (r->verdict == VERIFY_BROKEN) {
        time_format(r->first_bad_us, when);
        (void)printf("  first bad: record %llu, %s, %s: %s\n", (unsigned long long)r->first_bad_n,
                     r->file, r->first_bad_us ? when : "time unreadable", r->what);
    } else if (r->what[0]) {
        (void)printf("  %s %s\n", r->file, r->what);
    }
    if (r->dropped_n > 0) {
        time_format(r->dropped_us, when);
        (void)printf("  it begins with record %llu: what is before was dropped by the %s at %s, "
                     "%s %llu %s (record %llu)\n",
                     (unsigned long long)r->first_n, r->dropped_by, when,
                     r->dropped_why == DROP_AGE ? "older than" : "to have no more than",
                     (unsigned long long)r->dropped_limit,
                     r->dropped_why == DROP_AGE ? "days" : "bytes",
                     (unsigned long long)r->dropped_n);
    }
    (void)printf("  head %s\n  key  %s\n", r->head, key);
    if (r->secrets > 0) {
        (void)printf("  %llu secret%s replaced before %s written: %s\n",
                     (unsigned long long)r->secrets, r->secrets == 1 ? " was" : "s were",
                     r->secrets == 1 ? "it was" : "they were", r->secret_kinds);
    }
    if (r->clock_steps > 0) {
        (void)printf("  the clock was set back %llu times: order is by number\n",
                     (unsigned long long)r->clock_steps);
    }
    if (!r->sealed_to_end) {
        (void)printf("  what follows the last seal is chained but not sealed yet\n");
    }
}

static enum status read_key(const char *path, uint8_t key[32], struct why *why)
{
    struct buf b;
    buf_init(&b, 256);
    enum status st = file_read(path, &b, why);
    if (st == ST_OK && hex_decode(span_trim(buf_span(&b)), key, 32) != ST_OK) {
        st = why_fail(why, ST_INVALID, "%s: a key is 64 hex digits", path);
    }
    buf_release(&b);
    return st;
}

static void print_fault(const struct journal_decisions *d)
{
    char agent[sizeof(d->agent)];
    char call[sizeof(d->call)];
    char when[TIME_TEXT_BYTES];
    (void)text_plain_of(span_str(d->agent), agent, sizeof(agent));
    (void)text_plain_of(span_str(d->call), call, sizeof(call));
    time_format(d->first_us, when);
    (void)printf("  NOT AS DECIDED: record %llu, %s: %s (agent %s, call %s)\n",
                 (unsigned long long)d->first_n, when, d->first, agent, call);
    if (d->faults > 1) {
        (void)printf("  and %llu faults after it\n", (unsigned long long)(d->faults - 1));
    }
}

static void print_decisions(const struct journal_decisions *d)
{
    if (d->partial) {
        (void)printf(
            "  decisions are checked from here on: %llu of them are of requests that are not "
            "here\n",
            (unsigned long long)d->unseen);
    }
    if (d->faults > 0) {
        print_fault(d);
    } else if (d->started > 0) {
        (void)printf(
            "  %llu calls were let run, each by one decision of its digest: %llu by a rule, "
            "%llu by an operator\n",
            (unsigned long long)d->started, (unsigned long long)d->by_rule,
            (unsigned long long)d->by_operator);
    }
    if (d->ungated > 0 && !d->partial) {
        (void)printf("  %llu calls ended that the gate never let through\n",
                     (unsigned long long)d->ungated);
    }
}

/* What an intact record tells of the gate. */
static int verify_decisions(const char *path)
{
    struct journal_decisions d;
    struct why why = {0};
    if (journal_decisions(path, &d, &why) != ST_OK) {
        app_say("%s: %s", path, why.text);
        return EXIT_TROUBLE;
    }
    print_decisions(&d);
    return d.faults > 0 ? EXIT_BROKEN : EXIT_DONE;
}

static void print_not_agreeing(const struct journal_heads_report *r)
{
    char when[TIME_TEXT_BYTES];
    time_format(r->time_us, when);
    const char *time = r->time_us ? when : "time not told";
    if (r->verdict == HEADS_CUT) {
        (void)printf("  CUT: it ends with record %llu, and the head of record %llu (%s) is known\n",
                     (unsigned long long)r->end_n, (unsigned long long)r->n, time);
    } else if (r->verdict == HEADS_OTHER) {
        (void)printf("  REWRITTEN: record %llu (%s) has another head than the one that is known\n",
                     (unsigned long long)r->n, time);
    } else {
        (void)printf("  NOT COMPARED: no head of this record is known\n");
    }
}

static void print_heads(const struct journal_heads_report *r)
{
    if (r->verdict != HEADS_AGREE) {
        print_not_agreeing(r);
    } else {
        (void)printf("  %llu known heads agree, the last of record %llu\n",
                     (unsigned long long)r->agree, (unsigned long long)r->last_n);
    }
    if (r->before > 0) {
        (void)printf("  %llu known heads are of earlier records, which are not here\n",
                     (unsigned long long)r->before);
    }
    if (r->foreign > 0) {
        (void)printf("  %llu known heads are of other records\n", (unsigned long long)r->foreign);
    }
    if (r->bad > 0) {
        (void)printf("  %llu lines are no heads, or not signed by this record's key\n",
                     (unsigned long long)r->bad);
    }
}

/* Is the end of an intact record its end? */
static int verify_heads(const char *path, const struct journal_heads *heads)
{
    struct journal_heads_report r;
    struct why why = {0};
    if (journal_heads_compare(heads, path, &r, &why) != ST_OK) {
        app_say("%s: %s", path, why.text);
        return EXIT_TROUBLE;
    }
    print_heads(&r);
    return r.verdict == HEADS_AGREE ? EXIT_DONE : EXIT_BROKEN;
}

static void print_signer(const struct journal_signer *s)
{
    char key[HEX_BYTES(sizeof(s->key))];
    char name[sizeof(s->name)];
    hex_encode(s->key, sizeof(s->key), key);
    (void)text_plain_of(span_str(s->name), name, sizeof(name));
    if (s->name[0]) {
        (void)printf("    %llu by %s, the last of record %llu\n", (unsigned long long)s->count,
                     name, (unsigned long long)s->last_n);
    } else {
        (void)printf("    %llu by a key that is not known, the last of record %llu: %s\n",
                     (unsigned long long)s->count, (unsigned long long)s->last_n, key);
    }
}

static void print_countersigns(const struct journal_countersigns *c,
                               const struct journal_signers *signers)
{
    if (c->bad_n > 0) {
        (void)printf("  NOT SIGNED: record %llu tells of a signature that does not hold\n",
                     (unsigned long long)c->bad_n);
    }
    if (c->other_n > 0) {
        (void)printf("  REWRITTEN: record %llu has another head than the one that was signed for\n",
                     (unsigned long long)c->other_n);
    }
    if (c->count > 0) {
        (void)printf("  %llu signatures of others for its heads hold, the last of record %llu\n",
                     (unsigned long long)c->count, (unsigned long long)c->last_n);
    }
    for (size_t i = 0; i < signers->count; i++) {
        if (signers->signer[i].count > 0) {
            print_signer(&signers->signer[i]);
        }
    }
    if (c->more > 0) {
        (void)printf("    %llu by more keys\n", (unsigned long long)c->more);
    }
}

/* Who signed for the heads of an intact record? */
static int verify_countersigns(const char *path, const struct journal_signers *known)
{
    struct journal_countersigns c;
    struct journal_signers signers = *known;
    struct why why = {0};
    if (journal_countersigns(path, &signers, &c, &why) != ST_OK) {
        app_say("%s: %s", path, why.text);
        return EXIT_TROUBLE;
    }
    print_countersigns(&c, &signers);
    return c.bad_n > 0 || c.other_n > 0 ? EXIT_BROKEN : EXIT_DONE;
}

struct known {
    const uint8_t *key;                /* NULL: the one in the folder is trusted */
    const struct journal_heads *heads; /* NULL: none */
    struct journal_signers signers;
};

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int verify_one(const char *path, const struct known *known)
{
    struct journal_report report = {0};
    struct why why = {0};
    if (journal_verify(path, known->key, &report, &why) != ST_OK) {
        app_say("%s: %s", path, why.text);
        return EXIT_TROUBLE;
    }
    print_report(path, &report);
    bool intact = report.verdict == VERIFY_INTACT || report.verdict == VERIFY_TORN_TAIL;
    if (!intact) {
        return EXIT_BROKEN;
    }
    int heads = known->heads ? verify_heads(path, known->heads) : EXIT_DONE;
    int signers = verify_countersigns(path, &known->signers);
    return worse(worse(heads, signers), verify_decisions(path));
}

/* What a console kept counts only when its record is whole. */
static enum status read_against(const char *path, struct journal_heads *heads, struct why *why)
{
    struct journal_report r = {0};
    enum status st = journal_verify(path, NULL, &r, why);
    if (st != ST_OK) {
        return st;
    }
    if (r.verdict != VERIFY_INTACT && r.verdict != VERIFY_TORN_TAIL) {
        return why_fail(why, ST_CONFLICT, "%s: %s, so the heads in it are not compared with", path,
                        VERDICT_WORDS[r.verdict]);
    }
    return journal_heads_read_record(heads, path, why);
}

struct choices {
    const char *key, *heads, *head, *keys, *against;
};

static enum status take_choices(const struct choices *ch, struct known *known,
                                struct journal_heads *heads, uint8_t key[32], struct why *why)
{
    enum status st = ch->key ? read_key(ch->key, key, why) : ST_OK;
    if (st == ST_OK && ch->heads) {
        st = journal_heads_read(heads, ch->heads, why);
    }
    if (st == ST_OK && ch->head) {
        st = journal_heads_add(heads, span_str(ch->head), why);
    }
    if (st == ST_OK && ch->against) {
        st = read_against(ch->against, heads, why);
    }
    if (st == ST_OK && ch->keys) {
        st = journal_signers_read(&known->signers, ch->keys, why);
    }
    known->key = ch->key ? key : NULL;
    known->heads = ch->heads || ch->head || ch->against ? heads : NULL;
    return st;
}

const struct option_row OPTIONS_VERIFY[] = {
    {"key",                                                                           "FILE", "the seals' public key, kept elsewhere; else the one in the folder is trusted",
     offsetof(struct choices, key)},
    {"heads", "FILE", "heads kept elsewhere (journal_heads): was the record's end cut off?",
     offsetof(struct choices, heads)},
    {"head",                                                                           "NUMBER:HASH", "the same for one head that you noted", offsetof(struct choices, head)},
    {"against",                                                                         "FOLDER", "the same for the heads that a console has in its own record",
     offsetof(struct choices, against)},
    {"keys",          "FILE", "public keys of consoles that sign for heads, 64 hex digits and a name a line",
     offsetof(struct choices, keys)},
    {0                                                                        },
};

int cmd_verify(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st == ST_END) {
        return EXIT_DONE;
    }
    if (st != ST_OK || a->argc == 0) {
        app_say("which record? a folder or a segment file");
        return EXIT_USAGE;
    }
    uint8_t key[32];
    struct why why = {0};
    struct known known = {0};
    struct journal_heads *heads = journal_heads_new();
    int worst = EXIT_DONE;
    enum status taken = take_choices(&ch, &known, heads, key, &why);
    if (taken != ST_OK) {
        worst = app_trouble(&why, taken == ST_CONFLICT ? EXIT_BROKEN : EXIT_TROUBLE);
        a->argc = 0;
    }
    for (int i = 0; i < a->argc; i++) {
        int code = verify_one(a->argv[i], &known);
        worst = worse(worst, code);
    }
    journal_heads_free(heads);
    return worst;
}
