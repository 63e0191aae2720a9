/* man.c - `checkrein man`: manual pages from the tables, as roff for man(7).
 */
#include "words_priv.h"

#include "checkrein/file.h"
#include "checkrein/policy.h"
#include "checkrein/view.h"

static void put_text(struct buf *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        bool starts_line = at == text || at[-1] == '\n';
        if (starts_line && (*at == '.' || *at == '\'')) {
            buf_addstr(out, "\\&");
        }
        if (*at == '\\') {
            buf_addstr(out, "\\e");
        } else if (*at == '-') {
            buf_addstr(out, "\\-");
        } else {
            buf_addch(out, *at);
        }
    }
}

/* A blank line between paragraphs. */
static void put_paragraphs(struct buf *out, const char *text)
{
    const char *gap;
    while ((gap = strstr(text, "\n\n"))) {
        char part[1024];
        (void)snprintf(part, sizeof(part), "%.*s", (int)(gap - text), text);
        put_text(out, part);
        buf_addstr(out, "\n.PP\n");
        text = gap + 2;
    }
    put_text(out, text);
    buf_addch(out, '\n');
}

static void put_head(struct buf *out, const char *name, int section, const char *what)
{
    buf_printf(out, ".TH \"%s\" %d \"\" \"checkrein " CHECKREIN_VERSION "\" \"%s\"\n.SH NAME\n",
               name, section, section == 1 ? "User Commands" : "File Formats");
    put_text(out, name);
    buf_addstr(out, " \\- ");
    put_text(out, what);
    buf_addch(out, '\n');
}

static void put_bold(struct buf *out, const char *text)
{
    buf_addstr(out, "\\fB");
    put_text(out, text);
    buf_addstr(out, "\\fR");
}

static void put_exit_status(struct buf *out)
{
    buf_addstr(out, ".SH EXIT STATUS\n");
    for (const struct exit_row *e = exit_table(); e->meaning; e++) {
        buf_printf(out, ".TP\n%d\n", e->code);
        put_text(out, e->meaning);
        buf_addch(out, '\n');
    }
}

/* ---- checkrein-SUBCOMMAND(1) */

static void put_options(struct buf *out, const struct subcommand *s)
{
    buf_addstr(out, ".SH OPTIONS\n");
    for (const struct option_row *o = s->options; o && o->name; o++) {
        buf_addstr(out, ".TP\n");
        buf_addstr(out, "\\fB\\-\\-");
        put_text(out, o->name);
        buf_addstr(out, "\\fR");
        if (o->argument) {
            buf_addstr(out, " \\fI");
            put_text(out, o->argument);
            buf_addstr(out, "\\fR");
        }
        buf_addch(out, '\n');
        put_text(out, o->help);
        buf_addch(out, '\n');
    }
    buf_addstr(out, ".TP\n\\fB\\-\\-help\\fR\nhow it is used\n");
}

static void put_page(struct buf *out, const struct subcommand *s)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "checkrein-%s", s->name);
    put_head(out, name, 1, s->help);
    buf_addstr(out, ".SH SYNOPSIS\n");
    put_bold(out, "checkrein ");
    put_bold(out, s->name);
    buf_addstr(out, s->options ? " [\\fIOPTION\\fR...] " : " ");
    put_text(out, s->operands);
    buf_addch(out, '\n');
    if (s->text) {
        buf_addstr(out, ".SH DESCRIPTION\n");
        put_paragraphs(out, s->text);
    }
    put_options(out, s);
    put_exit_status(out);
    buf_addstr(out, ".SH SEE ALSO\n.BR checkrein (1),\n.BR checkrein.ini (5)\n");
}

/* ---- checkrein(1) */

static void put_subcommands(struct buf *out)
{
    const struct subcommand *s;
    buf_addstr(out, ".SH SUBCOMMANDS\n");
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            buf_addstr(out, ".TP\n");
            put_bold(out, s->name);
            buf_addch(out, ' ');
            put_text(out, s->operands);
            buf_addch(out, '\n');
            put_text(out, s->help);
            buf_addstr(out, s->options ? ";\nsee\n.BR checkrein\\-" : "\n");
            if (s->options) {
                put_text(out, s->name);
                buf_addstr(out, " (1)\n");
            }
        }
    }
}

static void put_keys(struct buf *out)
{
    buf_addstr(out,
               ".SH KEYS\nEach is also a command behind\n.BR : ,\nand can be given other keys in\n"
               ".BR checkrein.ini (5).\n");
    for (int i = 0; i < ACTION_COUNT; i++) {
        const struct action_info *a = action_info((enum action)i);
        buf_addstr(out, ".TP\n");
        put_bold(out, a->keys[0] ? a->keys : "(none)");
        buf_addstr(out, " \\fI");
        put_text(out, a->name);
        buf_addstr(out, "\\fR\n");
        put_text(out, a->help);
        buf_addch(out, '\n');
    }
}

