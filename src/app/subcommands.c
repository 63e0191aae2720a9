#include "operator_verbs.h"

/* clang-format off */
static const struct subcommand SUBCOMMANDS[] = {
    {"console", cmd_console, "", "the full-screen console (also without a subcommand)", OPTIONS_CONSOLE,
     "Over the back-ends of checkrein.ini; when it names none, over this user's own daemon, which is started when it "
     "does not run yet."},
    {"demo", cmd_demo, "", "the console over eight demo agents: real processes in a temporary folder", OPTIONS_DEMO,
     "The folder, the daemon and the agents are gone when it ends."},
    {"serve", cmd_serve, "", "the governance daemon", OPTIONS_SERVE,
     "Agents ask it before every call of a tool; a call that no rule allows waits until an operator decides.\n\n"
     "SIGHUP reads the policy again; a bad file is refused whole and the old rules stay. SIGTERM refuses "
     "all that waits and ends."},
    {"connect", cmd_connect, "claude|gemini|codex", "put an installed agent behind the daemon", OPTIONS_CONNECT,
     "Shows the difference, keeps everything else in the settings, and fails closed for the version that is "
     "installed.\n\n"
     "Scope user is the user's own settings; the daemon's token stands in them. Scope project is "
     ".claude/settings.local.json or .gemini/settings.json of this folder, scope managed the settings of the machine, "
     "which only root writes: both ask over the Unix socket and hold no token. No start flag of Claude Code skips those of "
     "the machine; Gemini CLI can be led past them: checkrein doctor gemini says how.\n\n"
     "Codex is a back-end of its own: nothing of its settings is touched. Its control socket is looked for, and named in "
     "checkrein.ini. With --hooks its calls are held before they run, in codex exec too: hooks.json of the user's or of this "
     "folder, which the user has to trust in the client, by /hooks."},
    {"doctor", cmd_doctor, "[claude|gemini|codex]", "does the gate hold, and what would still get past it", OPTIONS_DOCTOR,
     "Looks at the daemon, its record and the settings of every scope, and sends a test call through the hook that is "
     "installed. Ends with 0 only when that was refused and nothing else is wrong."},
    {"run", cmd_run, "-- PROGRAM...", "start an agent behind the daemon, without touching its settings", OPTIONS_RUN,
     "All below it is one agent: seen, frozen and ended as one, also what it leaves behind or puts into a session of its "
     "own. `claude`, `gemini` and `codex` get the hooks that hold their calls; of any other program the processes are held, not the calls.\n\n"
     "Without a daemon that answers, nothing is started. The exit code is the program's; 128 and the number of a signal "
     "that ended it."},
    {"status", cmd_status, "", "back-ends, agents and requests, once", OPTIONS_STATUS, NULL},
    {"watch", cmd_watch, "", "every event as it comes, one a line", OPTIONS_STATUS, NULL},
    {"agents", cmd_list, "", "the agents, one a line", OPTIONS_LIST, NULL},
    {"approvals", cmd_list, "", "the requests that wait for a decision, one a line", OPTIONS_LIST, NULL},
    {"show", cmd_show, "ID", "one request: all of what would run, and its digest", OPTIONS_LIST,
     "On a terminal what is not fit to show is replaced; --json has the exact text, whose SHA-256 is the digest."},
    {"spend", cmd_list, "", "tokens and cost of each agent", OPTIONS_SPEND, NULL},
    {"credentials", cmd_list, "", "what agents hold: state, use, end, and whether it can be revoked", OPTIONS_LIST,
     "A credential is revoked by `checkrein revoke AGENT --credential ID`; what is known of that is in its line."},
    {"who", cmd_list, "", "who else is connected, and with which rights", OPTIONS_LIST,
     "A connection is told of once it has lasted two seconds; verbs and lists from a shell are over before."},
    {"log", cmd_history, "", "what happened lately", OPTIONS_HISTORY,
     "As far back as the back-end keeps events at hand: a daemon, the newest 8192 of its record. All of it is in the record."},
    {"timeline", cmd_history, "AGENT", "what happened lately with one agent", OPTIONS_HISTORY, NULL},
    {"alarms", cmd_history, "", "failures, signals and fleet stops of late", OPTIONS_HISTORY, NULL},
#define X(verb, name, aim, operands, enough, options, help) {name, cmd_verb, operands, help, options, NULL},
    OPERATOR_VERBS(X)
#undef X
    {"token", cmd_token, "add|list|revoke [NAME]", "tokens of consoles that come over the loopback port", OPTIONS_TOKEN,
     "A console connects as this user over the Unix socket. Through the port that `console_port` opens (for example at "
     "the end of an SSH tunnel), it shows a token, and has the rights of the token and no more; so it does when it shows "
     "one on the socket. `add` prints the token once; the daemon keeps its digest. `revoke` cuts off who is connected "
     "by it."},
    {"lease", cmd_lease, "issue|list|revoke|hold|choke|resume [ID]", "what agents hold in place of real keys", OPTIONS_LEASE,
     "The daemon has the real key of each [upstream NAME] of checkrein.ini; an agent gets a lease and the address of the gateway. "
     "`issue` prints the token once; the daemon keeps its digest. `hold` makes the next request wait, `choke` answers 429, `resume` "
     "lets go on. `revoke` is at once and for good: running answers are cut, and a test call through the gateway proves it.\n\n"
     "ID is that of a lease, upstream:NAME for all of an upstream, or * for all."},
    {"verify", cmd_verify, "FILE...", "prove that a record is intact, and that no call ran undecided", OPTIONS_VERIFY,
     "Or name the first line that is not, or the first call that ran without exactly one decision before it, of its "
     "digest. FILE is a record's folder or one segment of it; of a record whose beginning was dropped, what is left."},
    {"sessions", cmd_sessions, "[FILE...]", "what is recorded, agent by agent, and whether the record is intact", OPTIONS_SESSIONS,
     "FILE is a record's folder or one segment of it, of a console or of a daemon; without one, the console's own. An agent is one "
     "line: what it cost, what was decided of its calls (by a person + by a rule), what failed. Without the gate of "
     "checkrein, what is told is what its back-end told. The last line is what `verify` says."},
    {"diff", cmd_diff, "A B", "two runs of a task: what was done, who decided it, what it cost", OPTIONS_DIFF,
     "A and B are FILE:AGENT or, where a record tells of one agent or --agent names it, FILE; an empty FILE is the console's own "
     "record, and AGENT an id or a name. Calls are the same when tool and summary are: the work folder, words of 8 hex digits and "
     "more, and blanks in a row do not count. Time is told and never counts.\n\n"
     "The exit code is that of diff: 0 when both are the same, 1 when they differ, 2 when they could not be compared."},
    {"why", cmd_why, "ID [FILE]", "why a call happened: who decided it, on what, by which rule, for which task", OPTIONS_WHY,
     "ID is a call's or a request's. FILE is a record's folder or one segment of it, of a console or of a daemon; without one, the "
     "console's own. What its agent might do, who sent it and its task are told as they were then."},
    {"find", cmd_find, "[FILE...] TEXT", "records with certain words: when, who, what", OPTIONS_FIND,
     "FILE is a record's folder, one segment of it, or a folder with records in it; without one, all in the state folder. TEXT is "
     "words, all of which are wanted: case does not count, word* is the beginning of one, \"some words\" are wanted side by side. "
     "An empty TEXT finds everything that the options leave.\n\n"
     "What is searched are the texts of events, orders and notes. The first search makes an index in the cache folder, which later "
     "ones use; each hit is read from the record itself. The exit code is that of grep: 0 when something was found, 1 when nothing "
     "was, 2 when a record could not be read."},
    {"index", cmd_index, "[FILE...]", "the indexes that find uses: how far they are; make them anew, or take them away", OPTIONS_INDEX,
     "They are in the cache folder, and nothing is proved by them: verify reads the record alone. find makes what is missing."},
    {"replay", cmd_replay, "[FILE]", "a record on the screen: any instant of it, played or step by step", OPTIONS_REPLAY,
     "FILE is a record's folder or one segment of it; without one, the console's own. Nothing is sent: a key that would "
     "act says so. Space plays, . and , step, [ and ] go to decisions, { and } to failures, 0 to 9 to tenths of the "
     "session, / finds words; ? has all keys.\n\n"
     "The record may be written meanwhile. Whether it is intact is told beside its name."},
    {"export", cmd_export, "[FILE]", "a record for other programs: events, or the screen as it was", OPTIONS_EXPORT,
     "FILE is a record's folder or one segment of it; without one, the console's own. jsonl is all of it, and can be "
     "imported again; cloudevents, ocsf, cef and csv have its events; asciicast is played by asciinema.\n\n"
     "What cannot be written is left out, counted on standard error, and the exit code is 1. No format holds the chain: what "
     "proves the record is the record itself."},
    {"import", cmd_import, "FILE...", "a record again, of what export --format jsonl wrote", OPTIONS_IMPORT,
     "It can be replayed as the old one; both tell the digest of their last picture. Nothing is written when a line is none of such a file."},
    {"hook", cmd_hook, "claude|gemini|codex", "what a runtime's command hook runs: standard input to the daemon", OPTIONS_HOOK,
     "Whatever goes wrong, it exits with 2, which blocks the call."},
    {"config", cmd_config, "", "the configuration as it is in force", OPTIONS_CONFIG, NULL},
    {"keys", cmd_keys, "", "every key and its command", NULL, NULL},
    {"schema", cmd_schema, "", "the JSON Schema of checkrein.v1", NULL, NULL},
    {"completion", cmd_completion, "bash|zsh|fish", "the completion script of a shell", NULL,
     "It is made from the same tables as this manual. Names of agents and ids of requests are asked of the daemon when "
     "they are needed."},
    {"man", cmd_man, "[SUBCOMMAND]", "the manual page of checkrein, or of a subcommand, as roff", OPTIONS_MAN,
     "Also of checkrein.ini. The pages are made from the tables that the program itself goes by."},
    {"help", cmd_help, "", "this text", NULL, NULL},
    {"version", cmd_version, "", "the version", NULL, NULL},
    {"complete", cmd_complete, "agents|requests", NULL, NULL, NULL},
    {"demo-agent", cmd_demo_agent, "", NULL, OPTIONS_DEMO_AGENT, NULL},
    {"demo-model", cmd_demo_model, "", NULL, OPTIONS_DEMO_MODEL, NULL},
};
/* clang-format on */

const struct exit_row *exit_table(void)
{
    /* clang-format off */
    static const struct exit_row ROWS[] = {
#define X(constant, code, meaning) {code, meaning},
        EXIT_CODES(X)
#undef X
            {0, NULL},
    };
    /* clang-format on */
    return ROWS;
}

const struct subcommand *subcommand_at(size_t i)
{
    return i < ARRAY_LEN(SUBCOMMANDS) ? &SUBCOMMANDS[i] : NULL;
}

const struct subcommand *subcommand_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(SUBCOMMANDS); i++) {
        if (strcmp(name, SUBCOMMANDS[i].name) == 0) {
            return &SUBCOMMANDS[i];
        }
    }
    return NULL;
}
