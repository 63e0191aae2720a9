#include "app_priv.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/log.h"

#define HELP_COL 29 /* behind a longer left side the help has a line of its own */

int cmd_help(struct args *a)
{
    (void)a;
    (void)printf("checkrein " CHECKREIN_VERSION " - supervises live AI agents from a terminal\n\n"
                 "usage: checkrein [SUBCOMMAND] [OPTIONS]\n\n");
    const struct subcommand *s;
    for (size_t i = 0; (s = subcommand_at(i)); i++) {
        if (s->help) {
            int n = printf("  %s %s", s->name, s->operands);
            (void)printf("%s%*s%s\n", n >= HELP_COL ? "\n" : "",
                         n >= HELP_COL ? HELP_COL : HELP_COL - n, "", s->help);
        }
    }
    (void)printf("\ncheckrein SUBCOMMAND --help tells its options; checkrein man SUBCOMMAND | man "
                 "-l - tells more.\n");
    (void)printf("\nexit codes:\n");
    for (const struct exit_row *e = exit_table(); e->meaning; e++) {
        (void)printf("  %d  %s\n", e->code, e->meaning);
    }
    return EXIT_DONE;
}

int cmd_version(struct args *a)
{
    (void)a;
    (void)printf("checkrein " CHECKREIN_VERSION "\n");
    return EXIT_DONE;
}

static const char *alias(const char *word)
{
    static const struct {
        const char *word, *name;
    } ALIASES[] = {
        {"--help",    "help"   },
        {"-h",        "help"   },
        {"--version", "version"},
        {"-V",        "version"}
    };
    for (size_t i = 0; i < ARRAY_LEN(ALIASES); i++) {
        if (strcmp(word, ALIASES[i].word) == 0) {
            return ALIASES[i].name;
        }
    }
    return word;
}

/* A standard descriptor that is closed would be given to the next file or socket, and what is
 * printed would go there. In its place stands one that cannot be written, so that whoever must not
 * lose his words notices. */
static void fill_standard_descriptors(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* Options are taken out of argv as they are read. */
static char **copy_of(int argc, char **argv)
{
    char **all = xcalloc((size_t)argc + 1, sizeof(*all));
    memcpy(all, argv, (size_t)argc * sizeof(*all));
    return all;
}

int app_main(int argc, char **argv)
{
    fill_standard_descriptors();
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ,
                 SIG_IGN); /* a record over a limit of the shell is a failed write like any other */
    char *self = path_self();
    const char *name = argc > 1 ? alias(argv[1]) : "console";
    bool implied = argc < 2 || name[0] == '-';
    const struct subcommand *s = subcommand_find(implied ? "console" : name);
    if (!s) {
        app_say("there is no subcommand \"%s\": see checkrein help", name);
        free(self);
        return EXIT_USAGE;
    }
    int skip = implied ? 1 : 2;
    skip = skip > argc ? argc : skip;
    struct args a = {.argc = argc - skip,
                     .argv = argv + skip,
                     .self = self,
                     .all = copy_of(argc, argv),
                     .sub = s};
    enum status st = s->options ? ST_OK : options_parse(&a, NULL);
    int code = st == ST_OK ? s->run(&a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    free(a.all);
    free(self);
    return code;
}
