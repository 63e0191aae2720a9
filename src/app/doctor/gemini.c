/* gemini.c - what Gemini CLI reads beside its settings, and what the gate rests on: the one rule of
 * ours, and whether this folder is trusted.
 */
#include "doctor_priv.h"

#include <limits.h>
#include <unistd.h>

static bool trusts_all(const struct doctor *d)
{
    for (size_t i = 0; i < d->file_count; i++) {
        const struct settings_file *f = &d->files[i];
        if (f->look.trusts_all && !(f->scope && f->scope->who == SCOPE_SHARED)) {
            return true;
        }
    }
    return false;
}

static void check_trust(struct doctor *d)
{
    static const char REMEDY[] =
        "start the client here once and say that you trust the folder, if you do";
    char here[PATH_MAX];
    const char *folder = getcwd(here, sizeof(here)) ? here : ".";
    enum folder_trust trust = gemini_trust_set();
    if (trust == TRUST_NOT_SAID) {
        trust = trusts_all(d) ? TRUST_YES : gemini_trust_of(folder);
    }
    if (trust == TRUST_YES) {
        found(d, "folder", LEVEL_OK, NULL, "the client trusts %s: hooks run here", folder);
    } else if (trust == TRUST_NO) {
        found(d, "folder", LEVEL_FAIL, REMEDY, "the client does not trust %s: no hook runs here",
              folder);
    } else {
        found(d, "folder", LEVEL_FAIL, REMEDY,
              "nobody has said that the client may trust %s: no hook runs here until then", folder);
    }
}

/* Without it the client offers no shell where nobody can be asked; another in its place may let
 * calls run that no hook has seen. */
static void check_rule(struct doctor *d)
{
    const struct settings_scope *user = connect_scope("gemini", "user");
    struct why why = {0};
    struct beside b = {0};
    char *settings = user->path();
    if (beside_read(&b, connector_find("gemini"), settings, &why) != ST_OK) {
        found(d, "rule", LEVEL_FAIL, "make it readable for this user", "%s", why.text);
    } else if (!b.there) {
        found(d, "rule", LEVEL_WARN, "checkrein connect gemini writes it",
              "%s is not there: without a screen the client offers no shell, unless another rule "
              "or --approval-mode yolo does",
              b.path);
    } else if (beside_changes(&b, false)) {
        found(d, "rule", LEVEL_FAIL, "remove it and connect again",
              "%s is not as connect writes it: it may let calls run that no hook has seen", b.path);
    } else {
        found(d, "rule", LEVEL_OK, NULL, "%s: without a screen the hook is the only gate", b.path);
    }
    beside_release(&b);
    free(settings);
}

static void check_environment(struct doctor *d)
{
    const char *named = env_or("GEMINI_CLI_SYSTEM_SETTINGS_PATH", NULL);
    if (named) {
        found(d, "environment", LEVEL_WARN, "unset it, unless you have set it on purpose",
              "GEMINI_CLI_SYSTEM_SETTINGS_PATH names %s: the machine's own settings are not read",
              named);
    }
}

void check_gemini_besides(struct doctor *d)
{
    check_environment(d);
    check_trust(d);
    check_rule(d);
}
