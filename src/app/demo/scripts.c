#include "demo_priv.h"

#include <string.h>

#include "checkrein/status.h"

static const struct step DOCS[] = {
    {STEP_PROMPT, "Bring the user guide up to date", NULL,              0    },
    {STEP_SPEND,  NULL,                              NULL,              12400},
    {STEP_WAIT,   NULL,                              NULL,              2500 },
    {STEP_READ,   "guide.md",                        NULL,              0    },
    {STEP_WAIT,   NULL,                              NULL,              4000 },
    {STEP_SPEND,  NULL,                              NULL,              21800},
    {STEP_WRITE,  "guide.md",
     "# Guide\n\nInstall the package, start the service, open the console.\n\n## Limits\n\nForty agents "
     "on one screen; more scroll.\n",                                   0    },
    {STEP_WAIT,   NULL,                              NULL,              9000 },
    {STEP_BASH,   "wc -w guide.md",                  "count the words", 0    },
    {STEP_STOP,   NULL,                              NULL,              0    },
    {STEP_WAIT,   NULL,                              NULL,              25000},
    {STEP_END,    NULL,                              NULL,              0    },
};
static const struct step TESTS[] = {
    {STEP_PROMPT, "Run the test suite and fix what fails", NULL,                               0    },
    {STEP_SPEND,  NULL,                                    NULL,                               8700 },
    {STEP_BASH,   "ls -la",                                "look around",                      0    },
    {STEP_WAIT,   NULL,                                    NULL,                               3000 },
    {STEP_BASH,   "grep -c pass results.txt",              "count what passed",                0    },
    {STEP_WAIT,   NULL,                                    NULL,                               5000 },
    {STEP_SPEND,  NULL,                                    NULL,                               15100},
    {STEP_WRITE,  "results.txt",                           "pass one\npass two\nfail three\n", 0    },
    {STEP_BASH,   "grep -c fail results.txt",              "count what failed",                0    },
    {STEP_WAIT,   NULL,                                    NULL,                               14000},
    {STEP_STOP,   NULL,                                    NULL,                               0    },
    {STEP_WAIT,   NULL,                                    NULL,                               8000 },
    {STEP_END,    NULL,                                    NULL,                               0    },
};
static const struct step RELEASE[] = {
    {STEP_PROMPT, "Write the release notes for 4.2", NULL,                                          0    },
    {STEP_SPEND,  NULL,                              NULL,                                          30100},
    {STEP_WAIT,   NULL,                              NULL,                                          3500 },
    {STEP_CHILD,  "changelog-reader",                "read the changes since 4.1",                  0    },
    {STEP_WAIT,   NULL,                              NULL,                                          6000 },
    {STEP_WRITE,  "NOTES-4.2.md",                    "# 4.2\n\n- Faster start\n- Clearer errors\n", 0    },
    {STEP_STOP,   NULL,                              NULL,                                          0    },
    {STEP_WAIT,   NULL,                              NULL,                                          40000},
    {STEP_END,    NULL,                              NULL,                                          0    },
};
static const struct step CHANGELOG[] = {
    {STEP_BASH,  "ls",               "list the changes", 0   },
    {STEP_WAIT,  NULL,               NULL,               6000},
    {STEP_SPEND, NULL,               NULL,               9900},
    {STEP_BASH,  "cat NOTES-4.2.md", "read the notes",   0   },
    {STEP_WAIT,  NULL,               NULL,               4000},
    {STEP_END,   NULL,               NULL,               0   },
};
static const struct step ETL[] = {
    {STEP_PROMPT, "Load last night's orders",                         NULL,                   0    },
    {STEP_SPEND,  NULL,                                               NULL,                   18000},
    {STEP_ASK,    "/orders/today",                                    NULL,                   0    },
    {STEP_BASH,   "test -f orders.csv",                               "is the export there?", 0    },
    {STEP_WAIT,   NULL,                                               NULL,                   3000 },
    {STEP_ERROR,  "429 rate limited: too many requests for this key", NULL,                   0    },
    {STEP_WAIT,   NULL,                                               NULL,                   30000},
    {STEP_END,    NULL,                                               NULL,                   0    },
};
/* Its fourth call is over its budget: it waits at the gateway until an operator raises that. */
static const struct step SPENDER[] = {
    {STEP_PROMPT, "Compare every supplier's terms", NULL,                         0      },
    {STEP_SPEND,  NULL,                             NULL,                         1980000},
    {STEP_ASK,    "/terms/north",                   NULL,                         0      },
    {STEP_WAIT,   NULL,                             NULL,                         4000   },
    {STEP_SPEND,  NULL,                             NULL,                         1870000},
    {STEP_BASH,   "ls suppliers",                   "which suppliers are there?", 0      },
    {STEP_WAIT,   NULL,                             NULL,                         5000   },
    {STEP_SPEND,  NULL,                             NULL,                         1650000},
    {STEP_SPEND,  NULL,                             NULL,                         900000 },
    {STEP_BASH,   "ls suppliers",                   "look again",                 0      },
    {STEP_WAIT,   NULL,                             NULL,                         20000  },
    {STEP_STOP,   NULL,                             NULL,                         0      },
    {STEP_END,    NULL,                             NULL,                         0      },
};
static const struct step CLEANER[] = {
    {STEP_PROMPT, "Free some disk space",                                NULL,                                                   0    },
    {STEP_SPEND,  NULL,                                                  NULL,                                                   6400 },
    {STEP_WAIT,   NULL,                                                  NULL,                                                   1500 },
    {STEP_BASH,   "mkdir -p cache/old && touch cache/old/a cache/old/b", "set the cache up",                                     0    },
    {STEP_WAIT,   NULL,                                                  NULL,                                                   1500 },
    {STEP_BASH,   "rm -rf cache/old",                                    "the old cache is not needed any more, safe to remove", 0    },
    {STEP_WAIT,   NULL,                                                  NULL,                                                   30000},
    {STEP_STOP,   NULL,                                                  NULL,                                                   0    },
    {STEP_END,    NULL,                                                  NULL,                                                   0    },
};
/* What a hijacked agent tries: a carriage return that repaints, an escape sequence, a right-to-left
 * override, a tail far to the right of what fits. All of it must be seen as what it is. */