static void put_files(struct buf *out)
{
    static const struct {
        const char *path, *what;
    } FILES[] = {
        {"~/.config/checkrein/checkrein.ini",         "options, back-ends, keys"                     },
        {"~/.config/checkrein/policy.ini",            "the daemon's rules: checkrein-policy(5)"      },
        {"~/.config/checkrein/prices.ini",
         "what models cost, where their runtime does not say; without it that is unpriced"           },
        {"~/.config/checkrein/issuers.ini",           "what agents hold that was issued elsewhere"   },
        {"$XDG_RUNTIME_DIR/checkrein/checkrein.sock", "where consoles connect; this user only"       },
        {"~/.local/state/checkrein/",                 "the records of daemon and console, the tokens"},
    };
    buf_addstr(out, ".SH FILES\n");
    for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
        buf_addstr(out, ".TP\n\\fI");
        put_text(out, FILES[i].path);
        buf_addstr(out, "\\fR\n");
        put_text(out, FILES[i].what);
        buf_addch(out, '\n');
    }
}

static void put_main_page(struct buf *out)
{
    put_head(out, "checkrein", 1, "supervise live AI agents from a terminal");
    buf_addstr(
        out,
        ".SH SYNOPSIS\n.B checkrein\n[\\fISUBCOMMAND\\fR] [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n");
    put_paragraphs(
        out,
        "Without a subcommand, the full-screen console over the back-ends of checkrein.ini; when it names none, "
        "over this user's own daemon, which is started when it does not run yet.");
    put_subcommands(out);
    put_keys(out);
    put_exit_status(out);
    put_files(out);
    buf_addstr(
        out,
        ".SH ENVIRONMENT\n.BR NO_COLOR ,\n.BR TERM ,\n.BR COLORTERM ,\n.BR XDG_CONFIG_HOME ,\n"
        ".BR XDG_STATE_HOME ,\n.BR XDG_RUNTIME_DIR .\n.B CHECKREIN_AGENT\n"
        "in an agent's environment gives it a name on the screen.\n.SH SEE ALSO\n.BR checkrein.ini (5),\n.BR checkrein\\-policy (5)\n");
}

/* ---- checkrein.ini(5) */

static void put_ini_page(struct buf *out)
{
    const char *section = "";
    put_head(out, "checkrein.ini", 5, "configuration of checkrein");
    buf_addstr(out, ".SH DESCRIPTION\n");
    put_paragraphs(
        out,
        "Sections and \"key = value\" lines; a comment has a line of its own and begins with ; or #. A value that "
        "has ; or # in it, or blanks around it, is written in quotes. A file with one fault is refused as a whole; "
        "the message names the line and the key. `checkrein config` prints what is in force.");
    for (const struct option_info *o = conf_options(); o->name; o++) {
        if (strcmp(section, o->section) != 0) {
            section = o->section;
            buf_printf(out, ".SH [%s]\n", section);
        }
        buf_addstr(out, ".TP\n");
        put_bold(out, o->name);
        buf_addstr(out, o->fallback[0] ? " = " : "\n");
        if (o->fallback[0]) {
            put_text(out, o->fallback);
            buf_addch(out, '\n');
        }
        put_text(out, o->help);
        buf_addch(out, '\n');
    }
    buf_addstr(out, ".SH [backend NAME]\n");
    put_paragraphs(
        out,
        "One for each daemon or platform that the console talks to: kind = checkrein; url = unix:PATH, "
        "ws://127.0.0.1:PORT/ or wss://HOST/; token_file = a file of mode 0600 with the bearer token.");
    buf_addstr(out, ".SH [upstream NAME]\n");
    put_paragraphs(
        out,
        "One for each service whose real key the daemon holds in place of the agents: url; dialect = anthropic, openai, "
        "gemini or http; one of secret_file, secret_command, secret_credential; header, which may be \"Name: text\" with a % "
        "for the secret; ca_file.");
    buf_addstr(out, ".SH [keys]\n");
    put_paragraphs(out, "action = keys, divided by blanks: `checkrein keys` lists the actions.");
    buf_addstr(out, ".SH SEE ALSO\n.BR checkrein (1),\n.BR checkrein\\-policy (5)\n");
}

/* ---- checkrein-policy(5) */

