#include "policy_priv.h"

#define WORDS_LOOKED_AT 256
#define LINE_LOOKED_AT  ((size_t)16 * 1024)

struct effect {
    enum risk risk;
    bool reversible;
};

/* clang-format off */
#define HARMFUL  {RISK_HIGH, false}
#define POWERFUL {RISK_HIGH, true}
#define LOSSY    {RISK_LOW, false}
/* clang-format on */

/* A program with arguments: one of each list must be there (NULL: no condition). */
struct deed {
    const char *name;
    const char *having, *and;
    struct effect effect;
};

/* clang-format off */
static const struct deed deeds[] = {
    /* files and disks */
    {"rm", NULL, NULL, LOSSY},
    {"rm", "-r* -R* -[a-zA-Z]*r* -[a-zA-Z]*R* --recursive", NULL, HARMFUL},
    {"rmdir", NULL, NULL, LOSSY},
    {"unlink", NULL, NULL, LOSSY},
    {"shred", NULL, NULL, HARMFUL},
    {"truncate", NULL, NULL, HARMFUL},
    {"find", "-delete", NULL, HARMFUL},
    {"rsync", "--delete* --remove-source-files", NULL, HARMFUL},
    {"dd", "of=*", NULL, HARMFUL},
    {"mkfs*", NULL, NULL, HARMFUL},
    {"mkswap", NULL, NULL, HARMFUL},
    {"wipefs", NULL, NULL, HARMFUL},
    {"blkdiscard", NULL, NULL, HARMFUL},
    {"fdisk", NULL, NULL, HARMFUL},
    {"sfdisk", NULL, NULL, HARMFUL},
    {"parted", NULL, NULL, HARMFUL},
    {"lvremove", NULL, NULL, HARMFUL},
    {"zfs", "destroy rollback", NULL, HARMFUL},
    {"zpool", "destroy", NULL, HARMFUL},
    {"mv", "/dev/null", NULL, HARMFUL},
    {"chmod", "-R* --recursive 777 a+rwx u+s +s [246]7[0-7][0-7]", NULL, HARMFUL},
    {"chown", "-R* --recursive", NULL, HARMFUL},
    {"chgrp", "-R* --recursive", NULL, HARMFUL},
    {"chattr", NULL, NULL, POWERFUL},
    {"setfacl", NULL, NULL, POWERFUL},
    /* rights and the machine */
    {"sudo", NULL, NULL, POWERFUL},
    {"doas", NULL, NULL, POWERFUL},
    {"su", NULL, NULL, POWERFUL},
    {"pkexec", NULL, NULL, POWERFUL},
    {"run0", NULL, NULL, POWERFUL},
    {"passwd", NULL, NULL, HARMFUL},
    {"chpasswd", NULL, NULL, HARMFUL},
    {"useradd", NULL, NULL, POWERFUL},
    {"usermod", NULL, NULL, POWERFUL},
    {"userdel", NULL, NULL, HARMFUL},
    {"visudo", NULL, NULL, POWERFUL},
    {"shutdown", NULL, NULL, HARMFUL},
    {"reboot", NULL, NULL, HARMFUL},
    {"poweroff", NULL, NULL, HARMFUL},
    {"halt", NULL, NULL, HARMFUL},
    {"kill", "-9 -KILL -SIGKILL -1", NULL, HARMFUL},
    {"killall", NULL, NULL, HARMFUL},
    {"pkill", NULL, NULL, HARMFUL},
    {"systemctl", "stop disable mask restart kill isolate", NULL, POWERFUL},
    {"service", "stop restart", NULL, POWERFUL},
    {"iptables", NULL, NULL, POWERFUL},
    {"nft", NULL, NULL, POWERFUL},
    {"ufw", NULL, NULL, POWERFUL},
    {"modprobe", NULL, NULL, POWERFUL},
    {"insmod", NULL, NULL, POWERFUL},
    {"sysctl", "-w *=*", NULL, POWERFUL},
    {"crontab", NULL, NULL, POWERFUL},
    {"at", NULL, NULL, POWERFUL},
    {"apt*", "remove purge autoremove", NULL, POWERFUL},
    {"dpkg", "-r --remove -P --purge", NULL, POWERFUL},
    {"ssh-keygen", NULL, NULL, POWERFUL},
    {"gpg", "--delete* --export-secret*", NULL, HARMFUL},
    /* what is shared with others */
    {"git", "push", "-f* --force* --delete -d --mirror --prune +* :*", HARMFUL},
    {"git", "push", NULL, LOSSY},
    {"git", "reset", "--hard --merge --keep", HARMFUL},
    {"git", "clean", "-*f* --force", HARMFUL},
    {"git", "checkout restore", "-- . -f --force", HARMFUL},
    {"git", "branch tag", "-d -D --delete -f --force", HARMFUL},
    {"git", "stash", "drop clear", HARMFUL},
    {"git", "reflog", "expire delete", HARMFUL},
    {"git", "filter-branch filter-repo update-ref gc prune", NULL, HARMFUL},
    {"git", "config", "--global --system", POWERFUL},
    {"gh", "delete merge close transfer archive", NULL, HARMFUL},
    {"glab", "delete merge close", NULL, HARMFUL},
    {"npm", "publish unpublish deprecate", NULL, HARMFUL},
    {"yarn", "publish", NULL, HARMFUL},
    {"pnpm", "publish", NULL, HARMFUL},
    {"cargo", "publish yank", NULL, HARMFUL},
    {"twine", "upload", NULL, HARMFUL},
    {"gem", "push yank", NULL, HARMFUL},
    {"docker", "rm rmi prune push kill", NULL, HARMFUL},
    {"docker", "--privileged --pid=host", NULL, POWERFUL},
    {"podman", "rm rmi prune push kill", NULL, HARMFUL},
    {"docker-compose", "down rm", NULL, HARMFUL},
    {"kubectl", "delete drain replace scale patch apply cordon", NULL, HARMFUL},
    {"helm", "uninstall delete upgrade rollback", NULL, HARMFUL},
    {"terraform", "destroy apply import taint state", NULL, HARMFUL},
    {"tofu", "destroy apply import taint state", NULL, HARMFUL},
    {"pulumi", "destroy up cancel", NULL, HARMFUL},
    {"ansible*", NULL, NULL, POWERFUL},
    {"aws", "delete* terminate* rm rb put* update* modify* deregister* revoke*", NULL, HARMFUL},
    {"gcloud", "delete update add-iam-policy-binding remove*", NULL, HARMFUL},
    {"gsutil", "rm rb", NULL, HARMFUL},
    {"az", "delete purge update", NULL, HARMFUL},
    {"doctl", "delete", NULL, HARMFUL},
    {"flyctl", "destroy", NULL, HARMFUL},
    {"fly", "destroy", NULL, HARMFUL},
    {"heroku", "*destroy* *reset*", NULL, HARMFUL},
    {"vault", "delete write", NULL, HARMFUL},
    {"redis-cli", "[fF][lL][uU][sS][hH]*", NULL, HARMFUL},
    {"dropdb", NULL, NULL, HARMFUL},
    {"dropuser", NULL, NULL, HARMFUL},
    {"mysqladmin", "drop", NULL, HARMFUL},
    {"pg_restore", "-c --clean", NULL, HARMFUL},
    {"sendmail", NULL, NULL, HARMFUL},
    {"mail", NULL, NULL, HARMFUL},
};

