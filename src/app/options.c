#include "app_priv.h"

static const struct option_row NO_OPTIONS[] = {{0}};

static const struct option_row *rows_of(const struct args *a)
{
    return a->sub->options ? a->sub->options : NO_OPTIONS;
}

static const struct option_row *find(const struct option_row *rows, struct span name)
{
    for (; rows->name; rows++) {
        if (span_is(name, rows->name)) {
            return rows;
        }
    }
    return NULL;
}

static void print_usage(FILE *to, const struct subcommand *s)
{
    (void)fprintf(to, "usage: checkrein %s%s%s%s\n", s->name, s->options ? " [OPTION...]" : "",
                  s->operands[0] ? " " : "", s->operands);
}

int usage_fault(const struct args *a)
{
    print_usage(stderr, a->sub);
    return EXIT_USAGE;
}

static void print_help(const struct args *a)
{
    print_usage(stdout, a->sub);
    if (a->sub->help) {
        (void)printf("%s\n", a->sub->help);
    }
    for (const struct option_row *row = rows_of(a); row->name; row++) {
        char left[80];
        (void)snprintf(left, sizeof(left), "--%s%s%s", row->name, row->argument ? " " : "",
                       row->argument ? row->argument : "");
        (void)printf("  %-24s %s\n", left, row->help);
    }
}

/* What may be given several times fills an array up; what is too much is left out by nobody. */
static enum status put_one_more(void *choices, const struct option_row *row, const char *value)
{
    const char **slot = (const char **)(void *)((char *)choices + row->at);
    for (size_t i = 0; i + 1 < OPTION_TIMES; i++) {
        if (!slot[i]) {
            slot[i] = value;
            return ST_OK;
        }
    }
    app_say("option --%s was given too often", row->name);
    return ST_INVALID;
}

static void put(void *choices, const struct option_row *row, const char *value)
{
    memcpy((char *)choices + row->at, &value, sizeof(value));
}

/* "--name value" or "--name=value"; `used` is how many arguments it took. */
static enum status take(char **argv, int left, const struct option_row *rows, void *choices,
                        int *used)
{
    struct span word = span_str(argv[0] + 2);
    size_t eq = span_find(word, '=');
    const struct option_row *row = find(rows, span_sub(word, 0, eq));
    if (!row) {
        app_say("there is no option %s", argv[0]);
        return ST_INVALID;
    }
    bool inline_value = eq < word.n;
    if (!row->argument) {
        if (inline_value) {
            app_say("option --%s takes no value", row->name);
            return ST_INVALID;
        }
        put(choices, row, "");
        *used = 1;
        return ST_OK;
    }
    if (!inline_value && left < 2) {
        app_say("option --%s needs %s", row->name, row->argument);
        return ST_INVALID;
    }
    const char *value = inline_value ? word.p + eq + 1 : argv[1];
    *used = inline_value ? 1 : 2;
    if (span_ends(span_str(row->argument), "...")) {
        return put_one_more(choices, row, value);
    }
    put(choices, row, value);
    return ST_OK;
}

enum status options_parse(struct args *a, void *choices)
{
    int kept = 0;
    bool ended = false; /* "--": from there on nothing is an option */
    for (int i = 0; i < a->argc;) {
        char *word = a->argv[i];
        if (ended || word[0] != '-' || word[1] != '-') {
            a->argv[kept++] = word;
            i++;
            continue;
        }
        if (!word[2]) {
            ended = true;
            i++;
            continue;
        }
        if (strcmp(word, "--help") == 0) {
            print_help(a);
            return ST_END;
        }
        int used = 1;
        if (take(a->argv + i, a->argc - i, rows_of(a), choices, &used) != ST_OK) {
            (void)usage_fault(a);
            return ST_INVALID;
        }
        i += used;
    }
    a->argc = kept;
    return ST_OK;
}
