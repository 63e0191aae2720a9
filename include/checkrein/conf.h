/* conf.h - configuration files: strict ini reading with line numbers, and typed options from one
 * table.
 *
 * iniparser reads the values; before it may, every line is checked here, because iniparser 4.1
 * silently loses what it does not understand: duplicate keys, values with an unquoted ';' or '#',
 * an unterminated quote, lines over 1000 bytes, a byte order mark, a folder instead of a file. Such
 * a file is refused whole, naming the file, the line and the key. What iniparser then found must be
 * exactly what was checked.
 *
 * A file is UTF-8 with LF line ends; a line is blank, a comment (';' or '#' first), "[section]" or
 * "key = value". Keys are [a-z0-9_.-], section names also have blanks and '"' inside ([rule 10 "no
 * curl"]); both are lower case and case-sensitive. A value that has ';' or '#', outer blanks, a
 * quote first or a backslash last is written in double quotes, or in single quotes when it has
 * double quotes inside; there are no escapes, no continued lines and no comments behind a value. A
 * value is never empty. Control characters and characters that change the direction of text are
 * refused everywhere.
 */
#ifndef CHECKREIN_CONF_H
#define CHECKREIN_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define INI_FILE_BYTES  262144 /* 256 KiB */
#define INI_LINE_BYTES  1000   /* without the LF */
#define INI_NAME_BYTES  128    /* of a key or a section */
#define INI_ENTRIES_MAX 16384  /* sections and keys together: iniparser searches them one by one */

/* ---- a parsed file: sections in file order, keys in file order. Spans live as long as the struct
 * ini; values are NUL-terminated, names are not. */
struct ini_key {
    struct span name, value;
    uint32_t line;
};
struct ini_section {
    struct span name; /* "" for what stands before the first [section] */
    uint32_t line;
    struct ini_key *keys;
    uint32_t key_count;
};
struct ini {
    char *path;
    struct ini_section *sections;
    uint32_t section_count;
    void *owned;
};

/* ST_NOTFOUND: no such file; ST_LIMIT: over INI_FILE_BYTES; ST_INVALID: refused; ST_DENIED, ST_IO.
 * On failure *ini is empty; ini_release() is then allowed, not needed. */
enum status ini_load(struct ini *ini, const char *path, struct why *why) MUST_USE;
void ini_release(struct ini *ini);
const struct ini_section *ini_section(const struct ini *ini, const char *name); /* or NULL */
const struct ini_key *ini_key(const struct ini_section *s,
                              const char *name); /* or NULL; s may be NULL */
/* why: "path:line: [section] key: text", without what is NULL or has no name. Returns ST_INVALID.
 */
enum status ini_fail(const struct ini *ini, const struct ini_section *s, const struct ini_key *k,
                     struct why *why, const char *fmt, ...) PRINTF(5, 6);

/* Whether every byte of s is one of `chars`: for names and other closed alphabets. */
/* Of a file whose sections are all [WORD NAME], with at most INI_LIST_KEYS keys: gives each to
 * `take`, which tells its trouble by ini_fail(). A file that is not there has none. */
#define INI_LIST_KEYS 16
typedef enum status ini_take(void *ctx, const struct ini *ini, const struct ini_section *s,
                             struct span name, struct why *why);
enum status ini_read_list(const char *path, const char *word, ini_take *take, void *ctx,
                          struct why *why) MUST_USE;
bool ini_has_only(struct span s, const char *chars);

/* ---- checkrein.ini: X(member, ini key, kind, default, min, max, help). One row is one option. */
enum option_kind {
    OPTION_TEXT,
    OPTION_INT,
    OPTION_DURATION,
    OPTION_BOOL,
    OPTION_CHOICE,
    OPTION_MONEY
};

/* Of a record, the daemon's or a console's own. */
#define KEEP_OPTIONS(X)                                                                            \
    X(keep.journal_heads, "journal_heads", OPTION_TEXT, "", 0, 0,                                  \
      "file on another disk that gets the head of each seal; none when empty")                     \
    X(keep.journal_segment_hours, "journal_segment_hours", OPTION_INT, "0", 0, 8760,               \
      "a new segment after so long; 0 = by size only, or a day when days are kept")                \
    X(keep.journal_keep_days, "journal_keep_days", OPTION_INT, "0", 0, 36500,                      \
      "drop segments that are older, leaving a tombstone; 0 = keep all")                           \
    X(keep.journal_keep_mb, "journal_keep_mb", OPTION_INT, "0", 0, 1073741824,                     \
      "drop the oldest segments to have no more MiB, leaving a tombstone; 0 = keep all")           \
    X(keep.syslog, "syslog", OPTION_TEXT, "", 0, 0,                                                \
      "collector: tls://HOST:6514, or here unix:/dev/log, tcp:// or udp://; none when empty")      \
    X(keep.syslog_body, "syslog_body", OPTION_CHOICE, "json", 0, 0, "json|cef")                    \
    X(keep.syslog_ca, "syslog_ca", OPTION_TEXT, "", 0, 0,                                          \
      "PEM file of the authorities that a tls:// collector is held to; else the system's")         \
    X(keep.syslog_certificate, "syslog_certificate", OPTION_TEXT, "", 0, 0,                        \
      "PEM file that a tls:// collector is shown; none when empty")                                \
    X(keep.syslog_key, "syslog_key", OPTION_TEXT, "", 0, 0, "PEM file of its key, mode 0600")

