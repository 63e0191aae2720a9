#include "app_priv.h"

#include "checkrein/alloc.h"
#include "checkrein/num.h"
#include "hub.h"

enum status config_load(struct conf *c, const char *path, struct why *why)
{
    conf_defaults(c);
    if (path) {
        return conf_load(c, path, why);
    }
    char *standard = path_config("checkrein.ini");
    enum status st = conf_load(c, standard, why);
    free(standard);
    return st == ST_NOTFOUND ? ST_OK : st;
}

bool backends_have_own(const struct conf_backend *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!b[i].url) {
            return true;
        }
    }
    return false;
}

struct conf_backend *backends_addressed(const struct conf_backend *b, uint32_t count, char *own_url)
{
    struct conf_backend *all = xcalloc(count, sizeof(*all));
    for (uint32_t i = 0; i < count; i++) {
        all[i] = b[i];
        all[i].url = b[i].url ? b[i].url : own_url;
    }
    return all;
}

enum status config_load_prices(struct hub *h, const struct conf *c, struct why *why)
{
    char *path = path_chosen(NULL, c->serve.prices, path_config("prices.ini"));
    enum status st = hub_load_prices(h, path, why);
    free(path);
    return st;
}

struct choices {
    const char *config, *check;
};

const struct option_row OPTIONS_CONFIG[] = {
    {"config",          "FILE", "read this file", offsetof(struct choices, config)},
    {"check", NULL, "say only whether it is good", offsetof(struct choices, check)},
    {0         },
};

int cmd_config(struct args *a)
{
    struct choices ch = {0};
    enum status st = options_parse(a, &ch);
    if (st != ST_OK) {
        return st == ST_END ? EXIT_DONE : EXIT_USAGE;
    }
    struct conf c;
    struct why why = {0};
    if (config_load(&c, ch.config, &why) != ST_OK) {
        conf_release(&c);
        return app_trouble(&why, EXIT_TROUBLE);
    }
    struct buf b;
    buf_init(&b, INI_FILE_BYTES);
    bool printed = ch.check || (conf_print(&c, &b) == ST_OK &&
                                fwrite(b.data, 1, b.len, stdout) == b.len && fflush(stdout) == 0);
    buf_release(&b);
    conf_release(&c);
    return printed ? EXIT_DONE : EXIT_TROUBLE;
}
