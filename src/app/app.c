#include "app_priv.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "checkrein/log.h"

/* Every subcommand, in the order of the help. A NULL help keeps a row out of it. */
static const struct subcommand {
    const char *name;
    int (*run)(struct args *a);
    const char *usage;
    const char *help;
} SUBCOMMANDS[] = {
    {"console", cmd_console, "[--config FILE] [--theme NAME] [--readonly] [--ascii] [--color HOW]",
     "the full-screen console (also without a subcommand)"},
    {"demo", cmd_demo, "[--agents N] [--headless] [--serve-only]",
     "the console over eight demo agents: real processes in a temporary folder"},
    {"serve", cmd_serve, "[--config FILE] [--policy FILE] [--hook-port N] ...",
     "the governance daemon"},
    {"connect", cmd_connect, "claude [--dry-run] [--remove] [--settings FILE]",
     "put an installed agent behind the daemon"},
    {"status", cmd_status, "[--json]", "back-ends, agents and requests, once"},
    {"watch", cmd_watch, "[--json]", "every event as it comes, one a line"},
    {"approve", cmd_approve, "ID --digest D", "let one call run: D is the digest of what you have read"},
    {"deny", cmd_deny, "ID [--reason R]", "refuse one call"},
    {"pause", cmd_pause, "AGENT", "its next call waits at the gate"},
    {"resume", cmd_resume, "AGENT", "it may go on"},
    {"interrupt", cmd_interrupt, "AGENT", "end its current turn"},
    {"stop", cmd_stop, "AGENT", "end the agent and its processes"},
    {"stop-all", cmd_stop_all, "", "fleet stop: all agents, latched"},
    {"reset-stop", cmd_reset_stop, "", "take the latch of the fleet stop back"},
    {"verify", cmd_verify, "[--key FILE] FILE...", "prove that a record is intact"},
    {"hook", cmd_hook, "claude", "what a runtime's command hook runs: standard input to the daemon"},
    {"config", cmd_config, "[--check] [--config FILE]", "the configuration as it is in force"},
    {"keys", cmd_keys, "", "every key and its command"},
    {"schema", cmd_schema, "", "the JSON Schema of checkrein.v1"},
    {"help", cmd_help, "", "this text"},
    {"version", cmd_version, "", "the version"},
    {"demo-agent", cmd_demo_agent, "", NULL},
};

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(SUBCOMMANDS); i++) {
        if (strcmp(name, SUBCOMMANDS[i].name) == 0) {
            return &SUBCOMMANDS[i];
        }
    }
    return NULL;
}

int cmd_help(struct args *a)
{
    (void)a;
    (void)printf("checkrein " CHECKREIN_VERSION " - supervises live AI agents from a terminal\n\n"
                 "usage: checkrein [SUBCOMMAND] [OPTIONS]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(SUBCOMMANDS); i++) {
        const struct subcommand *s = &SUBCOMMANDS[i];
        if (s->help) {
            (void)printf("  %-11s %s\n              %s\n", s->name, s->usage, s->help);
        }
    }
    (void)printf("\nexit codes: 0 done, 1 trouble, 2 usage, 3 refused, 4 outcome unknown, 5 record broken\n");
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
    } ALIASES[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
    for (size_t i = 0; i < ARRAY_LEN(ALIASES); i++) {
        if (strcmp(word, ALIASES[i].word) == 0) {
            return ALIASES[i].name;
        }
    }
    return word;
}

/* A standard descriptor that is closed would be given to the next file or socket, and what is printed would go
 * there. In its place stands one that cannot be written, so that whoever must not lose his words notices. */
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

int app_main(int argc, char **argv)
{
    fill_standard_descriptors();
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a record over a limit of the shell is a failed write like any other */
    char *self = path_self();
    const char *name = argc > 1 ? alias(argv[1]) : "console";
    bool implied = argc < 2 || name[0] == '-';
    const struct subcommand *s = find(implied ? "console" : name);
    if (!s) {
        app_say("there is no subcommand \"%s\": see checkrein help", name);
        free(self);
        return EXIT_USAGE;
    }
    int skip = implied ? 1 : 2;
    skip = skip > argc ? argc : skip;
    struct args a = {.argc = argc - skip, .argv = argv + skip, .self = self};
    int code = s->run(&a);
    free(self);
    return code;
}
