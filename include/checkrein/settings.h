/* settings.h - what a runtime's settings file must hold so that its calls pass the daemon, and
 * whether it does.
 *
 * `connect` writes by these tables; the daemon (a change of settings) and `doctor` look by them. A
 * look judges one file's text and touches no file itself: which files count together is its
 * caller's business. What a look tells are words of ours and numbers, never bytes of the file, so
 * it may be shown as it is; `self`, `socket` and `gate` are the file's own and may not.
 *
 * Facts about the runtimes: docs/drivers/. Thread: any.
 */
#ifndef CHECKREIN_SETTINGS_H
#define CHECKREIN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "checkrein/buf.h"
#include "checkrein/span.h"
#include "checkrein/status.h"

#define SETTINGS_BYTES  ((size_t)1 << 20)
#define SETTINGS_TOKENS 65536

/* Marks a hook as ours; the runtime shows it while a call waits. */
#define OUR_MARK "checkrein gate"
/* In the telemetry's headers: marks them as ours. */
#define OUR_HEADER ",x-checkrein=1"

/* ---- what a runtime's file holds: a row each */

enum hook_role { ROLE_GATE, ROLE_GUARD, ROLE_REPORT, ROLE_COMMAND, ROLE_COUNT };
/* What a failure means. A report that fails must not block: exit code 2 of a Stop hook keeps the
 * model talking. */
struct hook_terms {
    int timeout;            /* in the runtime's own unit */
    const char *group;      /* JSON that begins the group around it */
    const char *on_failure; /* of the HTTP form; NULL: the runtime takes no HTTP hook here */
    const char *first;      /* of the command form: before the program */
    const char *otherwise;  /* of the command form: when the program gave no verdict */
};

struct hook_row {
    const char *event;
    enum hook_role role;
};

struct settings_kind {
    const char *runtime;  /* as `checkrein hook` takes it */
    const char *mark_key; /* member of a hook that holds OUR_MARK in ours */
    const char *options;  /* of the command form, beside the deadline and the socket */
    const char *const
        *cleared; /* variables that every command hook sets to nothing for itself; NULL-ended */
    int64_t timeout_max; /* one that is longer ends at once */
    struct hook_terms terms[ROLE_COUNT];
    const struct hook_row *hooks;
    size_t hook_count;
    const struct look_rules
        *rules; /* what else in the file is looked at: a matter of this module */
};
extern const struct settings_kind settings_claude, settings_gemini, settings_codex;

/* True when this version of Claude Code fails closed with `onFailure` on an HTTP hook (2.1.295 and
 * later). */
bool claude_http_fails_closed(struct span version);

/* Telemetry variables of Claude Code that `connect` sets in "env"; NULL: the value depends on the
 * daemon. */
struct telemetry_row {
    const char *name, *value;
};
#define CLAUDE_TELEMETRY 5
extern const struct telemetry_row claude_telemetry[CLAUDE_TELEMETRY];

/* Variables that decide what a command hook's line really runs. A project's settings may set them
 * for hooks too; the machine's are stronger, and set them to nothing. */
#define CLAUDE_CLEARED 6
extern const char *const claude_cleared[CLAUDE_CLEARED];

/* Begins the address in Gemini CLI's telemetry that is ours: the token follows, as a password. */
#define GEMINI_ADDRESS "http://checkrein:"

/* ---- looking */

