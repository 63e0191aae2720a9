/* doctor_priv.h - `checkrein doctor`: does the gate hold, and what would still get past it?
 *
 *   doctor.c     the subcommand: the table of checks
 *   tell.c       how what was found is printed
 *   runtimes.c   what differs between the runtimes, a row each
 *   daemon.c     configuration, token, socket, hook port
 *   record.c     who writes the record, its last seal, the disk under it
 *   settings.c   the client, and its settings in every scope
 *   gemini.c     what Gemini CLI reads besides: its rules, and which folders it trusts
 *   proof.c      a test call through the hook that is installed, and the same hook with nobody
 * there
 *   past.c       what an agent with a shell could still do: docs/drivers/ say the same
 */
#ifndef DOCTOR_PRIV_H
#define DOCTOR_PRIV_H

#include "../app_priv.h"
#include "../connect/connect_priv.h"

#include "checkrein/net.h"
#include "checkrein/settings.h"

#define FINDINGS_MAX 96
#define WORDS_BYTES  320
#define AGAIN_BYTES  64
#define FILES_MAX    32

enum finding_level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };

struct finding {
    const char *check; /* "daemon.socket" */
    enum finding_level level;
    char words[WORDS_BYTES]; /* what was seen */
    char todo[WORDS_BYTES];  /* what to do; empty when all is well */
};

struct doctor;

/* ---- runtimes.c */
struct doctor_runtime {
    const struct settings_kind *kind;
    const char *called;                    /* by people */
    const char *shell;                     /* that the client gives a hook's line to */
    void (*tell_client)(struct doctor *d); /* the version is known: what it means for the hooks */
    bool (*http_fails_closed)(struct span version); /* NULL: there is no HTTP form */
    char *(*other_file)(void); /* settings that it reads and `connect` never writes; caller frees.
                                  NULL: none */
    /* More of the machine's settings; NULL: they are one file. */
    enum status (*machine_each)(machine_look *look, void *arg, struct why *why);
    void (*check_besides)(struct doctor *d); /* what it reads beside its settings; NULL: nothing */
    uint32_t off;          /* faults that switch our hooks off, wherever they stand */
    uint32_t overruled;    /* those of them that the machine's settings win against */
    bool machine_is_roots; /* the machine's file counts only where root alone can write */
    const char *gate;      /* the event of a call */
    struct {
        const char *event; /* path in an answer; NULL: it names none */
        const char *verdict, *reason;
    } refusal;
    const char *stronger;      /* what would leave fewer ways past; NULL: nothing that is known */
    const char *const *limits; /* calls that are not held whatever the settings say; NULL-ended */
};
const struct doctor_runtime *doctor_runtime(const char *name); /* NULL: not known */

/* One settings file that the client would read here. */
struct settings_file {
    const struct settings_scope
        *scope; /* NULL: one that `connect` never writes, but that can work against it */
    char *path;
    struct buf text;
    struct settings_look look;
    bool there, unread;
    bool skipped; /* the client does not read it: somebody else than root could have written it */
};

struct doctor {
    const struct doctor_runtime *runtime;
    char again[AGAIN_BYTES]; /* the command that connects it */
    struct conf conf;
    const char *binary, *given_version, *given_port;
    char *socket_path, *own_socket, *token_path, *record;
    int port;         /* the daemon's, as configured */
    struct buf token; /* empty: it cannot be read */
    bool reachable;   /* the daemon answers on its socket */
    char version[32]; /* of the client; empty: not known */
    struct settings_file files[FILES_MAX];
    size_t file_count;
    const struct settings_file *in_force; /* whose hooks hold here; NULL: none */
    bool proved;                          /* a call through its hook was refused by the daemon */
    struct finding findings[FINDINGS_MAX];
    size_t count;
};

/* Adds a finding; foreign text in it is made plain when it is printed. `todo` may be NULL. */
void found(struct doctor *d, const char *check, enum finding_level level, const char *todo,
           const char *fmt, ...) PRINTF(5, 6);

void check_configuration(struct doctor *d);
void check_token(struct doctor *d);
void check_socket(struct doctor *d);
void check_port(struct doctor *d);
void check_record(struct doctor *d);
void check_client(struct doctor *d);
void check_settings(struct doctor *d);
void check_besides(struct doctor *d);
void check_proof(struct doctor *d);
void check_absence(struct doctor *d);

/* ---- tell.c */
bool gate_holds(const struct doctor *d);
void tell_text(const struct doctor *d);
enum status tell_json(const struct doctor *d) MUST_USE;

/* ---- gemini.c */
void check_gemini_besides(struct doctor *d);

/* ---- codex.c */
void check_codex_besides(struct doctor *d);

/* ---- past.c */
/* The i-th way past the gate when this runtime's hooks stand in this scope; NULL behind the last.
 */
const char *way_past(const struct doctor_runtime *r, const struct settings_scope *scope, size_t i);

#endif