static void put_policy_page(struct buf *out)
{
    /* clang-format off */
    static const struct {
        const char *head, *text;
    } PARTS[] = {
        {"PATTERNS",
         "A shell glob for the whole text: * stands for any bytes, also for /; ? for one character; [a-z] and [!a-z] for one of a "
         "set; a backslash takes the meaning from the character after it. re: begins a POSIX extended regular expression, which "
         "must cover the whole text in a rule that allows and matches anywhere in one that asks or denies. \" | \", with blanks "
         "around it, separates alternatives. At most 512 bytes.\n\n"
         "A pattern on something that the call does not have does not match."},
        {"COMMANDS",
         "A rule that allows matches a command line only when every command in it is understood and matches: no substitution, "
         "redirection but of /dev/null, subshell, expansion, assignment, line break or comment. Programs that run others, such as "
         "sudo, xargs and sh, are allowed by no pattern with a wildcard. A rule that asks or denies matches the line as it stands, "
         "and every command that may run in it."},
        {"PATHS AND ADDRESSES",
         "A path is made absolute as text; links are not followed. A pattern begins with / or *. What allows a url is *, or begins "
         "with scheme://host; host and rest are matched apart."},
        {"WHAT RULES CANNOT DO",
         "A pattern is not a sandbox: it sees what the agent asks for, not what the program then does. Deny rules are a net, not a "
         "wall: what is not allowed asks; keep it so."},
    };
    /* clang-format on */
    put_head(out, "checkrein-policy", 5, "rules: what an agent may do without asking");
    buf_addstr(out, ".SH DESCRIPTION\n");
    put_paragraphs(
        out,
        "The daemon judges every call by policy.ini, which stands beside checkrein.ini and is read again at SIGHUP. Each "
        "section [rule NAME] is a rule; they are tried in order, and the first one that matches decides. A rule matches "
        "when every pattern it has matches. What no rule names: a tool that only reads is allowed, everything else "
        "asks.\n\n"
        "A file with one bad rule is refused as a whole, and the rules that were in force stay.");
    buf_addstr(out, ".SH KEYS OF A RULE\n");
    const struct policy_key *key;
    for (size_t i = 0; (key = policy_key_at(i)); i++) {
        buf_addstr(out, ".TP\n");
        put_bold(out, key->name);
        buf_addch(out, '\n');
        put_text(out, key->help);
        buf_addch(out, '\n');
    }
    buf_printf(out, ".PP\nAt most %d rules; names differ.\n", POLICY_RULES_MAX);
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++) {
        buf_printf(out, ".SH %s\n", PARTS[i].head);
        put_paragraphs(out, PARTS[i].text);
    }
    buf_addstr(out, ".SH EXAMPLE\n.nf\n");
    put_text(out, "[rule no secrets]\npath    = */.ssh/* | */.env\nverdict = deny\n\n"
                  "[rule git]\ncommand = git status* | git diff* | git log*\nverdict = allow\n");
    buf_addstr(out, ".fi\n.SH SEE ALSO\n.BR checkrein\\-serve (1),\n.BR checkrein.ini (5)\n");
}

/* ---- the subcommand */

/* Pages of files, beside those of subcommands. */
static const struct file_page {
    const char *name, *file;
    void (*put)(struct buf *out);
} FILE_PAGES[] = {
    {"checkrein.ini",    "checkrein.ini.5",    put_ini_page   },
    {"checkrein-policy", "checkrein-policy.5", put_policy_page},
};

static const struct file_page *file_page_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(FILE_PAGES); i++) {
        if (strcmp(name, FILE_PAGES[i].name) == 0) {
            return &FILE_PAGES[i];
        }
    }
    return NULL;
}

static enum status write_page(const char *folder, const char *name, struct buf *page,
                              struct why *why)
{
    char *path = path_join(folder, name);
    enum status st = buf_status(page);
    st = st == ST_OK ? file_replace(path, buf_span(page), 0644, why)
                     : why_fail(why, st, "%s: too long", name);
    free(path);
    buf_release(page);
    return st;
}

static enum status write_all(const char *folder, struct why *why)
{
    struct buf page;
    buf_init(&page, SCRIPT_BYTES);
    put_main_page(&page);
    enum status st = write_page(folder, "checkrein.1", &page, why);
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(FILE_PAGES); i++) {
        buf_init(&page, SCRIPT_BYTES);
        FILE_PAGES[i].put(&page);
        st = write_page(folder, FILE_PAGES[i].file, &page, why);
    }
    const struct subcommand *s;
    for (size_t i = 0; st == ST_OK && (s = subcommand_at(i)); i++) {
        if (s->help && s->options) {
            char name[64];
            (void)snprintf(name, sizeof(name), "checkrein-%s.1", s->name);
            buf_init(&page, SCRIPT_BYTES);
            put_page(&page, s);
            st = write_page(folder, name, &page, why);
        }
    }
    return st;
}

struct choices {
    const char *write;
};

const struct option_row OPTIONS_MAN[] = {
    {"write",                             "FOLDER", "write every page there, as files", offsetof(struct choices, write)},
    {0},
};

int cmd_man(struct args *a)
{
    struct choices ch = {0};
    struct why why = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc > 1 || (ch.write && a->argc)) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    if (ch.write) {
        return write_all(ch.write, &why) == ST_OK ? EXIT_DONE : app_trouble(&why, EXIT_TROUBLE);
    }
    struct buf b;
    buf_init(&b, SCRIPT_BYTES);
    const struct subcommand *s = a->argc ? subcommand_find(a->argv[0]) : NULL;
    const struct file_page *file = a->argc ? file_page_find(a->argv[0]) : NULL;
    if (a->argc == 0) {
        put_main_page(&b);
    } else if (file) {
        file->put(&b);
    } else if (s && s->help) {
        put_page(&b, s);
    } else {
        app_say("there is no subcommand \"%s\"", a->argv[0]);
        buf_release(&b);
        return EXIT_USAGE;
    }
    return print_and_release(&b);
}
