#include "run_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/crypto.h"

#define ENV_MAX 65536

extern char **environ;

static enum status nothing_to_prepare(struct run_plan *p, struct why *why)
{
    (void)p;
    (void)why;
    return ST_OK;
}

static const struct run_runtime RUNTIMES[] = {
    {"claude", true,  claude_prepare,     claude_write},
    {"gemini", true,  gemini_prepare,     gemini_write},
    {"codex",  true,  codex_prepare,      NULL        },
    {NULL,     false, nothing_to_prepare, NULL        },
};

const struct run_runtime *run_runtime_find(const char *name)
{
    const struct run_runtime *r = RUNTIMES;
    while (r->name && strcmp(r->name, name) != 0) {
        r++;
    }
    return r;
}

static char **find(const struct run_plan *p, const char *name)
{
    size_t n = strlen(name);
    for (char **at = p->env; *at; at++) {
        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=') {
            return at;
        }
    }
    return NULL;
}

static void put(struct run_plan *p, const char *name, const char *before, const char *value)
{
    struct buf b;
    buf_init(&b, ENV_MAX);
    buf_printf(&b, "%s=%s%s", name, before, value);
    char **at = find(p, name);
    if (at) {
        free(*at);
    } else {
        size_t count = 0;
        while (p->env[count]) {
            count++;
        }
        p->env = xrealloc(p->env, (count + 2) * sizeof(char *));
        p->env[count + 1] = NULL;
        at = &p->env[count];
    }
    *at = buf_detach(&b, NULL);
    buf_release(&b);
}

const char *plan_env_get(const struct run_plan *p, const char *name)
{
    char **at = find(p, name);
    return at ? *at + strlen(name) + 1 : "";
}

void plan_env(struct run_plan *p, const char *name, const char *value)
{
    put(p, name, "", value);
}

void plan_env_append(struct run_plan *p, const char *name, const char *value)
{
    char **at = find(p, name);
    const char *old = at ? *at + strlen(name) + 1 : "";
    struct buf b;
    buf_init(&b, ENV_MAX);
    buf_printf(&b, "%s%s", old, *old ? "," : "");
    char *before = buf_detach(&b, NULL);
    put(p, name, before, value);
    free(before);
    buf_release(&b);
}

/* What /proc tells of this process is the memory that it was started with: it is overwritten there.
 */
static void blank_own(const char *name)
{
    size_t n = strlen(name);
    for (char **at = environ; *at; at++) {
        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=') {
            wipe(*at + n + 1, strlen(*at + n + 1));
        }
    }
}

void plan_env_remove(struct run_plan *p, const char *name)
{
    char **at = find(p, name);
    if (at) {
        wipe(*at, strlen(*at));
        free(*at);
        while ((at[0] = at[1])) {
            at++;
        }
    }
    blank_own(name);
}

void plan_insert(struct run_plan *p, const char *const *words, size_t count)
{
    p->argv = xreallocarray(p->argv, (size_t)p->argc + count + RUN_ROOM, sizeof(*p->argv));
    memmove(&p->argv[1 + count], &p->argv[1], (size_t)p->argc * sizeof(*p->argv));
    memcpy(&p->argv[1], words, count * sizeof(*words));
    p->argc += (int)count;
}
