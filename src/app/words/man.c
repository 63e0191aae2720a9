/* man.c - `checkrein man`: manual pages from the tables, as roff for man(7).
 */
#include "words_priv.h"

#include "checkrein/file.h"
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
    buf_printf(out, ".TH \"%s\" %d \"\" \"checkrein " CHECKREIN_VERSION "\" \"%s\"\n.SH NAME\n", name, section,
               section == 1 ? "User Commands" : "File Formats");
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
    buf_addstr(out, ".SH KEYS\nEach is also a command behind\n.BR : ,\nand can be given other keys in\n"
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
        {"~/.config/checkrein/checkrein.ini", "options, back-ends, keys"},
        {"~/.config/checkrein/policy.ini", "the daemon's rules"},
        {"$XDG_RUNTIME_DIR/checkrein/checkrein.sock", "where consoles connect; this user only"},
        {"~/.local/state/checkrein/", "the records of daemon and console, the tokens"},
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
    buf_addstr(out, ".SH SYNOPSIS\n.B checkrein\n[\\fISUBCOMMAND\\fR] [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n");
    put_paragraphs(out, "Without a subcommand, the full-screen console over the back-ends of checkrein.ini; when it names none, "
                        "over this user's own daemon, which is started when it does not run yet.");
    put_subcommands(out);
    put_keys(out);
    put_exit_status(out);
    put_files(out);
    buf_addstr(out, ".SH ENVIRONMENT\n.BR NO_COLOR ,\n.BR TERM ,\n.BR COLORTERM ,\n.BR XDG_CONFIG_HOME ,\n"
                    ".BR XDG_STATE_HOME ,\n.BR XDG_RUNTIME_DIR .\n.B CHECKREIN_AGENT\n"
                    "in an agent's environment gives it a name on the screen.\n.SH SEE ALSO\n.BR checkrein.ini (5)\n");
}

/* ---- checkrein.ini(5) */

static void put_ini_page(struct buf *out)
{
    const char *section = "";
    put_head(out, "checkrein.ini", 5, "configuration of checkrein");
    buf_addstr(out, ".SH DESCRIPTION\n");
    put_paragraphs(out, "Sections and \"key = value\" lines; a comment has a line of its own and begins with ; or #. A value that "
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
    put_paragraphs(out, "One for each daemon or platform that the console talks to: kind = checkrein; url = unix:PATH, "
                        "ws://127.0.0.1:PORT/ or wss://HOST/; token_file = a file of mode 0600 with the bearer token.");
    buf_addstr(out, ".SH [keys]\n");
    put_paragraphs(out, "action = keys, divided by blanks: `checkrein keys` lists the actions.");
    buf_addstr(out, ".SH SEE ALSO\n.BR checkrein (1)\n");
}

/* ---- the subcommand */

static enum status write_page(const char *folder, const char *name, struct buf *page, struct why *why)
{
    char *path = path_join(folder, name);
    enum status st = buf_status(page);
    st = st == ST_OK ? file_replace(path, buf_span(page), 0644, why) : why_fail(why, st, "%s: too long", name);
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
    if (st == ST_OK) {
        buf_init(&page, SCRIPT_BYTES);
        put_ini_page(&page);
        st = write_page(folder, "checkrein.ini.5", &page, why);
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
    {"write", "FOLDER", "write every page there, as files", offsetof(struct choices, write)},
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
    if (a->argc == 0) {
        put_main_page(&b);
    } else if (strcmp(a->argv[0], "checkrein.ini") == 0) {
        put_ini_page(&b);
    } else if (s && s->help) {
        put_page(&b, s);
    } else {
        app_say("there is no subcommand \"%s\"", a->argv[0]);
        buf_release(&b);
        return EXIT_USAGE;
    }
    return print_and_release(&b);
}
