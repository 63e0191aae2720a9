/* doctor_priv.h - `checkrein doctor`: does the gate hold, and what would still get past it?
 *
 *   doctor.c     the subcommand: the table of checks, and how they are printed
 *   daemon.c     configuration, token, socket, hook port
 *   record.c     who writes the record, its last seal, the disk under it
 *   settings.c   the client, and its settings in every scope
 *   proof.c      a test call through the hook that is installed, and the same hook with nobody
 * there ask.c        one HTTP request, waited for past.c       what an agent with a shell could
 * still do: docs/drivers/ say the same
 */
#ifndef DOCTOR_PRIV_H
#define DOCTOR_PRIV_H

#include "../app_priv.h"
#include "../connect/connect_priv.h"

#include "checkrein/net.h"
#include "checkrein/settings.h"

#define FINDINGS_MAX 96
#define WORDS_BYTES  320
#define FILES_MAX    8

enum finding_level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };

struct finding {
    const char *check; /* "daemon.socket" */
    enum finding_level level;
    char words[WORDS_BYTES]; /* what was seen */
    char todo[WORDS_BYTES];  /* what to do; empty when all is well */
};

/* One settings file that the client would read here. */
struct settings_file {
    const struct settings_scope
        *scope; /* NULL: one that `connect` never writes, but that can work against it */
    char *path;
    struct buf text;
    struct settings_look look;
    bool there, unread;
};

struct doctor {
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
void check_proof(struct doctor *d);
void check_absence(struct doctor *d);

/* ---- ask.c: one request to this machine, within five seconds. 0: no answer, `why` says. */
struct question {
    const char *url, *unix_path, *method;
    const char *const *headers;
    struct span bearer, body;
};
int ask_http(const struct question *q, struct buf *answer, struct why *why);

/* ---- past.c */
/* The i-th way past the gate when the hooks stand in this scope; NULL behind the last. */
const char *way_past(const struct settings_scope *scope, size_t i);

#endif