/* The whole line in lower case, as its commands stand without quotes. */
static const struct {
    const char *pattern;
    struct effect effect;
} lines[] = {
    {"*drop table*", HARMFUL},
    {"*drop database*", HARMFUL},
    {"*drop schema*", HARMFUL},
    {"*drop index*", HARMFUL},
    {"*drop view*", HARMFUL},
    {"*drop role*", HARMFUL},
    {"*drop user*", HARMFUL},
    {"*truncate table*", HARMFUL},
    {"*delete from*", HARMFUL},
    {"*update * set *", HARMFUL},
    {"*alter table*", HARMFUL},
    {"*grant all*", HARMFUL},
    {"*dropdatabase(*", HARMFUL},
    {"*deletemany(*", HARMFUL},
    {"*| sudo *", HARMFUL},
    {"*sh *(*curl *", HARMFUL},
    {"*sh *(*wget *", HARMFUL},
    {"*sh *`*curl *", HARMFUL},
    {"*sh *`*wget *", HARMFUL},
    {"*eval *(*", HARMFUL},
    {"*source *(*", HARMFUL},
    {"*> /dev/[!n]*", HARMFUL},
    {"*> /etc/*", HARMFUL},
    {"*> /boot/*", HARMFUL},
    {"*/.ssh/authorized_keys*", HARMFUL},
    {"*/etc/sudoers*", HARMFUL},
    {"*/etc/shadow*", POWERFUL},
    {"*/dev/tcp/*", HARMFUL},
    {"*:|:*", HARMFUL},
    {"*: | :*", HARMFUL},
    {"*history -c*", HARMFUL},
};