/* X(constant, name in --json, words; one %s takes what it is about) */
#define SETTINGS_FAULTS(X)                                                                         \
    X(FAULT_UNREADABLE, "unreadable", "it cannot be read as settings%s")                           \
    X(FAULT_DISABLED, "hooks_disabled", "\"%s\" switches all hooks off")                           \
    X(FAULT_NAMED, "hook_disabled", "\"%s\" switches our hooks off by name")                       \
    X(FAULT_MANAGED_ONLY, "managed_only", "\"%s\" drops all hooks but managed ones")               \
    X(FAULT_URLS, "urls_limited", "\"%s\" names the addresses that hooks may ask")                 \
    X(FAULT_ENVIRONMENT, "environment", "\"env\" sets %s, which can turn hooks to somebody else")  \
    X(FAULT_MISSING, "hook_missing", "the hook for %s is missing")                                 \
    X(FAULT_FAILS_OPEN, "fails_open", "the hook for %s lets the call run when it fails")           \
    X(FAULT_NARROW, "narrow", "the hook for %s does not see every call")                           \
    X(FAULT_PORT, "other_port", "the hook for %s asks another address")                            \
    X(FAULT_TOKEN, "other_token", "the hook for %s carries another token")                         \
    X(FAULT_SOCKET, "other_socket", "the hook for %s asks another socket")                         \
    X(FAULT_SHORT, "short_timeout", "the hook for %s gives up too early")                          \
    X(FAULT_SHAPE, "other_shape", "the hook for %s is not as `checkrein connect` writes it")       \
    X(FAULT_TWICE, "twice", "the hook for %s stands there more than once")                         \
    X(FAULT_PROGRAM, "other_program", "the command hooks run another program%s")                   \
    X(FAULT_TELEMETRY, "telemetry", "%s is somebody else's: what the agent spends is not seen")

enum settings_fault {
#define X(constant, name, words) constant,
    SETTINGS_FAULTS(X)
#undef X
        FAULT_COUNT
};
const char *fault_name(enum settings_fault f);
/* Words with what it is about filled in. */
void fault_words(enum settings_fault f, const char *about, char *out, size_t bytes);

/* The daemon that the hooks should ask. */
struct settings_daemon {
    int port;
    struct span token; /* empty: any is taken */
    const char *socket_path;
    const char *own_socket; /* what `--own-socket` means here; NULL: such a hook is another's */
};

#define LOOK_PATH_BYTES 1024
struct settings_look {
    uint32_t faults;                /* 1u << enum settings_fault */
    const char *about[FAULT_COUNT]; /* what the first of each kind is about: a constant */
    uint32_t marked;                /* hooks with our mark, of any state */
    uint32_t whole;                 /* 1u << index of a hook: is there, and as it must be */
    uint32_t all;                   /* `whole` when every hook is */
    bool http, command;             /* the forms in which the gate's hook was found */
    int port;                       /* that the gate's HTTP hook asks; 0: none */
    bool telemetry;                 /* is sent to us */
    bool token_inside;              /* a bearer token stands in the file */
    bool keeps_on;   /* as the machine's, its hooks stay on whatever other files switch off */
    bool trusts_all; /* it makes every folder one that the client trusts */
    char self[LOOK_PATH_BYTES];   /* executable that the command hooks run; empty: none */
    char socket[LOOK_PATH_BYTES]; /* that they ask */
    struct span gate;             /* JSON of the gate's hook inside the text; empty: none */
};
/* For a fault that only the caller can see, FAULT_PROGRAM. */
void settings_fault_add(struct settings_look *look, enum settings_fault f, const char *about);
/* All hooks are there as they must be. Faults elsewhere in the file may still work against them. */
bool settings_whole(const struct settings_look *look);
/* Looks at a file of this kind. An empty text is settings without anything. */
void settings_look_at(const struct settings_kind *k, struct span text,
                      const struct settings_daemon *d, struct settings_look *out);

/* ---- the command form: FIRST 'SELF' hook RUNTIME --deadline 23h OPTIONS (--socket 'PATH' |
 * --own-socket)
 * [--runtime-version V] || OTHERWISE */
#define HELPER_DEADLINE "23h"
struct hook_command {
    const struct settings_kind *kind;
    enum hook_role role;
    const char *self;
    const char *socket_path; /* NULL: --own-socket */
    struct span version;     /* may be empty */
};
/* The word in single quotes for a shell. */
void shell_quote(struct buf *out, const char *word);
void hook_command_write(struct buf *out, const struct hook_command *c);
/* What a line of exactly this form names; `self` and `socket` are LOOK_PATH_BYTES, socket empty for
 * --own-socket. */
bool hook_command_read(struct span line, const struct settings_kind *k, enum hook_role role,
                       char *self, char *socket);

#endif
