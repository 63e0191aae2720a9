#include "app_priv.h"

static const struct option_row *find(const struct option_row *rows, struct span name)
{
    for (; rows->name; rows++) {
        if (span_is(name, rows->name)) {
            return rows;
        }
    }
    return NULL;
}

static void print_usage(const struct option_row *rows, const char *usage)
{
    (void)printf("usage: checkrein %s\n", usage);
    for (; rows->name; rows++) {
        char left[48];
        (void)snprintf(left, sizeof(left), "--%s%s%s", rows->name, rows->argument ? " " : "",
                       rows->argument ? rows->argument : "");
        (void)printf("  %-24s %s\n", left, rows->help);
    }
}

/* "--name value" or "--name=value"; `used` is how many arguments it took. */
static enum status take(char **argv, int left, const struct option_row *rows, int *used)
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
        *row->value = "";
        *used = 1;
        return ST_OK;
    }
    if (!inline_value && left < 2) {
        app_say("option --%s needs %s", row->name, row->argument);
        return ST_INVALID;
    }
    *row->value = inline_value ? word.p + eq + 1 : argv[1];
    *used = inline_value ? 1 : 2;
    return ST_OK;
}

enum status options_parse(struct args *a, const struct option_row *rows, const char *usage)
{
    int kept = 0;
    for (int i = 0; i < a->argc;) {
        char *word = a->argv[i];
        if (strcmp(word, "--help") == 0) {
            print_usage(rows, usage);
            return ST_END;
        }
        if (word[0] != '-' || word[1] != '-' || !word[2]) {
            a->argv[kept++] = word;
            i++;
            continue;
        }
        int used = 1;
        if (take(a->argv + i, a->argc - i, rows, &used) != ST_OK) {
            app_say("usage: checkrein %s", usage);
            return ST_INVALID;
        }
        i += used;
    }
    a->argc = kept;
    return ST_OK;
}
