/* connect_priv.h - putting an installed runtime behind the daemon by editing its settings.
 *
 *   connect.c   the subcommand: finds, shows the difference, writes
 *   claude.c    what Claude Code's settings must hold, for the version that is installed
 *   gemini.c    what Gemini CLI's settings and rules must hold
 *   codex.c     what Codex's hooks.json must hold
 *   connectors.c  the runtimes, a row each        beside.c  a file of ours beside the settings
 *   scope.c     which file, whose it is, and whether a secret may stand in it
 *   machine.c   the files of Claude Code's machine settings, which are several
 *   copies.c    the same gate in two scopes
 *   trust.c     which folders Gemini CLI trusts
 *   hooks.c     all hooks of ours, by the table of their runtime
 *   edit.c      several changes of one settings text, ours told from others' by a mark
 *   splice.c    JSON text edited in place: what is not ours keeps its bytes
 *   attach.c    a runtime that is a back-end of its own: a section of our configuration
 *   diff.c      the difference between two texts, for a person
 */
#ifndef CONNECT_PRIV_H
#define CONNECT_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "checkrein/buf.h"
#include "checkrein/settings.h"
#include "checkrein/span.h"
#include "checkrein/status.h"
#include "checkrein/wire.h"

struct claude_gate {
    const char *self;        /* path of this executable */
    const char *socket_path; /* NULL: each user's own, whoever runs the client */
    int port;
    struct span token;   /* empty: none may stand in the file, so command hooks, and no telemetry */
    struct span version; /* of the installed client; empty: not known */
    bool lock; /* of the machine's settings: no hook of somebody else rewrites an approved call */
};

/* ---- scope.c */
enum scope_who {
    SCOPE_PRIVATE, /* one user's, readable by nobody else */
    SCOPE_SHARED,  /* may be committed, or copied: holds no secret */
    SCOPE_MACHINE  /* everybody's, written by root: holds no secret, and no user's paths */
};
struct settings_scope {
    const char *runtime, *name;
    const char *finding; /* what doctor calls its findings */
    char *(*path)(void); /* caller frees */
    mode_t file_mode, folder_mode;
    enum scope_who who;
};
const struct settings_scope *connect_scope(const char *runtime,
                                           const char *name); /* NULL: there is none */
/* The mode that the file shall have when it is written. ST_DENIED: it is somebody else's. */
enum status connect_scope_mode(const struct settings_scope *s, const char *path, mode_t *mode,
                               struct why *why) MUST_USE;
/* ST_DENIED: it takes root. */
enum status connect_scope_writable(const struct settings_scope *s, const char *path,
                                   struct why *why) MUST_USE;
/* Neither this file nor a folder above it can be changed by anybody but root. */
bool only_root_writes(const char *path);
/* So it is with this file, or will be: with the folder that it would be made in. */
bool only_root_would_write(const char *path);
/* It is in a git repository and not ignored there. */
bool git_would_commit(const char *path);

/* ---- machine.c */
/* Each file of the machine's settings of Claude Code, also where there is none:
 * managed-settings.json, then, by name, those of the folder managed-settings.d, which the client
 * puts on top of it. Ends at the first look that is not ST_OK. ST_LIMIT: more than can be looked
 * at. ST_DENIED: the folder cannot be read. */
typedef enum status machine_look(const char *path, void *arg, struct why *why);
enum status claude_machine_each(machine_look *look, void *arg, struct why *why) MUST_USE;

/* ---- copies.c */
/* Another file that the client reads too and whose gate is not the same as this one's; caller
 * frees. NULL: none. */
char *copy_elsewhere(const struct settings_scope *s, const char *path, struct span settings);

/* ---- connectors.c: a row for each runtime that can be connected */
struct connector {
    const char *name; /* of the subcommand's argument, and of the client's executable */
    const struct settings_kind *kind;
    const char *called; /* by people */
    /* The settings with our hooks and telemetry (replacing older ones of ours), or without any of
     * ours. */
    enum status (*add)(struct span old, const struct claude_gate *g, struct buf *out,
                       struct why *why);
    enum status (*remove)(struct span old, struct buf *out, struct why *why);
    const char *(*form)(
        const struct claude_gate *g); /* what of hooks this version and scope get, in words */
    /* True when somebody else has set telemetry up: it is left alone, and spend is not seen. NULL:
     * none is set up here. */
    bool (*telemetry_is_anothers)(struct span settings);
    /* Says what keeps hooks in this file from being the gate. NULL: nothing does. */
    void (*explain)(const struct settings_scope *scope, const char *settings);
    const char *beside; /* file of ours that it needs beside its user's settings; NULL: none */
    const char *beside_text;
    const char *twice;    /* what comes of two hooks that ask in different ways */
    const char *taken_up; /* when sessions notice */
    const char *limits;   /* what is not held all the same: docs/drivers/ says more */
};
const struct connector *connector_find(const char *name);