static const struct step SMUGGLER[] = {
    {STEP_PROMPT, "Tidy the download folder",                                       NULL,                                      0    },
    {STEP_SPEND,  NULL,                                                             NULL,                                      5200 },
    {STEP_WAIT,   NULL,                                                             NULL,                                      2500 },
    {STEP_BASH,
     "echo tidy\r\033[2K\033]52;c;ZWNobyBoaQ==\aecho \xE2\x80\xAEgnihton\xE2\x80\xAC #"
     "                                                                                          "
     "                                                    ; touch hidden-tail-ran", "\033[32mapproved by the operator\033[0m", 0    },
    {STEP_WAIT,   NULL,                                                             NULL,                                      45000},
    {STEP_STOP,   NULL,                                                             NULL,                                      0    },
    {STEP_END,    NULL,                                                             NULL,                                      0    },
};
static const struct step MAILER[] = {
    {STEP_PROMPT, "Send the weekly figures",        NULL,            0    },
    {STEP_SPEND,  NULL,                             NULL,            7700 },
    {STEP_WAIT,   NULL,                             NULL,            5000 },
    {STEP_FETCH,  "https://metrics.example/weekly", NULL,            0    },
    {STEP_WAIT,   NULL,                             NULL,            8000 },
    {STEP_BASH,   "sudo sendmail -t < figures.txt", "send the mail", 0    },
    {STEP_WAIT,   NULL,                             NULL,            35000},
    {STEP_STOP,   NULL,                             NULL,            0    },
    {STEP_END,    NULL,                             NULL,            0    },
};

#define SMALL "models=demo-small rate=120"
#define LARGE "models=demo-* rate=120"

static const struct script SCRIPTS[] = {
    {"docs-bot",         "demo-small", false, SMALL,                       NULL,              DOCS     },
    {"test-runner",      "demo-small", false, SMALL,                       NULL,              TESTS    },
    {"release-notes",    "demo-large", false, LARGE,                       NULL,              RELEASE  },
    {"etl-7",            "demo-small", false, SMALL,                       "paths=/orders/*", ETL      },
    {"supplier-study",   "demo-large", false, LARGE,                       "paths=/terms/*",  SPENDER  },
    {"disk-cleaner",     "demo-small", false, SMALL,                       NULL,              CLEANER  },
    {"download-tidy",    "demo-small", false, SMALL,                       NULL,              SMUGGLER },
    {"weekly-mailer",    "demo-small", false, SMALL,                       NULL,              MAILER   },
    {"changelog-reader", "demo-small", true,  "models=demo-small rate=30", NULL,              CHANGELOG},
};

const struct script *const *script_table(void)
{
    static const struct script *table[ARRAY_LEN(SCRIPTS) + 1];
    for (size_t i = 0; i < ARRAY_LEN(SCRIPTS); i++) {
        table[i] = &SCRIPTS[i];
    }
    return table;
}

const struct script *script_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(SCRIPTS); i++) {
        if (strcmp(name, SCRIPTS[i].name) == 0) {
            return &SCRIPTS[i];
        }
    }
    return NULL;
}
