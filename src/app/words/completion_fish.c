#include "words_priv.h"

static const char HEAD[] = "# fish completion of checkrein, made by `checkrein completion fish`\n"
                           "\n"
                           "function __checkrein_ask\n"
                           "    command checkrein complete $argv[1] 2>/dev/null </dev/null\n"
                           "end\n"
                           "\n"
                           "complete -c checkrein -f\n";

static void put_quoted(struct buf *out, struct span text)
{
    buf_addch(out, '\'');
    put_escaped(out, text, "'\\", "\\");
    buf_addch(out, '\'');
}

static void put_how(struct buf *out, const char *text)
{
    struct span choices;
    switch (word_kind_of(text, &choices)) {
    case WORD_FILE:
        buf_addstr(out, " -F");
        break;
    case WORD_FOLDER:
        buf_addstr(out, " -a '(__fish_complete_directories)'");
        break;
    case WORD_AGENT:
        buf_addstr(out, " -a '(__checkrein_ask agents)'");
        break;
    case WORD_REQUEST:
        buf_addstr(out, " -a '(__checkrein_ask requests)'");
        break;
    case WORD_ONE_OF:
        buf_addstr(out, " -a '");
        for (struct span one; choice_next(&choices, &one);) {
            buf_printf(out, "%.*s ", SPAN_ARG(one));
        }
        buf_addch(out, '\'');
        break;
    case WORD_SUBCOMMAND:
        buf_addstr(out, " -a '");
        for (size_t i = 0; subcommand_at(i); i++) {
            buf_printf(out, "%s ", subcommand_at(i)->help ? subcommand_at(i)->name : "");
        }
        buf_addch(out, '\'');
        break;
    case WORD_NONE:
    default:
        break;
    }
}

static void put_subcommand(struct buf *out, const struct subcommand *s)
{
    buf_printf(out, "complete -c checkrein -n __fish_use_subcommand -a %s -d ", s->name);
    put_quoted(out, span_str(s->help));
    buf_addch(out, '\n');
    for (const struct option_row *o = s->options; o && o->name; o++) {
        buf_printf(out, "complete -c checkrein -n '__fish_seen_subcommand_from %s' -l %s%s -d ",
                   s->name, o->name, o->argument ? " -r" : "");
        put_quoted(out, span_str(o->help));
        if (o->argument) {
            put_how(out, o->argument);
        }
        buf_addch(out, '\n');
    }
    struct span choices;
    if (word_kind_of(s->operands, &choices) != WORD_NONE) {
        buf_printf(out, "complete -c checkrein -n '__fish_seen_subcommand_from %s'", s->name);
        put_how(out, s->operands);
        buf_addch(out, '\n');
    }
}

void fish_completion(struct buf *out)
{
    const struct subcommand *s;
    buf_addstr(out, HEAD);
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            put_subcommand(out, s);
        }
    }
}