/* A file by its absolute path: secrets count when read too. */
static const struct {
    const char *pattern;
    bool when_read;
} places[] = {
    {"*/.ssh/*", true},
    {"*/.gnupg/*", true},
    {"*/.aws/*", true},
    {"*/.azure/*", true},
    {"*/.config/gcloud/*", true},
    {"*/.kube/config", true},
    {"*/.netrc", true},
    {"*/.npmrc", true},
    {"*/.pypirc", true},
    {"*/.docker/config.json", true},
    {"*/.env", true},
    {"*/.env.*", true},
    {"*/.git-credentials", true},
    {"*/id_rsa*", true},
    {"*/id_ed25519*", true},
    {"*.pem", true},
    {"*.key", true},
    {"*.p12", true},
    {"*.kdbx", true},
    {"/etc/shadow*", true},
    {"/etc/sudoers*", true},
    {"/proc/*/environ", true},
    {"/proc/*/mem", true},
    {"/root/*", true},
    {"/etc/*", false},
    {"/usr/*", false},
    {"/bin/*", false},
    {"/sbin/*", false},
    {"/lib*", false},
    {"/boot/*", false},
    {"/dev/*", false},
    {"/proc/*", false},
    {"/sys/*", false},
    {"/var/spool/cron/*", false},
    {"*/.git/hooks/*", false},
    {"*/.git/config", false},
    {"*/.gitconfig", false},
    {"*/.bashrc", false},
    {"*/.bash_profile", false},
    {"*/.profile", false},
    {"*/.zshrc", false},
    {"*/.zprofile", false},
    {"*/.config/fish/*", false},
    {"*/.config/systemd/*", false},
    {"*/.config/autostart/*", false},
    {"*/.local/bin/*", false},
    {"*/.claude/*", false},
    {"*/.codex/*", false},
    {"*/.gemini/*", false},
    {"*/.config/opencode/*", false},
    {"*/.config/checkrein/*", false},
    {"*/.mcp.json", false},
    {"*/.vscode/*", false},
    {"*/.github/workflows/*", false},
    {"*/.gitlab-ci.yml", false},
};
/* clang-format on */

static const char *const far_places[] = {
    "*://169.254.*", "*://metadata.google.internal*", "*://100.100.100.200*", "file:*", "*://*@*",
};

struct finding {
    enum risk risk;
    bool reversible;
};

static void take(struct finding *f, struct effect e)
{
    if (e.risk == RISK_HIGH) {
        f->risk = RISK_HIGH;
    }
    f->reversible = f->reversible && e.reversible;
}

/* ---- programs */
static size_t split_words(struct span form, struct span *words)
{
    size_t count = 0;
    struct span word;
    while (count < WORDS_LOOKED_AT && span_next(&form, ' ', &word)) {
        words[count++] = word;
    }
    return count;
}

static bool has_argument(struct words w, const char *patterns)
{
    return patterns == NULL || words_have(w, patterns);
}

static void look_at_form(struct finding *f, struct span form)
{
    struct span words[WORDS_LOOKED_AT];
    struct words w = {words, split_words(form, words)};
    if (w.count == 0 || words[0].n == 0) {
        return;
    }
    char first = words[0].p[0];
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        const struct deed *d = &deeds[i];
        if (d->name[0] == first && glob_match(span_str(d->name), words[0]) &&
            has_argument(w, d->having) && has_argument(w, d->and)) {
            take(f, d->effect);
        }
    }
}