/* ---- claude.c */
/* HTTP hooks, where a token may stand in the file and the version fails closed with them; else
 * command hooks. */
bool claude_gate_is_http(const struct claude_gate *g);
enum status claude_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why) MUST_USE;
enum status claude_settings_remove(struct span old, struct buf *out, struct why *why) MUST_USE;
bool claude_telemetry_is_anothers(struct span settings);

/* ---- gemini.c: both are whole, so that a run of its own can be given them instead of the user's
 */
#define GEMINI_SEEN "0.61.0"      /* the version that all this was seen with */
extern const char GEMINI_RULES[]; /* a file of its policies folder: lets run what passed the hook */
enum status gemini_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                                struct why *why) MUST_USE;
enum status gemini_settings_remove(struct span old, struct buf *out, struct why *why) MUST_USE;
bool gemini_telemetry_is_anothers(struct span settings);
void gemini_explain(const struct settings_scope *scope, const char *settings);

/* ---- codex.c */
#define CODEX_SEEN "0.169.0" /* the version that all this was seen with */
enum status codex_settings_add(struct span old, const struct claude_gate *g, struct buf *out,
                               struct why *why) MUST_USE;
enum status codex_settings_remove(struct span old, struct buf *out, struct why *why) MUST_USE;
void codex_hook_write(struct buf *out, const struct claude_gate *g, enum hook_role role);
void codex_explain(const struct settings_scope *scope, const char *settings);

/* ---- trust.c */
enum folder_trust { TRUST_NOT_SAID, TRUST_YES, TRUST_NO };
/* In a folder that is not trusted no hook of Gemini CLI runs. What the environment says counts
 * first, then settings that trust every folder, then what was said of this one, or of one above it.
 */
enum folder_trust gemini_trust_set(void);
enum folder_trust gemini_trust_of(const char *folder);

/* ---- beside.c */
struct beside {
    char *path; /* NULL: the runtime needs none */
    struct span text;
    struct buf before;
    bool there;
};
/* beside_release() follows, whatever happens. */
enum status beside_read(struct beside *b, const struct connector *c, const char *settings,
                        struct why *why) MUST_USE;
void beside_release(struct beside *b);
bool beside_changes(const struct beside *b, bool remove);
void beside_show(const struct beside *b, bool remove);
enum status beside_write(const struct beside *b, struct why *why) MUST_USE;
enum status beside_remove(const struct beside *b, struct why *why) MUST_USE;

/* ---- connect.c */
/* What `BINARY --version` says, numbers and points only; empty when it says nothing that can be
 * understood. */
void client_version(const char *binary, char *out, size_t bytes);

/* ---- edit.c: several changes of one settings text */
struct edit {
    struct span text;  /* the settings so far */
    struct buf buf[2]; /* takes turns holding them */
    int at;
    struct tape_token *tokens;
    const char *mark_key; /* member of a hook that holds OUR_MARK in ours */
    struct why *why;
};
/* `old` without anything in it: an empty object. edit_end() follows, whatever happens. */
void edit_init(struct edit *e, struct span old, const char *mark_key, struct why *why);
enum status edit_set(struct edit *e, const char *path,
                     struct span value) MUST_USE; /* as splice_member() */
/* At hooks/EVENT, others' groups stay as they are, ours are replaced by `ours`. NULL: they are
 * taken out, and nothing is touched where there is none. */
enum status edit_hook(struct edit *e, const char *event, const struct buf *ours) MUST_USE;
/* With `st` ST_OK appends the settings to `out`, when they can be read; frees everything, gives
 * `st` or worse. */
enum status edit_end(struct edit *e, enum status st, struct buf *out) MUST_USE;

/* ---- hooks.c */
/* One hook of this role, as JSON. */
typedef void hook_writer(struct buf *out, const struct claude_gate *g, enum hook_role role);
void hooks_write_command(struct buf *out, const struct settings_kind *k,
                         const struct claude_gate *g, enum hook_role role);
enum status hooks_set(struct edit *e, const struct settings_kind *k, const struct claude_gate *g,
                      hook_writer *write) MUST_USE;
enum status hooks_remove(struct edit *e, const struct settings_kind *k) MUST_USE;

/* ---- splice.c: one member of an object, set or taken out, everything else byte for byte as it was
 */
/* path: "env" or "hooks/PreToolUse": objects on the way are made. value: JSON text; NONE takes the
 * member out, and objects that become empty with it. */
enum status splice_member(struct span old, const char *path, struct span value, struct buf *out,
                          struct why *why) MUST_USE;
/* Parses settings: ST_INVALID names the fault, also when they are no object. */
enum status splice_read(struct span text, struct tape *j, struct tape_token *tokens,
                        struct why *why) MUST_USE;

/* ---- diff.c: lines with two of context; tokens are shown as a mark */
void diff_print(const char *path, struct span before, struct span after);

#endif