#define CONSOLE_OPTIONS(X)                                                                         \
    X(theme, "theme", OPTION_TEXT, "dark", 0, 0, "name of a file under themes/, or a path")        \
    X(color, "color", OPTION_CHOICE, "auto", 0, 0, "auto|always|never|16|256|truecolor")           \
    X(ascii, "ascii", OPTION_BOOL, "no", 0, 0, "draw with ASCII only")                             \
    X(operator_label, "operator", OPTION_TEXT, "", 0, 0,                                           \
      "label written beside the authenticated identity")                                           \
    X(frame_ms, "frame_ms", OPTION_INT, "100", 33, 1000, "least time between two frames")          \
    X(arm_low_ms, "arm_low_ms", OPTION_INT, "500", 500, 10000,                                     \
      "arming time of a low-risk approval")                                                        \
    X(arm_high_ms, "arm_high_ms", OPTION_INT, "1000", 1000, 10000,                                 \
      "arming time of a high-risk approval")                                                       \
    X(journal, "journal", OPTION_TEXT, "", 0, 0,                                                   \
      "folder of the console's own record; default in XDG_STATE_HOME")                             \
    KEEP_OPTIONS(X)                                                                                \
    X(watchdog_ms, "watchdog_ms", OPTION_INT, "10000", 0, 600000,                                  \
      "a turn stuck for so long starts the console again; 0 = never")                              \
    X(readonly, "readonly", OPTION_BOOL, "no", 0, 0, "send no command")
#define SERVE_OPTIONS(X)                                                                           \
    X(socket, "socket", OPTION_TEXT, "", 0, 0,                                                     \
      "Unix socket; default $XDG_RUNTIME_DIR/checkrein/checkrein.sock")                            \
    X(hook_port, "hook_port", OPTION_INT, "7717", 0, 65535,                                        \
      "loopback port for hooks; 0 lets the system choose")                                         \
    X(gateway_port, "gateway_port", OPTION_INT, "7718", 0, 65535,                                  \
      "loopback port of the lease gateway, when there is an [upstream]; 0 lets the system choose") \
    X(gateway_socket, "gateway_socket", OPTION_TEXT, "", 0, 0,                                     \
      "Unix socket of the lease gateway; default gateway.sock beside the daemon's socket")         \
    X(token_file, "token_file", OPTION_TEXT, "", 0, 0,                                             \
      "bearer token for hooks, mode 0600; made when missing")                                      \
    X(console_port, "console_port", OPTION_INT, "0", 0, 65535,                                     \
      "loopback port for consoles with a token; 0 = none")                                         \
    X(console_tokens, "console_tokens", OPTION_TEXT, "", 0, 0,                                     \
      "digests of consoles' tokens, mode 0600; default in XDG_STATE_HOME")                         \
    X(policy, "policy", OPTION_TEXT, "", 0, 0, "rules; default policy.ini beside checkrein.ini")   \
    X(prices, "prices", OPTION_TEXT, "", 0, 0,                                                     \
      "list prices; default prices.ini beside checkrein.ini")                                      \
    X(issuers, "issuers", OPTION_TEXT, "", 0, 0,                                                   \
      "who issued what agents hold; default issuers.ini beside checkrein.ini")                     \
    X(record, "journal", OPTION_TEXT, "", 0, 0, "folder of the record; default in XDG_STATE_HOME") \
    KEEP_OPTIONS(X)                                                                                \
    X(max_held, "max_held", OPTION_INT, "4096", 16, 65536, "held hook calls at once")              \
    X(max_agent_held, "max_agent_held", OPTION_INT, "256", 1, 4096, "held calls of one agent")     \
    X(max_agents, "max_agents", OPTION_INT, "50000", 16, 50000,                                    \
      "agents known at a time; the ended and silent ones make room")                               \
    X(rate, "rate", OPTION_INT, "2000", 10, 1000000, "hook calls a second of one agent")           \
    X(agent_budget, "agent_budget", OPTION_MONEY, "0", 0, 0,                                       \
      "USD an agent may spend before its model calls wait and its tool calls ask; 0 = none")       \
    X(agent_tokens, "agent_tokens", OPTION_INT, "0", 0, 1000000000000000,                          \
      "the same in tokens, for models without a price too; 0 = none")                              \
    X(task_budget, "task_budget", OPTION_MONEY, "0", 0, 0,                                         \
      "USD one task may use before its model calls wait and its tool calls ask; 0 = none")         \
    X(task_tokens, "task_tokens", OPTION_INT, "0", 0, 1000000000000000,                            \
      "the same in tokens; 0 = none")                                                              \
    X(daily_budget, "daily_budget", OPTION_MONEY, "0", 0, 0,                                       \
      "USD all agents may spend in a day (UTC) before calls wait or ask; 0 = none")                \
    X(fleet_budget, "fleet_budget", OPTION_MONEY, "0", 0, 0,                                       \
      "USD all agents may spend in all before calls wait or ask; 0 = none")                        \
    X(loop_calls, "loop_calls", OPTION_INT, "8", 0, 64,                                            \
      "the same model call so many times in a row is an alarm; 0 = never")                         \
    X(loop_minutes, "loop_minutes", OPTION_INT, "5", 1, 1440, "within so long")                    \
    X(watchdog_ms, "watchdog_ms", OPTION_INT, "10000", 0, 600000,                                  \
      "a turn stuck for so long ends the daemon; 0 = never")                                       \
    X(stop_grace_ms, "stop_grace_ms", OPTION_INT, "2000", 0, 60000, "between SIGTERM and SIGKILL")

