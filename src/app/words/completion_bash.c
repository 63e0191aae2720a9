#include "words_priv.h"

/* The word under the cursor is taken from the line itself: bash would break it at ':' and '=',
 * which stand in ids. */
static const char HEAD[] =
    "# bash completion of checkrein, made by `checkrein completion bash`\n"
    "\n"
    "_checkrein_ask()\n"
    "{\n"
    "    command \"${COMP_WORDS[0]}\" complete \"$1\" 2>/dev/null </dev/null\n"
    "}\n"
    "\n";

static const char TAIL[] =
    "_checkrein()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} word sub='' prev='' kind cut candidate w\n"
    "    local -a before=()\n"
    "    COMPREPLY=()\n"
    "    word=${line##*[[:space:]]}\n"
    "    read -ra before <<<\"${line%\"$word\"}\"\n"
    "    for w in \"${before[@]:1}\"; do\n"
    "        [[ -z $sub && $w != -* ]] && sub=$w\n"
    "        prev=$w\n"
    "    done\n"
    "    cut=${word%\"${word##*[:=]}\"}\n"
    "    if [[ $word == --*=* ]]; then\n"
    "        prev=${word%%=*}\n"
    "        word=${word#*=}\n"
    "        cut=${word%\"${word##*[:=]}\"}\n"
    "    fi\n"
    "    kind=$(_checkrein_argument \"$sub\" \"$prev\")\n"
    "    if [[ -z $kind ]]; then\n"
    "        if [[ -z $sub ]]; then\n"
    "            kind=subcommands\n"
    "        elif [[ $word == -* ]]; then\n"
    "            kind=options\n"
    "        else\n"
    "            kind=$(_checkrein_operand \"$sub\")\n"
    "        fi\n"
    "    fi\n"
    "    case $kind in\n"
    "        file) mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); compopt -o filenames; return ;;\n"
    "        folder) mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); compopt -o filenames; return ;;\n"
    "    esac\n"
    "    while IFS= read -r candidate; do\n"
    "        [[ -n $candidate && $candidate == \"$word\"* ]] && COMPREPLY+=(\"${candidate#\"$cut\"}\")\n"
    "    done < <(_checkrein_words \"$kind\" \"$sub\")\n"
    "}\n"
    "complete -F _checkrein checkrein\n";

static void put_kind(struct buf *out, const char *text)
{
    static const char *const NAMES[] = {
        [WORD_NONE] = "none",    [WORD_FILE] = "file",        [WORD_FOLDER] = "folder",
        [WORD_AGENT] = "agents", [WORD_REQUEST] = "requests", [WORD_SUBCOMMAND] = "subcommands"};
    struct span choices;
    struct span one;
    enum word_kind kind = word_kind_of(text, &choices);
    if (kind != WORD_ONE_OF) {
        buf_printf(out, "echo %s ;;\n", NAMES[kind]);
        return;
    }
    buf_addstr(out, "echo 'of");
    while (choice_next(&choices, &one)) {
        buf_printf(out, " %.*s", SPAN_ARG(one));
    }
    buf_addstr(out, "' ;;\n");
}

static void put_arguments(struct buf *out)
{
    const struct subcommand *s;
    buf_addstr(out, "_checkrein_argument()\n{\n    case \"$1 $2\" in\n");
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        for (const struct option_row *o = s->options; s->help && o && o->name; o++) {
            if (o->argument) {
                buf_printf(out, "        '%s --%s') ", s->name, o->name);
                put_kind(out, o->argument);
            }
        }
    }
    buf_addstr(out, "    esac\n}\n\n");
}

static void put_operands(struct buf *out)
{
    const struct subcommand *s;
    buf_addstr(out, "_checkrein_operand()\n{\n    case $1 in\n");
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            buf_printf(out, "        %s) ", s->name);
            put_kind(out, s->operands);
        }
    }
    buf_addstr(out, "    esac\n}\n\n");
}

static void put_words(struct buf *out)
{
    const struct subcommand *s;
    buf_addstr(
        out, "_checkrein_words()\n{\n    case \"$1 $2\" in\n        subcommands*) printf '%s\\n'");
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            buf_printf(out, " %s", s->name);
        }
    }
    buf_addstr(
        out,
        " ;;\n        agents*) _checkrein_ask agents ;;\n        requests*) _checkrein_ask requests ;;\n"
        "        'of '*) tr ' ' '\\n' <<<\"${1#of }\" ;;\n");
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            buf_printf(out, "        'options %s') printf '%%s\\n' --help", s->name);
            for (const struct option_row *o = s->options; o && o->name; o++) {
                buf_printf(out, " --%s", o->name);
            }
            buf_addstr(out, " ;;\n");
        }
    }
    buf_addstr(out, "    esac\n}\n\n");
}

void bash_completion(struct buf *out)
{
    buf_addstr(out, HEAD);
    put_arguments(out);
    put_operands(out);
    put_words(out);
    buf_addstr(out, TAIL);
}
