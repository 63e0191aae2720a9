/* console.c - the console's wiring: options, back-ends, terminal, loop. What happens in a turn is
 * in tick.c.
 */
#include "console_priv.h"

#include <signal.h>
#include <unistd.h>

#include "checkrein/alloc.h"
#include "checkrein/clock.h"
#include "checkrein/log.h"
#include "crash.h"
#include "stuck.h"

#define LOCAL_NAME     "local"
#define STANDARD_THEME "dark"
#define FIRST_FRAME_US                                                                             \
    250000 /* as long it waits for the back-ends: an empty fleet would only flash up */

/* ---- what the hub tells */

static void on_changed(void *ctx)
{
    struct console *c = ctx;
    c->dirty = true;
}

static void on_came_back(void *ctx)
{
    struct console *c = ctx;
    ui_reconnected(c->ui, console_now());
}

static void on_operator(void *ctx, struct span id)
{
    struct console *c = ctx;
    ui_set_operator(c->ui, id);
}

static const struct hub_events HUB_EVENTS = {
    .changed = on_changed, .came_back = on_came_back, .operator_id = on_operator};

/* The log has no terminal to write on: what matters is told on the screen's notice line. */
static void log_to_notice(void *ctx, enum log_level level, const char *line)
{
    struct console *c = ctx;
    if (level >= LOG_WARN && c->ui) {
        ui_notice(c->ui, span_str(line), level == LOG_ERROR ? ROLE_ERROR : ROLE_HINT,
                  console_now());
        c->dirty = true;
    }
}

/* ---- signals */

static void on_resize(void *ctx, int signo)
{
    (void)signo;
    struct console *c = ctx;
    c->resized = true;
}

static void on_end(void *ctx, int signo)
{
    (void)signo;
    struct console *c = ctx;
    c->quit = true;
}

static enum status take_signals(struct console *c)
{
    static const int ENDS[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    enum status st = loop_signal(c->hub.loop, SIGWINCH, on_resize, c);
    for (size_t i = 0; st == ST_OK && i < ARRAY_LEN(ENDS); i++) {
        st = loop_signal(c->hub.loop, ENDS[i], on_end, c);
    }
    return st;
}

/* ---- opening and closing */

static enum color_choice color_of(const char *word)
{
    static const struct {
        const char *word;
        enum color_choice choice;
    } WORDS[] = {
        {"always",    COLOR_ALWAYS    },
        {"never",     COLOR_NEVER     },
        {"16",        COLOR_FORCE_16  },
        {"256",       COLOR_FORCE_256 },
        {"truecolor", COLOR_FORCE_TRUE}
    };
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (strcmp(word, WORDS[i].word) == 0) {
            return WORDS[i].choice;
        }
    }
    return COLOR_AUTO;
}

enum status console_ui(const struct console *c, const struct ui_options *more, struct ui **out,
                       struct why *why)
{
    const struct conf *conf = c->options->conf;
    struct ui_options o = *more;
    o.readonly = conf->console.readonly;
    o.ascii = term_ascii(c->term);
    o.arm_low_us = conf->console.arm_low_ms * 1000;
    o.arm_high_us = conf->console.arm_high_ms * 1000;
    o.operator_label = conf->console.operator_label;
    o.version = CHECKREIN_VERSION;
    struct ui *ui = ui_new(&o);
    for (uint32_t i = 0; i < conf->binding_count; i++) {
        const struct conf_binding *b = &conf->bindings[i];
        if (ui_bind(ui, span_str(b->action), span_str(b->keys), why) != ST_OK) {
            why_prefix(why, "%s:%u: [keys] ", conf->path, b->line);
            ui_free(ui);
            return ST_INVALID;
        }
    }
    *out = ui;
    return ST_OK;
}

static enum status open_past(struct console *c, struct why *why)
{
    const struct past_view *v = c->options->past;
    struct ui *ui = NULL;
    enum status st = v ? console_ui(c, &(struct ui_options){.replay = true}, &ui, why) : ST_OK;
    return st == ST_OK && v ? past_open(&c->past, c->hub.loop, ui, v, why) : st;
}

/* Without its files, as a lone executable, the console has the plain theme that is compiled in. */
static enum status choose_theme(struct theme *theme, const char *name, struct why *why)
{
    enum status st = theme_find(theme, name, theme_dirs(), why);
    if (st == ST_NOTFOUND && strcmp(name, STANDARD_THEME) == 0) {
        theme_default(theme);
        return ST_OK;
    }
    return st;
}

static enum status open_term(struct console *c, const struct conf *conf, struct why *why)
{
    struct theme theme;
    enum status st = choose_theme(&theme, conf->console.theme, why);
    if (st != ST_OK) {
        return st;
    }
    struct term_options o = {
        .theme = &theme,
        .color = color_of(conf->console.color),
        .no_color = env_or("NO_COLOR", NULL) != NULL,
        .ascii = conf->console.ascii,
        .type = env_or("TERM", "dumb"),
        .colorterm = env_or("COLORTERM", ""),
    };
    return term_open(&c->term, &o, why);
}

static void on_keys_ready(void *ctx, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    struct console *c = ctx;
    c->keys_ready = true;
}