#define CONF_NAME_BYTES 32

/* TEXT and CHOICE members are char *; INT, DURATION (ms), BOOL and MONEY (micro-USD) int64_t. */
struct conf_backend { /* [backend NAME] */
    char *name;       /* [a-z0-9._-], at most CONF_NAME_BYTES */
    char *kind;       /* checkrein; any lower-case word is taken here */
    char *url; /* unix:PATH, ws://127.0.0.1:PORT/ (loopback only), wss://HOST/; never with user@ */
    char *token_file; /* or NULL */
    uint32_t line;
};

struct conf_keep { /* of a record: what is kept elsewhere, and for how long it is kept */
    char *journal_heads, *syslog, *syslog_body, *syslog_ca, *syslog_certificate, *syslog_key;
    int64_t journal_segment_hours, journal_keep_days, journal_keep_mb;
};

struct conf_upstream { /* [upstream NAME]: a service whose real key the daemon alone holds */
    char *name;        /* [a-z0-9._-], at most CONF_NAME_BYTES */
    char *url;         /* https://HOST[/base], http:// on this machine only */
    char *dialect;     /* anthropic, openai, gemini or http */
    char *secret_file, *secret_command, *secret_credential; /* one of them; the others are NULL */
    char *header;  /* "Name", or "Name: text" with one % for the secret; NULL: the dialect's */
    char *ca_file; /* NULL: the system's */
    uint32_t line;
};

struct conf {
    char *path; /* NULL when no file was read */
    struct {
        char *theme, *color, *operator_label, *journal;
        struct conf_keep keep;
        int64_t ascii, frame_ms, arm_low_ms, arm_high_ms, watchdog_ms, readonly;
    } console;
    struct {
        char *socket, *gateway_socket, *token_file, *console_tokens, *policy, *prices, *issuers,
            *record;
        struct conf_keep keep;
        int64_t hook_port, gateway_port, console_port, max_held, max_agent_held, max_agents, rate,
            agent_budget, agent_tokens, task_budget, task_tokens, daily_budget, fleet_budget,
            loop_calls, loop_minutes, watchdog_ms, stop_grace_ms;
    } serve;
    struct conf_backend *backends;
    uint32_t backend_count;
    struct conf_upstream *upstreams;
    uint32_t upstream_count;
    struct conf_binding { /* [keys] action = keys */
        char *action, *keys;
        uint32_t line;
    } * bindings;
    uint32_t binding_count;
};

struct option_info {
    const char *section, *name, *fallback, *help;
    enum option_kind kind;
    int64_t min, max;
};
/* The option table, for --print-config and the manual; ends with name == NULL. */
const struct option_info *conf_options(void);

/* Fills uninitialised or zeroed memory; every text is allocated. */
void conf_defaults(struct conf *c);
/* Reads the file over fresh defaults. *c is zeroed or a configuration: on success it is released
 * and replaced, on failure it stays as it was. A missing file is ST_NOTFOUND. Unknown sections and
 * keys are refused. That a kind, an action, a key or a theme exists is for the caller to check. */
enum status conf_load(struct conf *c, const char *path, struct why *why) MUST_USE;
void conf_release(struct conf *c);
/* The whole configuration as an ini that conf_load() reads back to the same; an option that is
 * empty stands in it as a comment. ST_LIMIT: `out` is full; ST_INVALID: a text (put there by the
 * program) that an ini cannot hold. Both leave a part in `out`. */
enum status conf_print(const struct conf *c, struct buf *out);

#endif