static void look_at_line(struct finding *f, struct span whole)
{
    struct buf lower;
    buf_init(&lower, LINE_LOOKED_AT);
    for (size_t i = 0; i < whole.n && lower.len < LINE_LOOKED_AT; i++) {
        (void)buf_addch(&lower, ascii_lower(whole.p[i]));
    }
    struct span line = span_trim(buf_span(&lower));
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (glob_match(span_str(lines[i].pattern), line)) {
            take(f, lines[i].effect);
        }
    }
    buf_release(&lower);
}

/* "curl ... | sh": what it reads is a program. */
static bool reads_its_program(struct span command)
{
    static const char *const names[] = {"sh",      "bash", "dash", "zsh",  "ksh", "fish",
                                        "python*", "perl", "ruby", "node", "php"};
    struct span name;
    struct span next;
    if (!span_next(&command, ' ', &name)) {
        return false;
    }
    bool alone = !span_next(&command, ' ', &next) || span_is(next, "-") || span_is(next, "-s");
    for (size_t i = 0; alone && i < ARRAY_LEN(names); i++) {
        if (glob_match(span_str(names[i]), word_base_name(name))) {
            return true;
        }
    }
    return false;
}

static bool pipes_into_program(struct span whole)
{
    struct span rest = whole;
    struct span piece;
    (void)span_next(&rest, '|', &piece);
    while (span_next(&rest, '|', &piece)) {
        piece = span_sub(piece, 0, span_find(piece, ';'));
        piece = span_trim(span_sub(piece, 0, span_find(piece, '&')));
        if (reads_its_program(piece)) {
            return true;
        }
    }
    return false;
}

static void look_at_command(struct finding *f, const struct shell_line *line)
{
    for (size_t i = 0; i < line->form_count; i++) {
        look_at_form(f, shell_span(line, line->forms[i]));
    }
    look_at_line(f, shell_span(line, line->whole));
    if (line->over || line->whole.n > LINE_LOOKED_AT ||
        pipes_into_program(shell_span(line, line->whole))) {
        take(f, (struct effect)HARMFUL);
    }
}

/* ---- files and addresses */
static bool is_below(struct span path, struct span folder)
{
    struct span rest = span_sub(path, folder.n, path.n);
    return span_eq(span_sub(path, 0, folder.n), folder) &&
           (rest.n == 0 || rest.p[0] == '/' || span_is(folder, "/"));
}

/* A file that is written outside of the work folder, and is not put aside for a while. Where it
 * cannot be told where one of them is, it may be anywhere. */
static bool is_written_outside(const struct reading *rd)
{
    struct span path = buf_span(&rd->path);
    if (rd->r->reads_only || rd->r->path.n == 0) {
        return false;
    }
    return !rd->path_known ||
           !((rd->cwd_known && is_below(path, buf_span(&rd->cwd))) || is_below(path, SPAN("/tmp")));
}

static void look_at_path(struct finding *f, const struct reading *rd)
{
    struct span path = rd->path_known ? buf_span(&rd->path) : rd->r->path;
    for (size_t i = 0; path.n > 0 && i < ARRAY_LEN(places); i++) {
        bool counts = places[i].when_read || !rd->r->reads_only;
        if (counts && glob_match(span_str(places[i].pattern), path)) {
            take(f, (struct effect)POWERFUL);
        }
    }
    if (is_written_outside(rd)) {
        take(f, (struct effect)POWERFUL);
    }
}

static void look_at_url(struct finding *f, struct span url)
{
    for (size_t i = 0; url.n > 0 && i < ARRAY_LEN(far_places); i++) {
        if (glob_match(span_str(far_places[i]), url)) {
            take(f, (struct effect)POWERFUL);
        }
    }
}

enum risk reading_risk(const struct reading *rd, bool *reversible)
{
    struct finding f = {RISK_LOW, true};
    look_at_command(&f, &rd->shell);
    look_at_path(&f, rd);
    look_at_url(&f, rd->r->url);
    *reversible = f.reversible;
    return f.risk;
}

enum risk policy_risk(const struct policy_request *r, bool *reversible)
{
    struct reading rd;
    reading_init(&rd, r);
    enum risk risk = reading_risk(&rd, reversible);
    reading_release(&rd);
    return risk;
}