static enum status open_all(struct console *c, struct why *why)
{
    const struct console_options *o = c->options;
    const struct conf *conf = o->conf;
    const struct hub_record record = {.dir = o->journal_dir, .keep = conf->console.keep};
    enum status st = hub_open(&c->hub, o->backends, o->count, &record, &HUB_EVENTS, c, why);
    if (st == ST_OK && o->journal_dir && !conf->console.readonly) {
        hub_take_up_stops(&c->hub, o->journal_dir);
    }
    if (st == ST_OK) {
        st = config_load_prices(&c->hub, conf, why);
    }
    if (st == ST_OK) {
        st = open_term(c, conf, why);
    }
    if (st == ST_OK) {
        st = console_ui(c, &(struct ui_options){0}, &c->ui, why);
    }
    if (st == ST_OK) {
        st = open_past(c, why);
    }
    if (st == ST_OK) {
        st = take_signals(c);
    }
    if (st != ST_OK) {
        return st;
    }
    crash_guard(term_restore_now);
    alloc_on_failure(term_restore_now);
    log_set_sink(log_to_notice, c);
    canvas_init(&c->canvas);
    c->canvas.ascii = term_ascii(c->term);
    c->frame_us = conf->console.frame_ms * 1000;
    c->last_frame_us = clock_mono_us() + FIRST_FRAME_US - c->frame_us;
    c->dirty = c->resized = true;
    st = loop_fd_add(c->hub.loop, term_fd(c->term), LOOP_READ, on_keys_ready, c, &c->keys);
    return st == ST_OK ? hub_connect(&c->hub, why) : st;
}

static void close_all(struct console *c)
{
    log_set_sink(NULL, NULL);
    if (c->keys) {
        loop_remove(c->hub.loop, c->keys);
    }
    revive_release(c);
    past_close(&c->past);
    term_close(c->term);
    canvas_release(&c->canvas);
    hub_close(&c->hub);
    ui_free(c->ui);
}

int console_run(const struct console_options *o)
{
    struct console *c = xcalloc(1, sizeof(*c));
    c->options = o;
    c->own = (struct own_daemon){.conf = o->conf, .ready_fd = -1};
    if (o->own) {
        c->own.self = o->own->self;
        c->own.socket_path = o->own->url + strlen("unix:");
    }
    struct why why = {0};
    int code = EXIT_DONE;
    const char *before = stuck_before();
    enum status st = open_all(c, &why);
    if (st == ST_OK && before) {
        ui_notice(c->ui, span_str(before), ROLE_ERROR, console_now());
    }
    if (st == ST_OK) {
        st = stuck_watch_console(c->hub.loop, o->conf->console.watchdog_ms, o->again,
                                 term_restore_now, &why);
    }
    while (st == ST_OK && !c->quit) {
        st = tick(c, &why);
    }
    bool lost = c->lost;
    char others[512] = "";
    if (st == ST_OK && !lost) {
        view_others(c->hub.fleet, others, sizeof(others));
    }
    close_all(c);
    if (others[0]) {
        app_say("%s", others);
    }
    if (st != ST_OK) {
        code = app_trouble(&why, EXIT_TROUBLE);
    } else if (lost) {
        code = EXIT_TROUBLE;
    }
    free(c);
    return code;
}

/* ---- the subcommand */

struct choices {
    const char *config, *theme, *color, *readonly, *ascii;
};

const struct option_row OPTIONS_CONSOLE[] = {
    {"config",                                      "FILE", "read this file", offsetof(struct choices, config)},
    {"theme",                             "NAME", "dark, light, mono, deuteranopia, or a path",
     offsetof(struct choices, theme)},
    {"color",                                      "auto|always|never|16|256|truecolor", "how many colours",
     offsetof(struct choices, color)},
    {"readonly",                                       NULL, "send no command", offsetof(struct choices, readonly)},
    {"ascii", NULL, "draw with ASCII only", offsetof(struct choices, ascii)},
    {0                                      },
};

static void replace(char **slot, const char *value)
{
    if (value) {
        free(*slot);
        *slot = xstrdup(value);
    }
}

/* The daemon of this user, where one is named without an address. */
static int run_backends(struct args *a, struct console_options *o, struct why *why)
{
    if (!backends_have_own(o->backends, o->count)) {
        return console_run(o);
    }
    struct own_place own = {.self = a->self};
    char *url = NULL;
    int code = EXIT_DONE;
    if (embedded_daemon(a->self, o->conf, &url, why) != ST_OK) {
        code = app_trouble(why, EXIT_TROUBLE);
    } else {
        own.url = url;
        struct conf_backend *all = backends_addressed(o->backends, o->count, url);
        o->backends = all;
        o->own = &own;
        code = console_run(o);
        free(all);
    }
    free(url);
    return code;
}

char *console_record(const struct conf *conf)
{
    return conf->console.journal[0] ? xstrdup(conf->console.journal) : path_state("console");
}

static int run_configured(struct args *a, struct conf *conf, struct why *why)
{
    const struct conf_backend local = {.name = (char *)LOCAL_NAME, .kind = (char *)"checkrein"};
    char *journal = console_record(conf);
    struct console_options o = {.conf = conf,
                                .backends = conf->backend_count ? conf->backends : &local,
                                .count = conf->backend_count ? conf->backend_count : 1,
                                .journal_dir = journal,
                                .again = a->all};
    int code = run_backends(a, &o, why);
    free(journal);
    return code;
}

int cmd_console(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK || a->argc) {
        return st == ST_OK ? usage_fault(a) : st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct conf conf;
    struct why why = {0};
    int code;
    if (config_load(&conf, ch.config, &why) != ST_OK) {
        code = app_trouble(&why, EXIT_TROUBLE);
    } else {
        replace(&conf.console.theme, ch.theme);
        replace(&conf.console.color, ch.color);
        conf.console.readonly |= ch.readonly != NULL;
        conf.console.ascii |= ch.ascii != NULL;
        code = run_configured(a, &conf, &why);
    }
    conf_release(&conf);
    return code;
}
