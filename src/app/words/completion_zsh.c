#include "words_priv.h"

static const char HEAD[] =
    "#compdef checkrein\n"
    "# zsh completion of checkrein, made by `checkrein completion zsh`\n"
    "\n"
    "_checkrein_ask()\n"
    "{\n"
    "    local -a found\n"
    "    found=(${(f)\"$(command checkrein complete $1 2>/dev/null </dev/null)\"})\n"
    "    compadd -a found\n"
    "}\n"
    "\n"
    "_checkrein()\n"
    "{\n"
    "    local -a subcommands\n"
    "    subcommands=(\n";

static const char MIDDLE[] = "    )\n"
                             "    if (( CURRENT == 2 )); then\n"
                             "        _describe -t commands subcommand subcommands\n"
                             "        return\n"
                             "    fi\n"
                             "    local sub=$words[2]\n"
                             "    shift words\n"
                             "    (( CURRENT-- ))\n"
                             "    case $sub in\n";

static const char TAIL[] = "    esac\n"
                           "}\n"
                           "\n"
                           "if [[ $funcstack[1] == _checkrein ]]; then\n"
                           "    _checkrein \"$@\"\n"
                           "else\n"
                           "    compdef _checkrein checkrein\n"
                           "fi\n";

/* Within '...', where [ ] and : mean something to _arguments. */
static void put_help(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') {
            buf_addstr(out, "'\\''");
        } else {
            put_escaped(out, (struct span){text, 1}, "[]:\\", "\\");
        }
    }
}

static void put_how(struct buf *out, const char *text)
{
    static const char *const HOW[] = {[WORD_NONE] = " ",
                                      [WORD_FILE] = "_files",
                                      [WORD_FOLDER] = "_files -/",
                                      [WORD_AGENT] = "_checkrein_ask agents",
                                      [WORD_REQUEST] = "_checkrein_ask requests"};
    struct span choices;
    struct span one;
    enum word_kind kind = word_kind_of(text, &choices);
    if (kind == WORD_SUBCOMMAND) {
        buf_addstr(out, "compadd -- ${subcommands%%\\:*}");
        return;
    }
    if (kind != WORD_ONE_OF) {
        buf_addstr(out, HOW[kind]);
        return;
    }
    buf_addch(out, '(');
    while (choice_next(&choices, &one)) {
        buf_printf(out, "%.*s ", SPAN_ARG(one));
    }
    buf_addch(out, ')');
}

static void put_case(struct buf *out, const struct subcommand *s)
{
    buf_printf(out, "        %s)\n            _arguments '--help[how it is used]'", s->name);
    for (const struct option_row *o = s->options; o && o->name; o++) {
        buf_printf(out, " \\\n                '--%s%s[", o->name, o->argument ? "=" : "");
        put_help(out, o->help);
        buf_addch(out, ']');
        if (o->argument) {
            buf_addch(out, ':');
            put_help(out, o->argument);
            buf_addch(out, ':');
            put_how(out, o->argument);
        }
        buf_addch(out, '\'');
    }
    if (s->operands[0]) {
        buf_addstr(out, " \\\n                '*:");
        put_help(out, s->operands);
        buf_addch(out, ':');
        put_how(out, s->operands);
        buf_addch(out, '\'');
    }
    buf_addstr(out, " ;;\n");
}

void zsh_completion(struct buf *out)
{
    const struct subcommand *s;
    buf_addstr(out, HEAD);
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            buf_printf(out, "        '%s:", s->name);
            put_help(out, s->help);
            buf_addstr(out, "'\n");
        }
    }
    buf_addstr(out, MIDDLE);
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            put_case(out, s);
        }
    }
    buf_addstr(out, TAIL);
}
